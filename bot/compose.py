"""Put the process together. This is the only place that knows every room."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from adapters.registry import adapters
from api.app import ApiServer, build_app
from api.deps import ApiDeps
from api.metrics import Metrics
from api.stream import HUB
from bot import lifecycle, memberships, texts
from bot.client import BotOptions, TradeBot
from bot.desk import LiveDesk, fetch_roles
from bot.endpoint import point_rest
from bot.instance import Instance
from bot.notify import TradeNotices
from bot.outbox import Outbox
from bot.parts import Bus, ClosingPrices, House
from bot.problems import Problem
from bot.reading import read_message
from bot.roles import RoleCache
from bot.runner import Connection
from bot.settings import Settings
from bot.skus import SkuCache, fetch_skus
from bot.vaults import open_ring, prove
from bot.web import Web
from bot.web import apps as web_apps
from cogs.base import Services
from cogs.guards import powers
from cogs.panels import trade_panel
from cogs.panels.manage import account_note
from domain.broker import BrokerAdapter
from domain.clock import SystemClock
from domain.errors import DomainError, StoreUnavailable
from domain.ids import UserId
from domain.ports import Clock, Store, Vault
from store import open_bus, open_store
from trading.compose import Verbs
from trading.compose import build as build_verbs
from trading.config import TradingConfig
from trading.points import FaultPoints
from vault.redact import Redactor
from vault.vault import EnvelopeVault
from wizard.discord_view import WizardView
from wizard.flows.catalogue import declare
from wizard.manager import FlowManager


async def run(settings: Settings, redactor: Redactor, version: str) -> None:
    """Build everything from settings and run it. Raises Problem with a sentence when that cannot be."""
    await lifecycle.run(await build(settings, redactor, version))


async def build(settings: Settings, redactor: Redactor, version: str) -> House:
    """Open the store and the bus, and put every part together; starts nothing."""
    point_rest(settings.discord_api_url)
    clock = SystemClock()
    make_data_dir(settings.data_dir)
    metrics = Metrics()
    vault = await open_vault(settings, clock, metrics, redactor.learn)
    store = await _open_store(settings)
    try:
        bus = await open_bus(_plain(settings.redis_url))
    except StoreUnavailable as error:
        await store.close()
        raise Problem(str(error)) from error
    return _Builder(settings, redactor, version, clock, vault, store, bus, metrics).house()


def make_data_dir(path: Path) -> None:
    """Make the data directory, for its owner only. Raises Problem."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Problem(texts.NOT_WRITABLE.format(path=path, why=error.strerror)) from error


async def open_vault(
    settings: Settings, clock: Clock, metrics: Metrics, hide: Callable[[str], None] = lambda _: None
) -> Vault:
    """Give the vault, its key proved; ``hide`` is told every secret. Raises Problem or Misconfigured."""
    ring = open_ring(
        settings, clock, lambda operation, outcome: metrics.key_calls.labels(operation, outcome).inc()
    )
    await prove(ring)
    return EnvelopeVault(ring, clock, hide=hide)


async def _open_store(settings: Settings) -> Store:
    try:
        return await open_store(data_dir=settings.data_dir, mongodb_uri=_plain(settings.mongodb_uri))
    except DomainError as error:
        raise Problem(str(error)) from error


def _plain(secret: Any) -> str | None:
    return secret.get_secret_value() if secret is not None else None


def trading_config(settings: Settings, holder: str) -> TradingConfig:
    """Say how the verbs behave, from settings; ``holder`` names this process as an owner of accounts."""
    gate = memberships.gate(
        enabled=settings.broker_integrations_enabled,
        premium_only=settings.broker_integrations_premium_only,
        allowed=settings.allowed_brokers,
        membership_tiers=settings.membership_tiers,
        premium_skus=settings.premium_skus,
        beta=(settings.beta_brokers, settings.beta_users, settings.beta_percent),
    )
    return TradingConfig(
        gate=gate,
        write_ahead=settings.write_ahead,
        fault_file=settings.fault_file,
        holder=holder,
        gateway_hosts=settings.gateway_hosts,
    )


