"""Put the HTTP face together and open its port."""

import asyncio
import contextlib
import errno
from collections.abc import AsyncIterator
from time import monotonic

import structlog
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from api.deps import DEPS, ApiDeps
from api.errors import BODY_LIMIT, Handler, route_of, uniform_errors
from api.pages.masks import hide_what_came
from api.pages.routes import add_pages, errors_as_pages
from api.routes import STARTED, add_routes
from api.stream import HUB, Hub

log = structlog.get_logger(__name__)
access = structlog.get_logger("api.access")


class PortTaken(Exception):
    """Report that the port cannot be opened; the text says what to do."""


class QuietAccessLogger(AbstractAccessLogger):
    """Log method, route, status and time: never a query, a header, a one-time link or a person's address."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write one line; probes only when they fail."""
        if request.path in {"/livez", "/readyz", "/metrics"} and response.status < 400:
            return
        access.info(
            "request",
            method=request.method,
            path=route_of(request),
            status=response.status,
            ms=round(time * 1000, 1),
        )


def build_app(deps: ApiDeps) -> web.Application:
    """Build the application; opens nothing."""
    app = web.Application(middlewares=_MIDDLEWARES, client_max_size=BODY_LIMIT)
    app[DEPS] = deps
    app[HUB] = Hub(deps)
    app[STARTED] = deps.clock.monotonic()
    add_routes(app)
    if deps.pages is not None:
        add_pages(app, deps.pages)
    app.cleanup_ctx.append(_hub_runs)
    app.on_shutdown.append(_say_goodbye)
    app.on_response_prepare.append(_harden)
    return app


@web.middleware
async def _count(request: web.Request, handler: Handler) -> web.StreamResponse:
    response = await handler(request)
    labels = (_method(request.method), route_of(request), str(response.status))
    request.app[DEPS].metrics.requests.labels(*labels).inc()
    return response


_MIDDLEWARES = (hide_what_came, _count, errors_as_pages, uniform_errors)


def _method(method: str) -> str:
    return method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "other"


async def _hub_runs(app: web.Application) -> AsyncIterator[None]:
    task = asyncio.create_task(app[HUB].run())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _say_goodbye(app: web.Application) -> None:
    await app[HUB].close()


async def _harden(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "discord-trade-exec"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Cache-Control", "no-store")


class ApiServer:
    """Serve an application on one address."""

    def __init__(self, app: web.Application, host: str, port: int) -> None:
        self._host = host
        self._wanted = port
        self._runner = web.AppRunner(
            app,
            access_log_class=QuietAccessLogger,
            access_log=access,
            shutdown_timeout=3.0,
            handle_signals=False,
        )
        self.port = 0

    async def start(self) -> None:
        """Open the port; 0 asks for any free one. Raises PortTaken."""
        started = monotonic()
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._wanted)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise PortTaken(_why(error, self._host, self._wanted)) from error
        self.port = int(self._runner.addresses[0][1])
        took = round((monotonic() - started) * 1000)
        log.info("listening", host=self._host, port=self.port, ms=took)

    async def stop(self) -> None:
        """Close sockets with 1001 and the port. Idempotent."""
        await self._runner.cleanup()


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by another program. Stop that program, or set PORT to a free port."
    if error.errno == errno.EACCES:
        return f"Port {port} needs administrator rights. Set PORT to one above 1023."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"This machine has no address {host}. Set HOST to 127.0.0.1 or 0.0.0.0."
    return f"{host} port {port} cannot be opened ({error.strerror or 'unknown reason'}). Check HOST and PORT."
