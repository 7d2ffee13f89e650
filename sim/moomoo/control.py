"""Steer the pretend OpenD from another process: one JSON object per line, one answer per line."""

import asyncio
import hashlib
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from adapters.paper.engine import EngineOrder
from sim.clock import DrivenClock
from sim.faults import FaultAction
from sim.moomoo.crypto import Encryption
from sim.moomoo.server import OpenDServer
from sim.moomoo.state import World

Json = dict[str, Any]


def new_world(options: Json) -> World:
    """Make a world on a clock driven from outside."""
    password = str(options.get("password", ""))
    return World(
        DrivenClock(),
        cash=Decimal(str(options.get("cash", 100_000))),
        password_md5=hashlib.md5(password.encode(), usedforsecurity=False).hexdigest(),
        paper_rules=bool(options.get("paper_rules")),
        limits=bool(options.get("limits", True)),
    )


class Control:
    """Take orders for a server. Every operation answers once its effect is there."""

    def __init__(self, server: OpenDServer) -> None:
        self._server = server
        self._operations: dict[str, Callable[[Json], Any]] = {
            "reset": self._reset,
            "price": self._price,
            "fault": self._fault,
            "calm": self._calm,
            "orders": self._orders,
            "requests": self._requests,
            "drop": lambda _: server.drop(),
            "mute": self._mute,
            "encrypt": self._encrypt,
            "set": self._set,
            "push": self._push,
            "push_raw": lambda asked: server.push_raw(bytes.fromhex(asked["body"])),
            "expire_day": lambda _: server.world.engine.expire_day(),
            "connections": lambda _: len(server.connections),
        }

    async def start(self, port: int = 0) -> int:
        """Listen on loopback; give the port."""
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", port)
        return int(self._listener.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening."""
        self._listener.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            try:
                answer: Json = {"ok": True, "value": await self._do(json.loads(line))}
            except Exception as error:  # noqa: BLE001 - told to the test that asked
                answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
            writer.write(json.dumps(answer, default=str).encode() + b"\n")
            await writer.drain()
        writer.close()

    async def _do(self, asked: Json) -> Any:
        if asked["op"] == "advance":
            clock = self._server.world.clock
            assert isinstance(clock, DrivenClock)
            await clock.advance(float(asked["seconds"]))
            for _ in range(5):
                await asyncio.sleep(0)
            return None
        return self._operations[asked["op"]](asked)

    def _reset(self, asked: Json) -> None:
        world = new_world(asked)
        for symbol, (bid, ask) in asked.get("prices", {}).items():
            world.market.set(symbol, Decimal(bid), Decimal(ask))
        self._server.use(world)

    def _price(self, asked: Json) -> None:
        sizes = [None if asked.get(n) is None else Decimal(asked[n]) for n in ("bid_size", "ask_size")]
        self._server.world.market.set(asked["symbol"], Decimal(asked["bid"]), Decimal(asked["ask"]), *sizes)

    def _fault(self, asked: Json) -> None:
        self._server.world.faults.add(
            asked["match"],
            FaultAction(asked["action"]),
            int(asked.get("times", 1)),
            **asked.get("params", {}),
        )

    def _calm(self, asked: Json) -> list[list[str]]:
        """Forget what was planned; give what went wrong so far."""
        faults = self._server.world.faults
        faults.clear()
        return [[name, action.value] for name, action in faults.taken]

    def _orders(self, asked: Json) -> list[Json]:
        world = self._server.world
        return [self._order(o, world) for a in world.accounts for o in world.engine.orders(a.key)]

    @staticmethod
    def _order(order: EngineOrder, world: World) -> Json:
        return {
            "id": order.id,
            "account": order.account,
            "remark": world.remarks.get(order.id, ""),
            "state": order.state.value,
            "quantity": order.quantity,
            "limit_price": order.limit_price,
        }

    def _requests(self, asked: Json) -> list[Json]:
        return [
            {"proto": r.proto, "path": r.path, "body": r.body, "monotonic": r.monotonic}
            for r in self._server.world.requests
        ]

    def _encrypt(self, asked: Json) -> None:
        self._server.encryption = Encryption(asked["pem"].encode())

    def _mute(self, asked: Json) -> None:
        self._server.mute = bool(asked.get("on", True))

    def _set(self, asked: Json) -> None:
        world = self._server.world
        for name in ("unlocked", "paper_rules", "limits"):
            if name in asked:
                setattr(world, name, bool(asked[name]))
        for number in asked.get("disable", ()):
            next(a for a in world.accounts if a.number == number).disabled = True

    def _push(self, asked: Json) -> None:
        def change(message: Any) -> None:
            for name, value in asked.get("changes", {}).items():
                setattr(message, name, value)

        self._server.push(int(asked["account"]), change, asked["order"])