class _Builder:
    """Hold what is shared while the parts are tied together."""

    def __init__(
        self,
        settings: Settings,
        redactor: Redactor,
        version: str,
        clock: Clock,
        vault: Vault,
        store: Store,
        bus: Bus,
        metrics: Metrics,
    ) -> None:
        self.settings = settings
        self.redactor = redactor
        self.version = version
        self.clock = clock
        self.vault = vault
        self.store = store
        self.bus = bus
        self.metrics = metrics
        self.instance = Instance(settings.data_dir)
        self.connection = Connection(self._make_bot, settings.discord_token.get_secret_value(), clock)
        self.roles = RoleCache(partial(fetch_roles, self.connection), clock)
        self.skus = SkuCache(partial(fetch_skus, self.connection, clock), clock)
        self.prices = _prices(settings, clock)
        manifests = [adapter.manifest for adapter in adapters().values()]
        self.secret_fields = {field.key for each in manifests for field in each.fields if field.secret}
        self.notices = TradeNotices(
            store=store,
            clock=clock,
            desk=LiveDesk(self.connection),
            look=lambda user, trade: self.verbs.trading.trade(user, trade),
            draw=trade_panel,
            say=account_note,
            count=lambda outcome: self.metrics.notices.labels(outcome).inc(),
        )
        self.verbs = self._verbs()
        self.web = Web(settings, store, clock, self.connection, adapters(), redactor.glimpse)
        self.flows = self._flows()
        self.wizard = WizardView(self.flows, self.web.door, powers)

    def house(self) -> House:
        return House(
            clock=self.clock,
            store=self.store,
            bus=self.bus,
            prices=self.prices,
            trading=self.verbs.trading,
            reminders=self.verbs.reminders,
            notices=self.notices,
            outbox=Outbox(self.store, self.notices, self.clock),
            roles=self.roles,
            connection=self.connection,
            sweep_wizard=self._sweep,
            instance=self.instance,
            api=self._api(),
            metrics=self.metrics,
        )

    def _brokers(self, points: FaultPoints) -> Mapping[str, BrokerAdapter]:
        """Give every broker; the paper one shares the harness's points, for it is part of this process."""
        brokers = dict(adapters())
        if self.settings.fault_file:
            from adapters.paper.adapter import PaperAdapter

            brokers["paper"] = PaperAdapter(on_point=points.hit)
        return brokers

    def _verbs(self) -> Verbs:
        points = FaultPoints(self.settings.fault_file)
        return build_verbs(
            store=self.store,
            bus=self.bus,
            clock=self.clock,
            vault=self.vault,
            roles=self.roles,
            skus=self.skus,
            notifier=self.notices,
            adapters=self._brokers(points),
            points=points,
            reader=read_message,
            config=trading_config(self.settings, self.instance.name),
            prices=self.prices,
            endpoints=self.settings.endpoints,
            rate_ceilings=self.settings.rate_ceilings,
            quota=self.bus.quota,
            hide=self.redactor.learn,
            apps=web_apps(self.settings),
        )

    def _flows(self) -> FlowManager:
        flows = declare(self.verbs, self.web.door)
        hide, scrub = self.redactor.learn, self.redactor.scrub
        return FlowManager(flows, self.store.flows, self.vault, self.clock, hide=hide, scrub=scrub)

    async def _sweep(self) -> int:
        return await self.wizard.sweep() + await self.web.sweep()

    def _make_bot(self) -> TradeBot:
        settings = self.settings
        options = BotOptions(
            data_dir=settings.data_dir,
            api_url=settings.discord_api_url,
            guild_ids=settings.discord_guild_ids,
            members_intent=settings.discord_members_intent,
        )
        services = Services(
            trading=self.verbs.trading,
            accounts=self.verbs.accounts,
            care=self.verbs.care,
            tokens=self.verbs.tokens,
            gate=self.verbs.gate,
            wizard=self.wizard,
            clock=self.clock,
            scrub=self.redactor.scrub,
        )
        attach = (self.wizard.register,)
        return TradeBot(services, self.roles, self.skus, self.clock, options, attach, self._on_typed)

    def _on_typed(self, name: str, value: str) -> None:
        """Mask a secret from the moment it comes in: any log line after this may quote it."""
        if name in self.secret_fields:
            self.redactor.learn(value)

    def _api(self) -> ApiServer:
        settings, trading, connection = self.settings, self.verbs.trading, self.connection
        deps = ApiDeps(
            store=self.store,
            bus=self.bus,
            tokens=self.verbs.tokens,
            gate=self.verbs.gate,
            brokers=self.verbs.accounts.supported,
            recovered=lambda: trading.ready,
            gateway_up=lambda: connection.up,
            clock=self.clock,
            metrics=self.metrics,
            version=self.version,
            public_url=settings.public_url,
            metrics_token=_plain(settings.metrics_token) or "",
            pages=self.web.pages(self.flows, self.wizard),
            trusted_proxies=settings.trusted_proxies,
        )
        app = build_app(deps)
        self.roles.on_change = lambda guild, user: app[HUB].roles_changed(UserId(user), guild)
        return ApiServer(app, settings.bind_host, settings.port)


def _prices(settings: Settings, clock: Clock) -> ClosingPrices | None:
    if settings.alpaca_data_key_id is None or settings.alpaca_data_secret_key is None:
        return None
    from adapters.alpaca.prices import AlpacaPrices

    key = settings.alpaca_data_key_id.get_secret_value()
    secret = settings.alpaca_data_secret_key.get_secret_value()
    return AlpacaPrices(key, secret, settings.alpaca_api_url, clock)
