"""Hold what the process is made of once it is put together."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from api.app import ApiServer
from api.metrics import Metrics
from bot.instance import Instance
from bot.notify import TradeNotices
from bot.outbox import Outbox
from bot.roles import RoleCache
from bot.runner import Connection
from domain.ports import Clock, EventBus, PriceSource, SharedQuota, Store
from trading.reminders import Reminders
from trading.service import TradingService


class Bus(EventBus, Protocol):
    """Be the event bus, which can be closed, and count what its processes may send together."""

    @property
    def quota(self) -> SharedQuota | None:
        """Give the shared count, or None where there is but one process."""

    async def close(self) -> None:
        """End every subscription."""


class ClosingPrices(PriceSource, Protocol):
    """Be a price source, which can be closed."""

    async def close(self) -> None:
        """Close connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Be every part that has to be started and stopped."""

    clock: Clock
    store: Store
    bus: Bus
    prices: ClosingPrices | None
    trading: TradingService
    reminders: Reminders
    notices: TradeNotices
    outbox: Outbox
    roles: RoleCache
    connection: Connection
    sweep_wizard: Callable[[], Awaitable[int]]
    api: ApiServer
    metrics: Metrics
    instance: Instance
