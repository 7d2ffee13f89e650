"""Make order updates for brokers that push none: ask, compare, yield what changed."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from domain.errors import AuthFailed, BrokerError, OutcomeUnknown
from domain.orders import OrderReport
from domain.ports import Clock

Ask = Callable[[], Awaitable[Sequence[OrderReport]]]


class Poller:
    """Compare open orders and recently closed ones with what was last seen.

    ``open_orders`` and ``recent`` are the session's own reads; ``recent`` must reach back further than one
    ``interval`` (seconds), or a fill between two looks is missed.
    """

    def __init__(
        self, clock: Clock, open_orders: Ask, recent: Ask, *, interval: float = 2.0, patience: int = 3
    ) -> None:
        self._clock = clock
        self._open = open_orders
        self._recent = recent
        self._interval = interval
        self._patience = patience
        self._seen: dict[str, OrderReport] = {}

    async def events(self) -> AsyncIterator[OrderReport]:
        """Yield each order that is new or changed. Raises OutcomeUnknown after repeated failures.

        The first look yields all that is open: the caller takes it as news. AuthFailed is raised at once.
        """
        failures = 0
        while True:
            try:
                changed = await self.look()
                failures = 0
            except AuthFailed:
                raise
            except BrokerError as error:
                failures += 1
                if failures >= self._patience:
                    raise OutcomeUnknown(
                        "order updates were missed while the broker could not be asked",
                        broker=error.broker,
                        operation="events",
                        code="polling_gap",
                    ) from error
                changed = ()
            for report in changed:
                yield report
            await self._clock.sleep(self._interval)

    async def look(self) -> Sequence[OrderReport]:
        """Ask once and give what changed since the last look, oldest first."""
        # Closed ones last: an order that fills between the two reads is seen filled, not missed.
        latest = {report.broker_order_id: report for report in await self._open()}
        latest.update({report.broker_order_id: report for report in await self._recent()})
        changed = [report for key, report in latest.items() if _told(self._seen.get(key)) != _told(report)]
        self._seen = latest
        return sorted(changed, key=lambda report: report.at)


def _told(report: OrderReport | None) -> object:
    """Keep what a caller acts on; a moved timestamp alone is no news."""
    if report is None:
        return None
    legs = tuple(_told(leg) for leg in report.legs)
    prices = (report.average_price, report.limit_price, report.stop_price)
    return (
        report.state,
        report.quantity,
        report.filled_quantity,
        prices,
        report.replaced_by,
        report.held,
        legs,
    )
