"""Hold what the routes need, so that they know ports only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aiohttp import web

from api.limits import Limits
from api.metrics import Metrics
from api.pages.deps import PageDeps
from domain.broker import BrokerManifest
from domain.ports import Clock, EventBus, Store
from trading.gate import Gate
from trading.tokens import TokenService


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDeps:
    """Carry the ports and the few questions the HTTP face asks.

    ``recovered`` and ``gateway_up`` are asked anew for every probe. ``public_url`` is the only browser origin
    that may open a socket; empty means none may. ``metrics_token`` opens ``/metrics`` to the outside; while
    it is empty only this machine and private networks may read it. ``pages`` is None where no browser can be
    signed in. Of a proxy in ``trusted_proxies`` the last entry of X-Forwarded-For is believed.
    """

    store: Store
    bus: EventBus
    tokens: TokenService
    gate: Gate
    brokers: Callable[[], Sequence[BrokerManifest]]
    recovered: Callable[[], bool]
    gateway_up: Callable[[], bool]
    clock: Clock
    metrics: Metrics = field(default_factory=Metrics)
    limits: Limits = field(default_factory=Limits)
    version: str = ""
    public_url: str = ""
    metrics_token: str = field(default="", repr=False)
    pages: PageDeps | None = None
    trusted_proxies: tuple[str, ...] = ()


DEPS: web.AppKey[ApiDeps] = web.AppKey("deps", ApiDeps)
