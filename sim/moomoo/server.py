"""Serve OpenD's protocol on a loopback socket, with every fault there is."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from adapters.paper.engine import EngineEvent
from sim.faults import Fault, FaultAction
from sim.moomoo import crypto, frames, pb, quotes, render, trading
from sim.moomoo.frames import Frame
from sim.moomoo.state import Recorded, Refusal, World

Handler = Callable[[World, Any, Any], None]
HANDLERS: dict[int, Handler] = {
    2001: trading.accounts,
    2005: trading.unlock,
    2101: trading.funds,
    2102: trading.positions,
    2201: trading.orders,
    2202: trading.place,
    2205: trading.modify,
    2221: trading.history,
    3202: quotes.static,
    3203: quotes.snapshot,
}
PUSH = 2208
TIMEOUT, CUT, UNKNOWN = -100, -200, -400
_STATUS = {500: UNKNOWN, 502: CUT, 503: TIMEOUT}
"""What OpenD says where an HTTP broker would give a status: results of its own line to the servers."""
DEAD = "Please unlock trade: the login has expired"
BUSY = "This request is too frequent: at most 15 times per 30 seconds"


class Connection:
    """Serve one client; its requests are taken up in order and answered when they are ready."""

    def __init__(
        self, server: "OpenDServer", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.subscribed: set[int] = set()
        self.number = 0
        """The connection's id, given with InitConnect; 0 before it."""
        self._packets: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def _open(self, proto: int, body: bytes) -> bytes:
        key = self.server.encryption
        return body if key is None else key.open(proto, body)

    def _close(self, proto: int, body: bytes) -> bytes:
        key = self.server.encryption
        return body if key is None else key.close(proto, body)

    async def serve(self) -> None:
        """Read until the client goes."""
        with contextlib.suppress(EOFError, ValueError, ConnectionError):
            while True:
                frame = await frames.read(self.reader, self._open)
                if not self.server.mute:
                    task = asyncio.get_running_loop().create_task(self._answer(frame))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
        self.cut()

    def cut(self) -> None:
        """Reset the connection without a goodbye."""
        self.writer.transport.abort()

    def send(self, frame: Frame, *, part: bool = False) -> None:
        """Write a frame, or the first half of one."""
        if not self.writer.transport.is_closing():
            raw = frame.pack(self._close)
            self.writer.write(raw[: len(raw) - len(frame.body) // 2 - 1] if part else raw)

    async def _answer(self, frame: Frame) -> None:
        world = self.server.world
        try:
            request = pb.module(frame.proto).Request.FromString(frame.body)
            if not request.IsInitialized():
                raise DecodeError("a required field is missing")
        except KeyError:
            self.send(_plain(frame, "Unknown protocol ID", UNKNOWN))
            return
        except DecodeError:
            self.send(_plain(frame, "The request cannot be parsed", UNKNOWN))
            return
        path = _path(frame.proto, request)
        if frame.proto not in {1001, 1004}:
            body = MessageToDict(request.c2s, preserving_proto_field_name=True)
            if frame.proto == 2005:
                body.pop("pwdMD5", None)
            world.requests.append(
                Recorded(proto=frame.proto, path=path, body=body, at=world.clock.monotonic())
            )
        fault = world.faults.take("OPEND", path)
        if fault is None:
            self.send(self._run(world, frame, request))
        else:
            await self._fail(world, frame, request, fault)

    async def _fail(self, world: World, frame: Frame, request: Any, fault: Fault) -> None:
        action, params = fault.action, fault.params
        if action is FaultAction.STATUS:
            status = int(params.get("status", 500))
            text, ret = (
                (BUSY, -1) if status == 429 else ("Network interruption", _STATUS.get(status, UNKNOWN))
            )
            self.send(_plain(frame, params.get("text", text), params.get("ret", ret)))
        elif action is FaultAction.EXPIRE_AUTH:
            self.send(_plain(frame, DEAD, -1))
        elif action is FaultAction.DROP_BEFORE_EXECUTE:
            self.cut()
        elif action is FaultAction.LATE_EXECUTE:
            self.cut()
            await world.clock.sleep(float(params.get("seconds", 1)))
            self._run(world, frame, request)
        else:
            await self._act_and_fail(world, frame, request, fault)

    async def _act_and_fail(self, world: World, frame: Frame, request: Any, fault: Fault) -> None:
        reply = self._run(world, frame, request)
        if fault.action is FaultAction.EXECUTE_THEN_504:
            self.send(_plain(frame, "Request timed out", TIMEOUT))
        elif fault.action is FaultAction.GARBAGE_BODY:
            body = b"<html>Welcome to the captive portal</html>"
            self.send(Frame(proto=frame.proto, serial=frame.serial, body=body))
        elif fault.action is FaultAction.DELAY:
            await world.clock.sleep(float(fault.params.get("seconds", 1)))
            self.send(reply)
        elif fault.action is FaultAction.HALF_FRAME:
            self.send(reply, part=True)
            await asyncio.sleep(0.02)  # so that the half arrives before the reset does
            self.cut()
        else:
            self.cut()

    def _run(self, world: World, frame: Frame, request: Any) -> Frame:
        reply = pb.module(frame.proto).Response()
        try:
            self._fill(world, frame.proto, request.c2s, reply)
            reply.retType, reply.retMsg = 0, ""
        except Refusal as refused:
            reply.Clear()
            reply.retType, reply.retMsg, reply.errCode = refused.ret_type, refused.text, 0
        return Frame(proto=frame.proto, serial=frame.serial, body=reply.SerializeToString())

    def _check(self, proto: int, c2s: Any) -> None:
        """Refuse what comes before the greeting, and a trade request that is sent twice."""
        if proto != 1001 and not self.number:
            raise Refusal("Please call InitConnect first")
        if proto in {2202, 2205}:
            # Trd_PlaceOrder.proto and Trd_ModifyOrder.proto: packetID guards writes against replays.
            if c2s.packetID.connID != self.number or c2s.packetID.serialNo in self._packets:
                raise Refusal("The packetID is not valid: a replayed request is not carried out")
            self._packets.add(c2s.packetID.serialNo)

    def _fill(self, world: World, proto: int, c2s: Any, reply: Any) -> None:
        self._check(proto, c2s)
        if proto == 1001:
            self.number = self.server.next_id()
            s2c = reply.s2c
            s2c.serverVer, s2c.loginUserID, s2c.connID = 1011, 100, self.number
            s2c.connAESKey, s2c.aesCBCiv, s2c.keepAliveInterval = crypto.AES_KEY, crypto.AES_IV, 10
        elif proto == 1004:
            reply.s2c.time = c2s.time
        elif proto == 2008:
            self.subscribed = set(c2s.accIDList)
            reply.s2c.SetInParent()
        else:
            HANDLERS[proto](world, c2s, reply.s2c)
            reply.s2c.SetInParent()


class OpenDServer:
    """Be one OpenD: connections around a world that can be swapped for a fresh one."""

    def __init__(self, world: World) -> None:
        self.connections: set[Connection] = set()
        self.world = world
        self.mute = False
        """Answer nothing at all, the handshake included."""
        self.encryption: crypto.Encryption | None = None
        self._ids = 0
        self._server: asyncio.Server | None = None
        self._stop: Callable[[], None] = lambda: None
        self.use(world)

    def use(self, world: World) -> None:
        """Become a fresh OpenD; whoever was connected is cut."""
        self._stop()
        self.drop()
        self.world, self.mute, self.encryption = world, False, None
        self._stop = world.engine.subscribe(self._tell)

    def next_id(self) -> int:
        """Give a connection id."""
        self._ids += 1
        return self._ids

    async def start(self, port: int = 0) -> int:
        """Listen on loopback; give the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and cut everybody."""
        if self._server is not None:
            self._server.close()
        self.drop()

    def drop(self) -> int:
        """Cut every connection; give how many."""
        cut = list(self.connections)
        for connection in cut:
            connection.cut()
        return len(cut)

    def push_raw(self, body: bytes) -> None:
        """Push any bytes as an order update."""
        for connection in self.connections:
            if connection.subscribed:
                connection.send(Frame(proto=PUSH, serial=0, body=body))

    def push(self, account_number: int, change: Callable[[Any], None], order_id: str) -> None:
        """Push an order as it stands, changed by hand: for states the engine does not know."""
        for account in self.world.accounts:
            if account.number == account_number:
                self._push(account.key, order_id, change)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(self, reader, writer)
        self.connections.add(connection)
        try:
            await connection.serve()
        finally:
            self.connections.discard(connection)

    def _tell(self, event: EngineEvent) -> None:
        # After the handler: a remark is known only once the order is placed.
        asyncio.get_running_loop().call_soon(self._push, event.order.account, event.order.id, None, event)

    def _push(
        self,
        key: str,
        order_id: str,
        change: Callable[[Any], None] | None = None,
        event: EngineEvent | None = None,
    ) -> None:
        account = next(a for a in self.world.accounts if a.key == key)
        message = pb.module(PUSH).Response()
        message.retType = 0
        render.header(message.s2c.header, account)
        found = event.order if event is not None else self.world.engine.order(order_id)
        render.order(message.s2c.order, found, self.world)
        if change is not None:
            change(message.s2c.order)
        for connection in self.connections:
            if account.number in connection.subscribed:
                connection.send(Frame(proto=PUSH, serial=0, body=message.SerializeToString()))


def _path(proto: int, request: Any) -> str:
    if proto == 2205:
        return f"/{proto}/{'cancel' if request.c2s.modifyOrderOp == 2 else 'modify'}"
    return f"/{proto}"


def _plain(frame: Frame, text: str, ret_type: int) -> Frame:
    # The first three fields of every answer are the same.
    reply = pb.module(frame.proto if frame.proto in pb.NAMES else 1001).Response()
    reply.retType, reply.retMsg = ret_type, text
    return Frame(proto=frame.proto, serial=frame.serial, body=reply.SerializeToString())
