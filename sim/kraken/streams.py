"""Serve the private WebSocket, version 2: the executions channel."""

import json
from typing import Any

from aiohttp import WSMsgType, web

from adapters.paper.engine import EngineEvent
from sim.kraken import private, render
from sim.kraken.state import SimAccount, World
from sim.sockets import Socket


class Streams:
    """Hold the sockets."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sockets: set[_Socket] = set()
        self._stop = world.engine.subscribe(self._tell)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one socket until it ends."""
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        socket = _Socket(ws)
        self._sockets.add(socket)
        try:
            async for message in ws:
                if message.type is WSMsgType.TEXT:
                    self._heard(socket, message.data)
        finally:
            socket.close()
            self._sockets.discard(socket)
        return ws

    def listeners(self) -> int:
        """Give how many sockets are subscribed."""
        return sum(1 for socket in self._sockets if socket.account is not None)

    async def drop(self) -> int:
        """Cut every socket without a goodbye; give how many."""
        cut = tuple(self._sockets)
        for socket in cut:
            socket.cut()
        return len(cut)

    def send_raw(self, text: str) -> None:
        """Send any text to every socket."""
        for socket in self._sockets:
            socket.outbox.put_nowait(text)

    def skip(self) -> None:
        """Lose one message on the way to every socket."""
        for socket in self._sockets:
            socket.sequence += 1

    def _heard(self, socket: "_Socket", data: str) -> None:
        try:
            message = json.loads(data)
        except ValueError:
            return
        if message.get("method") == "ping":
            socket.send({"method": "pong", **_mark(message)})
            return
        params, mark = message.get("params") or {}, _mark(message)
        if message.get("method") != "subscribe" or params.get("channel") != "executions":
            error = "Event(s) not found"
            socket.send({"method": message.get("method"), "success": False, "error": error, **mark})
            return
        accounts = self._world.accounts.values()
        account = next((a for a in accounts if private.token(a) == params.get("token")), None)
        if account is None:
            error = "EAPI:Invalid token"
            socket.send({"method": "subscribe", "success": False, "error": error, **mark})
            return
        socket.account = account
        socket.send({"method": "subscribe", "success": True, "result": {"channel": "executions"}, **mark})
        orders = [(self._world.order(p), p) for p in account.placed.values()]
        socket.publish("snapshot", [render.snapshot_json(o, p) for o, p in orders if o.live])

    def _tell(self, event: EngineEvent) -> None:
        for socket in self._sockets:
            account = socket.account
            if account is None or account.key != event.order.account:
                continue
            placed = next((p for p in account.placed.values() if p.engine_id == event.order.id), None)
            if placed is not None:
                socket.publish("update", [render.execution_json(event, placed)])


def _mark(message: dict[str, Any]) -> dict[str, Any]:
    """Give the number of a request back, where it had one."""
    return {"req_id": message["req_id"]} if "req_id" in message else {}


class _Socket(Socket):
    def __init__(self, ws: web.WebSocketResponse) -> None:
        super().__init__(ws)
        self.account: SimAccount | None = None
        self.sequence = 0

    def publish(self, kind: str, data: list[Any]) -> None:
        self.sequence += 1
        self.send({"channel": "executions", "type": kind, "data": data, "sequence": self.sequence})
