"""Make a pretend broker fail on purpose: planned faults, and one way to commit them on a real socket."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from aiohttp import web

from domain.ports import Clock


class FaultAction(StrEnum):
    """Name what goes wrong."""

    EXECUTE_THEN_DROP = "execute_then_drop"
    """The broker acts, then the connection dies without a reply."""
    DROP_BEFORE_EXECUTE = "drop_before_execute"
    """The connection dies and the broker has done nothing."""
    EXECUTE_THEN_504 = "execute_then_504"
    """The broker acts, and a proxy says that it timed out."""
    STATUS = "status"
    """Answer ``status`` without acting; ``retry_after``, ``body`` and ``headers`` go with it."""
    DELAY = "delay"
    """Act and answer ``seconds`` late."""
    GARBAGE_BODY = "garbage_body"
    """The broker acts, and the answer is not what its documents say."""
    HALF_FRAME = "half_frame"
    """The broker acts, and the connection dies in the middle of the answer."""
    EXPIRE_AUTH = "expire_auth"
    """The credentials stop being valid: the simulator answers as its broker does."""
    LATE_EXECUTE = "late_execute"
    """The connection dies, and the broker acts ``seconds`` later."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Be one thing about to go wrong."""

    action: FaultAction
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Plan:
    match: str
    fault: Fault
    times: int


class Faults:
    """Hold planned faults; the first that matches is taken, ``times`` times."""

    def __init__(self) -> None:
        self._plans: list[_Plan] = []
        self.taken: list[tuple[str, FaultAction]] = []

    def add(self, match: str, action: FaultAction, times: int = 1, **params: Any) -> None:
        """Plan a fault for ``"METHOD /path"``; both may hold ``*``, and ``*`` alone means every request."""
        if match != "*" and " " not in match:
            raise ValueError('a match is written "METHOD /path", such as "POST /v2/orders", or "*"')
        self._plans.append(_Plan(match, Fault(action, params), times))

    def take(self, method: str, path: str) -> Fault | None:
        """Give the fault for this request and use it up, or None."""
        name = f"{method} {path}"
        for plan in self._plans:
            if plan.times > 0 and (plan.match == "*" or fnmatchcase(name, plan.match)):
                plan.times -= 1
                self.taken.append((name, plan.fault.action))
                return plan.fault
        return None

    def pending(self) -> int:
        """Give how many planned faults have not happened yet."""
        return sum(plan.times for plan in self._plans)

    def clear(self) -> None:
        """Forget every planned fault."""
        self._plans.clear()


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
AuthReply = Callable[[], web.StreamResponse]


def abort(request: web.Request) -> None:
    """Reset the connection under a request, as a dying peer does: no reply, no goodbye."""
    if request.transport is not None:
        request.transport.abort()


async def answer(
    request: web.Request, handler: Handler, fault: Fault | None, *, clock: Clock, expire_auth: AuthReply
) -> web.StreamResponse:
    """Run ``handler`` under ``fault``. The body is read first, so that what arrived is always recorded.

    ``expire_auth`` gives the broker's own answer to dead credentials, and may make it stick.
    """
    await request.read()
    if fault is None:
        return await handler(request)
    return await _COMMIT[fault.action](_Case(request, handler, fault.params, clock, expire_auth))


@dataclass(frozen=True, slots=True)
class _Case:
    request: web.Request
    handler: Handler
    params: Mapping[str, Any]
    clock: Clock
    expire_auth: AuthReply

    async def run(self) -> web.StreamResponse:
        """Run the handler; an HTTP error it raises is its answer too."""
        try:
            return await self.handler(self.request)
        except web.HTTPException as refused:
            return refused

    def dropped(self) -> web.StreamResponse:
        """Reset the connection; the answer given back goes nowhere."""
        abort(self.request)
        return web.Response(status=500)


async def _execute_then_drop(case: _Case) -> web.StreamResponse:
    await case.run()
    return case.dropped()


async def _drop_before_execute(case: _Case) -> web.StreamResponse:
    return case.dropped()


async def _execute_then_504(case: _Case) -> web.StreamResponse:
    await case.run()
    return web.Response(
        status=504, text="<html><body>504 Gateway Time-out</body></html>", content_type="text/html"
    )


async def _status(case: _Case) -> web.StreamResponse:
    headers = dict(case.params.get("headers", {}))
    if "retry_after" in case.params:
        headers["Retry-After"] = str(case.params["retry_after"])
    body = case.params.get("body", {"message": "a fault was planned"})
    return web.json_response(body, status=int(case.params.get("status", 500)), headers=headers)


async def _delay(case: _Case) -> web.StreamResponse:
    reply = await case.run()
    await case.clock.sleep(float(case.params.get("seconds", 1)))
    return reply


async def _garbage_body(case: _Case) -> web.StreamResponse:
    reply = await case.run()
    body = case.params.get("body", "<html><body>Welcome to the captive portal</body></html>")
    return web.Response(
        status=int(case.params.get("status", reply.status)), text=body, content_type="text/html"
    )


async def _half_frame(case: _Case) -> web.StreamResponse:
    reply = await case.run()
    whole = reply.body if isinstance(reply, web.Response) and isinstance(reply.body, bytes) else b"{}"
    broken = web.StreamResponse(status=reply.status, headers={"Content-Type": "application/json"})
    broken.content_length = max(len(whole), 2)
    await broken.prepare(case.request)
    await broken.write(whole[: max(len(whole) // 2, 1)])
    abort(case.request)
    return broken


async def _expire_auth(case: _Case) -> web.StreamResponse:
    return case.expire_auth()


_LATE: set[asyncio.Task[None]] = set()


async def _late_execute(case: _Case) -> web.StreamResponse:
    async def later() -> None:
        await case.clock.sleep(float(case.params.get("seconds", 1)))
        await case.run()

    task = asyncio.get_running_loop().create_task(later())
    _LATE.add(task)
    task.add_done_callback(_LATE.discard)
    return case.dropped()


_COMMIT: Mapping[FaultAction, Callable[[_Case], Awaitable[web.StreamResponse]]] = {
    FaultAction.EXECUTE_THEN_DROP: _execute_then_drop,
    FaultAction.DROP_BEFORE_EXECUTE: _drop_before_execute,
    FaultAction.EXECUTE_THEN_504: _execute_then_504,
    FaultAction.STATUS: _status,
    FaultAction.DELAY: _delay,
    FaultAction.GARBAGE_BODY: _garbage_body,
    FaultAction.HALF_FRAME: _half_frame,
    FaultAction.EXPIRE_AUTH: _expire_auth,
    FaultAction.LATE_EXECUTE: _late_execute,
}
