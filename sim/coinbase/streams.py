"""Serve the user channel: subscribe with a token, a snapshot, then one numbered message per update."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from adapters.paper.engine import EngineEvent
from sim.coinbase import render
from sim.coinbase.state import SimAccount, World
from sim.sockets import Socket

Authenticate = Callable[[str], SimAccount | None]
_BEAT = 1.0


class UserStreams:
    """Hold the open sockets. ``accepting`` off refuses new ones; ``skip`` leaves that many numbers out."""

    def __init__(self, world: World, authenticate: Authenticate) -> None:
        self._world, self._authenticate = world, authenticate
        self._sockets: list[_Socket] = []
        self.accepting = True
        self.skip = 0
        self.stop = world.engine.subscribe(self._tell)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer GET /ws."""
        if not self.accepting:
            return web.Response(status=503)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        socket = _Socket(ws, self._world)
        self._sockets.append(socket)
        try:
            async for message in ws:
                if message.type is WSMsgType.TEXT:
                    self._heard(socket, message.data)
        finally:
            self._sockets.remove(socket)
            socket.close()
        return ws

    def open(self) -> int:
        """Count the sockets that listen to the user channel."""
        return sum(1 for socket in self._sockets if socket.account is not None)

    async def drop(self) -> int:
        """Cut every socket without a goodbye; give how many."""
        cut = list(self._sockets)
        for socket in cut:
            socket.cut()
        return len(cut)

    def send_raw(self, frame: str) -> None:
        """Send any text to every socket: garbage, or half a message."""
        for socket in self._sockets:
            socket.outbox.put_nowait(frame)

    def send(self, channel: str, events: list[dict[str, Any]]) -> None:
        """Send a message of one's own to every socket."""
        for socket in self._sockets:
            socket.publish(channel, events)

    def _heard(self, socket: "_Socket", data: str) -> None:
        message = json.loads(data)
        if message.get("type") != "subscribe":
            return
        account = self._authenticate(str(message.get("jwt")))
        if account is None:
            socket.send({"type": "error", "message": "authentication failure"})
            return
        channel = str(message.get("channel"))
        socket.channels[channel] = [account.portfolio if channel == "user" else channel]
        socket.publish("subscriptions", [{"subscriptions": dict(socket.channels)}])
        if channel == "user":
            socket.account = account
            live = [render.update_json(o, self._world) for o in self._world.engine.live_orders(account.name)]
            socket.publish("user", [{"type": "snapshot", "orders": live}])

    def _tell(self, event: EngineEvent) -> None:
        for socket in self._sockets:
            if socket.account is not None and socket.account.name == event.order.account:
                if self.skip:
                    self.skip -= 1
                    socket.number += 1
                    continue
                orders = [render.update_json(event.order, self._world)]
                socket.publish("user", [{"type": "update", "orders": orders}])


class _Socket(Socket):
    def __init__(self, ws: web.WebSocketResponse, world: World) -> None:
        super().__init__(ws)
        self._world = world
        self.account: SimAccount | None = None
        self.channels: dict[str, list[str]] = {}
        self.number = 0
        self._beating = asyncio.get_running_loop().create_task(self._beat())

    def publish(self, channel: str, events: list[dict[str, Any]]) -> None:
        at = render.stamp(self._world.clock.now())
        body = {"channel": channel, "client_id": "", "timestamp": at, "sequence_num": self.number}
        self.number += 1
        self.send(body | {"events": events})

    def close(self) -> None:
        super().close()
        self._beating.cancel()

    async def _beat(self) -> None:
        beats = 0
        while True:
            await asyncio.sleep(_BEAT)
            if "heartbeats" in self.channels:
                beats += 1
                self.publish("heartbeats", [{"heartbeat_counter": beats}])
