"""Put the verbs together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from domain.broker import BrokerAdapter, Credentials
from domain.ports import (
    Clock,
    EventBus,
    Notifier,
    PriceSource,
    RoleSource,
    SharedQuota,
    SkuSource,
    Store,
    Vault,
)
from trading.accounts import AccountService
from trading.care import AccountCare
from trading.config import TradingConfig
from trading.deps import TradingDeps
from trading.executor import Executor
from trading.gate import Gate
from trading.hub import Hub
from trading.intake import Reader
from trading.limits import LimitBook
from trading.points import FaultPoints
from trading.reminders import Reminders
from trading.service import TradingService
from trading.tallies import Tallies
from trading.tokens import TokenService


@dataclass(frozen=True, slots=True, kw_only=True)
class Verbs:
    """Hold what the faces call."""

    trading: TradingService
    accounts: AccountService
    care: AccountCare
    tokens: TokenService
    gate: Gate
    limits: LimitBook
    reminders: Reminders


def build(
    *,
    store: Store,
    bus: EventBus,
    clock: Clock,
    vault: Vault,
    roles: RoleSource,
    notifier: Notifier,
    adapters: Mapping[str, BrokerAdapter],
    reader: Reader,
    config: TradingConfig,
    prices: PriceSource | None = None,
    endpoints: Mapping[str, str] | None = None,
    rate_ceilings: Mapping[str, int] | None = None,
    points: FaultPoints | None = None,
    skus: SkuSource | None = None,
    quota: SharedQuota | None = None,
    apps: Mapping[str, Credentials] | None = None,
    hide: Callable[[str], None] = lambda _: None,
) -> Verbs:
    """Build the verbs on their ports; nothing starts before ``Verbs.trading.start()``."""
    deps = TradingDeps(
        store=store,
        clock=clock,
        vault=vault,
        roles=roles,
        skus=skus,
        adapters=adapters,
        prices=prices,
        endpoints=endpoints or {},
        rate_ceilings=rate_ceilings or {},
        config=config,
        hub=Hub(store, bus, notifier),
        points=points or FaultPoints(config.fault_file),
        tallies=Tallies(store.tallies, clock),
        quota=quota,
        apps=apps or {},
        hide=hide,
    )
    return _tie(deps, reader)


def _tie(deps: TradingDeps, reader: Reader) -> Verbs:
    executor = Executor(deps)
    accounts = AccountService(deps, executor)
    return Verbs(
        trading=TradingService(deps, executor, accounts, reader),
        accounts=accounts,
        care=AccountCare(deps, executor, accounts),
        tokens=TokenService(deps.store.tokens, deps.clock, deps.hide),
        gate=Gate(deps),
        limits=LimitBook(deps),
        reminders=Reminders(deps),
    )
