"""Serve REST and gateway on one loopback port; record every request; make planned faults happen."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import BodyPartReader, web

from sim.discord.errors import ApiError, Form
from sim.discord.gateway import Gateway
from sim.discord.oauth import OAuth
from sim.discord.ratelimits import RateLimits, Verdict
from sim.discord.recording import Fault, Recorded, Recorder, Upload, safe_headers
from sim.discord.state import BotApp, User, World

MAX_BODY = 30 * 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Call:
    """Be one request as a handler sees it."""

    params: dict[str, str]
    query: dict[str, str]
    body: Any
    files: list[Upload]
    caller: BotApp | None
    person: User | None = None
    """Who a bearer token stands for."""

    @property
    def app(self) -> BotApp:
        """Give the application whose token was sent."""
        assert self.caller is not None
        return self.caller

    def key(self, name: str) -> int:
        """Give an id of the path; raises 50035 when it is not a snowflake."""
        value = self.params[name]
        if not value.isdigit():
            form = Form()
            form.add((f"{name}_id",), "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
            form.done()
        return int(value)


Handler = Callable[[Call], Any]
Route = tuple[str, str, Handler]


class Server:
    """Own the listening socket and turn HTTP requests into calls of the handlers."""

    def __init__(self, world: World, gateway: Gateway, recorder: Recorder) -> None:
        self.world = world
        self.gateway = gateway
        self.recorder = recorder
        self.limits = RateLimits()
        self.oauth = OAuth(world)
        self._app = web.Application(client_max_size=MAX_BODY)
        self._runner: web.AppRunner | None = None

    def add(self, routes: list[Route]) -> None:
        """Add REST routes; paths are below the version."""
        for method, path, handler in routes:
            self._app.router.add_route(method, "/api/v10" + path, self._serve(path, handler))

    async def start(self, port: int) -> int:
        """Listen on 127.0.0.1 and give the port."""
        for path in ("/gateway", "/gateway/", "/resume", "/resume/"):
            self._app.router.add_get(path, self.gateway.serve)
        self._app.add_routes(self.oauth.routes())
        self._app.router.add_get("/attachments/{key}/{name}", self._file)
        self._app.router.add_route("*", "/{path:.*}", self._serve(None, _no_such_route))
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        chosen = int(self._runner.addresses[0][1])
        self.world.base = f"http://127.0.0.1:{chosen}"
        return chosen

    async def stop(self) -> None:
        """Close sockets, then stop listening."""
        await self.gateway.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _file(self, request: web.Request) -> web.Response:
        kind, content = self.world.files[int(request.match_info["key"])]
        return web.Response(body=content, headers={"Content-Type": kind})

    def _serve(
        self, route: str | None, handler: Handler
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            body, files = await read_body(request)
            record = _record(request, route, body, files)
            self.recorder.requests.append(record)
            fault = self.recorder.take_fault(record.method, record.path)
            if fault is not None:
                return await self._faulty(fault, request, record, handler)
            verdict = self.limits.judge(_bearer(request), record.method, route, record.path)
            if verdict.retry_after is not None:
                return _limited(record, verdict)
            self._answer(request, record, handler)
            return _response(record, verdict.headers)

        return serve

    async def _faulty(
        self, fault: Fault, request: web.Request, record: Recorded, handler: Handler
    ) -> web.StreamResponse:
        record.faulted = True
        if fault.delay:
            await asyncio.sleep(fault.delay)
        disturbed = fault.abort or fault.status is not None
        if fault.execute or not disturbed:
            self._answer(request, record, handler)
        if fault.abort:
            record.status = None
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        if fault.status is not None:
            record.status, record.answer = fault.status, fault.body or _fault_body(fault)
        self.world.bell.ring()
        return _response(record, _limit_headers(fault) if fault.status == 429 else {})

    def _answer(self, request: web.Request, record: Recorded, handler: Handler) -> None:
        try:
            record.app = self._authorise(request, record)
            call = Call(
                params=dict(request.match_info),
                query=record.query,
                body=record.body,
                files=record.files,
                caller=record.app,
                person=self.oauth.who(_bearer(request)),
            )
            record.answer = handler(call)
            record.status = 204 if record.answer is None else 200
        except ApiError as refusal:
            record.status, record.answer = refusal.status, refusal.body()
            if refusal.status == 400 or record.route is None:
                record.violation = f"{refusal.code} {refusal.message} {refusal.errors or ''}".strip()
        except (AttributeError, KeyError, TypeError, ValueError) as problem:
            # A body of the wrong shape altogether: Discord's form reader would not have let it so far.
            record.status, record.answer = 400, ApiError(400, 50035, "Invalid Form Body").body()
            record.violation = f"unreadable body: {problem!r}"
        self.world.bell.ring()

    def _authorise(self, request: web.Request, record: Recorded) -> BotApp | None:
        if record.route is None or record.route == "/gateway":
            return None
        if record.route.startswith(("/interactions/", "/webhooks/")):
            return None
        if record.route == "/users/@me" and self.oauth.who(_bearer(request)) is not None:
            return None
        kind, _, token = _bearer(request).partition(" ")
        app = self.world.app_by_token(token) if kind == "Bot" else None
        if app is None:
            raise ApiError(401, 0, "401: Unauthorized")
        return app


def _no_such_route(_: Call) -> Any:
    raise ApiError(404, 0, "404: Not Found")


def _record(request: web.Request, route: str | None, body: Any, files: list[Upload]) -> Recorded:
    return Recorded(
        method=request.method,
        path=request.path.removeprefix("/api/v10"),
        route=route,
        query=dict(request.query),
        headers=safe_headers(request.headers),
        body=body,
        files=files,
        at=time.monotonic_ns(),
    )


async def read_body(request: web.Request) -> tuple[Any, list[Upload]]:
    """Read JSON, or multipart with ``payload_json`` and files; a body that is neither is kept as None."""
    if request.content_type.startswith("multipart/"):
        return await _read_multipart(request)
    raw = await request.read()
    if not raw or request.content_type != "application/json":
        return None, []
    try:
        return orjson.loads(raw), []
    except orjson.JSONDecodeError:
        return None, []


async def _read_multipart(request: web.Request) -> tuple[Any, list[Upload]]:
    body: Any = {}
    files: list[Upload] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read(decode=True))
        if part.name == "payload_json":
            body = orjson.loads(content)
        else:
            kind = part.headers.get("Content-Type", "application/octet-stream")
            files.append(
                Upload(part=part.name or "", name=part.filename or "file", kind=kind, content=content)
            )
    return body, files


def _bearer(request: web.Request) -> str:
    return request.headers.get("Authorization", "")


def _rate_limited(retry_after: float, *, everywhere: bool) -> Any:
    message = "You are being rate limited."
    return {"message": message, "retry_after": retry_after, "global": everywhere, "code": 0}


def _fault_body(fault: Fault) -> Any:
    if fault.status == 429:
        return _rate_limited(fault.retry_after, everywhere=fault.everywhere)
    return {"message": f"{fault.status}: planned fault", "code": 0}


def _limit_headers(fault: Fault) -> dict[str, str]:
    headers = {"Retry-After": str(fault.retry_after), "X-RateLimit-Scope": "shared"}
    return headers | (
        {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"} if fault.everywhere else {}
    )


def _limited(record: Recorded, verdict: Verdict) -> web.Response:
    wait = round(verdict.retry_after or 0.0, 3)
    record.status, record.answer = 429, _rate_limited(wait, everywhere=verdict.everywhere)
    return _response(record, {"X-RateLimit-Scope": "user"} | verdict.headers | {"Retry-After": str(wait)})


def _response(record: Recorded, extra: dict[str, str]) -> web.Response:
    """Write the answer; the content type is exactly application/json, which discord.py compares as text."""
    headers = {"Via": "1.1 google"} | extra
    if record.status == 204:
        return web.Response(status=204, headers=headers)
    headers["Content-Type"] = "application/json"
    return web.Response(status=record.status or 500, body=orjson.dumps(record.answer), headers=headers)
