"""Serve the streamer: ADMIN LOGIN, SUBS of ACCT_ACTIVITY, then a message for everything that happens."""

import json
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from adapters.paper.engine import EngineEvent
from sim.schwab.state import SimLogin, World
from sim.sockets import Socket

Authenticate = Callable[[str], SimLogin | None]
_ECHOED = ("service", "command", "requestid", "SchwabClientCorrelId")
_NAMES = {
    "new": "OrderAccepted",
    "fill": "OrderFillCompleted",
    "partial_fill": "ExecutionCreated",
    "canceled": "OrderUROutCompleted",
    "expired": "OrderExpired",
    "rejected": "OrderRejected",
    "replaced": "ChangeAccepted",
}


class Streams:
    """Hold the open sockets; a second one of the same person closes the first, as at Schwab."""

    def __init__(self, world: World, authenticate: Authenticate) -> None:
        self._world, self._authenticate = world, authenticate
        self._sockets: dict[str, _Socket] = {}
        world.engine.subscribe(self._tell)
        self.refuse_login = False
        self.mute = False

    def listening(self) -> int:
        """Give how many sockets are subscribed."""
        return sum(s.subscribed for s in self._sockets.values())

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Answer GET /ws."""
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        socket = _Socket(ws)
        try:
            async for message in ws:
                if message.type is WSMsgType.TEXT:
                    await self._heard(socket, message.data)
        finally:
            socket.close()
            if socket.login and self._sockets.get(socket.login.name) is socket:
                del self._sockets[socket.login.name]
        return ws

    async def drop(self) -> int:
        """Cut sockets without a goodbye; give how many."""
        cut = list(self._sockets.values())
        for socket in cut:
            socket.cut()
        return len(cut)

    def send_raw(self, text: str) -> None:
        """Send any text to every socket."""
        for socket in self._sockets.values():
            socket.outbox.put_nowait(text)

    async def _heard(self, socket: "_Socket", data: str) -> None:
        for request in _requests(data):
            if (request.get("service"), request.get("command")) == ("ADMIN", "LOGIN"):
                await self._let_in(socket, request)
            else:
                socket.send(self._reply(request, *_take(socket, request)))

    def _reply(self, request: dict[str, Any], code: int, text: str) -> dict[str, Any]:
        names = {key: request[key] for key in _ECHOED if key in request}
        at = int(self._world.clock.now().timestamp() * 1000)
        return {"response": [names | {"timestamp": at, "content": {"code": code, "msg": text}}]}

    async def _let_in(self, socket: "_Socket", request: dict[str, Any]) -> None:
        login = self._authenticate(str(request.get("parameters", {}).get("Authorization")))
        if login is None or self.refuse_login:
            socket.send(self._reply(request, 3, "Login Denied.: token is invalid or has expired."))
            await socket.flush()
            await socket.ws.close()
            return
        older = self._sockets.get(login.name)
        if older is not None:
            await older.ws.close()
        socket.login, socket.names = login, _names(request)
        self._sockets[login.name] = socket
        socket.send(self._reply(request, 0, "server=pretend;status=PN"))

    def _tell(self, event: EngineEvent) -> None:
        for socket in self._sockets.values():
            mine = {a.number for a in socket.login.accounts} if socket.login else set()
            if socket.subscribed and event.order.account in mine and not self.mute:
                socket.count += 1
                socket.send(_message(event, socket.count))


class _Socket(Socket):
    def __init__(self, ws: web.WebSocketResponse) -> None:
        super().__init__(ws)
        self.login: SimLogin | None = None
        self.names: tuple[Any, Any] = (None, None)
        self.subscribed = False
        self.count = 0


def _requests(data: str) -> list[dict[str, Any]]:
    """Read what was sent; what is no list of requests is one that cannot be understood."""
    try:
        found = json.loads(data)["requests"]
    except (ValueError, TypeError, KeyError):
        found = None
    if not isinstance(found, list) or not all(isinstance(request, dict) for request in found):
        return [{}]
    return found


def _names(request: dict[str, Any]) -> tuple[Any, Any]:
    return request.get("SchwabClientCustomerId"), request.get("SchwabClientCorrelId")


def _take(socket: "_Socket", request: dict[str, Any]) -> tuple[int, str]:
    """Carry out a command; give code and words. The codes are those of the streamer's documents."""
    command = request.get("command")
    if not isinstance(request.get("service"), str) or command not in {
        "SUBS",
        "ADD",
        "UNSUBS",
        "VIEW",
        "LOGOUT",
    }:
        return 21, "Bad command formatting"
    if socket.login is None or _names(request) != socket.names:
        return 20, "Stream connection not found"
    if request["service"] != "ACCT_ACTIVITY":
        return 11, "Service not available or temporary down."
    if not (request.get("parameters") or {}).get("keys") and command != "UNSUBS":
        return 21, "Bad command formatting"
    socket.subscribed = command in {"SUBS", "ADD"}
    return 0, f"{command} command succeeded"


def _message(event: EngineEvent, count: int) -> dict[str, Any]:
    stamp = int(event.at.timestamp() * 1000)
    told = json.dumps({"SchwabOrderID": event.order.id, "AccountNumber": event.order.account})
    content = {
        "seq": count,
        "key": "Account Activity",
        "1": event.order.account,
        "2": _NAMES[event.kind],
        "3": told,
    }
    data = {"service": "ACCT_ACTIVITY", "timestamp": stamp, "command": "SUBS", "content": [content]}
    return {"data": [data]}
