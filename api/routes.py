"""Answer the plain HTTP questions: is it alive, is it ready, how is it, and which brokers are there."""

import structlog
from aiohttp import web

from api.auth import caller, principal, require_operator
from api.deps import DEPS, ApiDeps
from api.errors import Refused
from api.schemas import broker, json_response
from api.schemas import gate as gate_json
from api.stream import HUB, connect
from domain.errors import StoreUnavailable

log = structlog.get_logger(__name__)
STARTED: web.AppKey[float] = web.AppKey("started", float)
MOST_INTENTS = 20_000


def add_routes(app: web.Application) -> None:
    """Put every address in one place."""
    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/health", health)
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/api/brokers/supported", supported)
    app.router.add_get("/api/gate", gate)
    app.router.add_get("/ws", connect)


async def livez(_: web.Request) -> web.Response:
    """Answer while the event loop turns."""
    return json_response({"status": "ok"})


async def _checks(deps: ApiDeps) -> dict[str, bool]:
    try:
        await deps.store.ping()
        store = True
    except StoreUnavailable:
        store = False
    return {"store": store, "recovered": deps.recovered(), "gateway": deps.gateway_up()}


async def readyz(request: web.Request) -> web.Response:
    """Answer 200 while the database takes writes, recovery is done and Discord is connected; else 503."""
    checks = await _checks(request.app[DEPS])
    ready = all(checks.values())
    body = {"status": "ready" if ready else "not ready", "checks": checks}
    return json_response(body, status=200 if ready else 503)


async def health(request: web.Request) -> web.Response:
    """Summarise for a person; 200 as long as it can answer."""
    deps = request.app[DEPS]
    checks = await _checks(deps)
    body = {
        "status": "ok" if all(checks.values()) else "degraded",
        "version": deps.version,
        "uptime_seconds": round(deps.clock.monotonic() - request.app[STARTED]),
        "checks": checks,
        "sockets": request.app[HUB].count,
        "brokers": [manifest.slug for manifest in deps.brokers()],
    }
    return json_response(body)


async def metrics(request: web.Request) -> web.Response:
    """Write the figures for Prometheus."""
    require_operator(request)
    deps = request.app[DEPS]
    active = await deps.store.orders.find({"active": True}, limit=MOST_INTENTS)
    deps.metrics.set_intents(order.state for order in active)
    deps.metrics.gateway.set(deps.gateway_up())
    deps.metrics.recovered.set(deps.recovered())
    return web.Response(
        body=deps.metrics.render(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
    )


async def supported(request: web.Request) -> web.Response:
    """List the brokers that are switched on here, as public data."""
    deps = request.app[DEPS]
    _count_read(request)
    return json_response({"brokers": [broker(manifest) for manifest in deps.brokers()]})


async def gate(request: web.Request) -> web.Response:
    """Say what the token's owner may do, and what would unlock the rest; ``?guild=`` names a server."""
    _count_read(request)
    token = await principal(request)
    guild = request.query.get("guild", "")
    if guild and not (guild.isascii() and guild.isdigit() and len(guild) <= 20):
        raise Refused(400, "bad_guild", "A server is named by its id, a long number.")
    return json_response(gate_json(await request.app[DEPS].gate.report(token.user, guild)))


def _count_read(request: web.Request) -> None:
    deps = request.app[DEPS]
    if wait := deps.limits.reads.take(caller(request), deps.clock.monotonic()):
        raise Refused(429, "too_many_requests", "Slow down: 60 requests a minute.", retry_after=wait)
