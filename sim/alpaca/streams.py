"""Serve trade_updates: authenticate, listen, then one binary frame per update."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from adapters.paper.engine import EngineEvent
from sim.alpaca import render
from sim.alpaca.state import SimAccount, World
from sim.sockets import Socket

Authenticate = Callable[[str, str, str], SimAccount | None]


class TradeStreams:
    """Hold the open sockets; one per account, as at Alpaca."""

    def __init__(self, world: World, authenticate: Authenticate) -> None:
        self._world = world
        self._authenticate = authenticate
        self._sockets: dict[str, _Socket] = {}
        self._stop = world.engine.subscribe(self._tell)

    def open(self, key: str) -> bool:
        """Tell whether an account is being listened to."""
        found = self._sockets.get(key)
        return found is not None and found.listening

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Answer GET /stream."""
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        socket = _Socket(ws)
        try:
            async for message in ws:
                if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                    await self._heard(socket, message.data)
        finally:
            socket.close()
            if socket.account and self._sockets.get(socket.account.key) is socket:
                del self._sockets[socket.account.key]
        return ws

    async def drop(self, key: str | None = None) -> int:
        """Cut sockets without a goodbye; give how many."""
        cut = [s for k, s in self._sockets.items() if key in {None, k}]
        for socket in cut:
            socket.cut()
        return len(cut)

    def send_raw(self, key: str, frame: bytes) -> None:
        """Send any bytes to an account's socket: garbage, or half a message."""
        self._sockets[key].outbox.put_nowait(frame)

    async def close(self) -> None:
        """Close every socket politely."""
        self._stop()
        for socket in tuple(self._sockets.values()):
            with contextlib.suppress(ConnectionError):
                await asyncio.wait_for(socket.ws.close(), 2)

    async def _heard(self, socket: "_Socket", data: str | bytes) -> None:
        try:
            message = json.loads(data)
            body = message.get("data") or {}
        except (ValueError, AttributeError):
            return
        if message.get("action") == "authenticate":
            await self._let_in(socket, body)
        elif message.get("action") == "listen" and socket.account is not None:
            streams = [s for s in body.get("streams", []) if s == "trade_updates"]
            socket.listening = bool(streams)
            socket.send({"stream": "listening", "data": {"streams": streams}})

    async def _let_in(self, socket: "_Socket", body: dict[str, Any]) -> None:
        account = self._authenticate(
            str(body.get("key_id")), str(body.get("secret_key")), str(body.get("oauth_token") or "")
        )
        taken = account is not None and account.key in self._sockets
        status = "unauthorized" if account is None else "connection limit exceeded" if taken else "authorized"
        socket.send({"stream": "authorization", "data": {"status": status, "action": "authenticate"}})
        if account is None or taken:
            await socket.flush()
            await socket.ws.close()
            return
        socket.account = account
        self._sockets[account.key] = socket

    def _tell(self, event: EngineEvent) -> None:
        socket = self._sockets.get(event.order.account)
        if socket is None or not socket.listening:
            return
        positions = self._world.engine.positions(event.order.account)
        held = sum(p.quantity for p in positions if p.instrument.symbol == event.order.symbol)
        socket.send(render.update_json(event, self._world.engine, held + render.NOTHING))


class _Socket(Socket):
    def __init__(self, ws: web.WebSocketResponse) -> None:
        super().__init__(ws)
        self.account: SimAccount | None = None
        self.listening = False

    def send(self, message: dict[str, Any]) -> None:
        self.outbox.put_nowait(json.dumps(message).encode())
