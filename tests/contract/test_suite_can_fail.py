"""Plant faults in a session that works and see the right cards fail: the suite must be able to."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from domain.broker import BrokerSession
from domain.errors import DomainError, DuplicateClientId, OutcomeUnknown, Rejected
from domain.orders import OrderReport, OrderRequest, OrderState, OrderType
from tests.contract import test_contract
from tests.contract.cards import CARDS
from tests.contract.harness import Harness, HarnessSpec
from tests.contract.harnesses import HARNESSES

assert test_contract.SOURCES  # importing it registers the cards


FAILURES = (AssertionError, LookupError, ValueError, DomainError)


class Passing:
    """Be a session that passes everything on; each mutant changes one thing."""

    def __init__(self, session: BrokerSession) -> None:
        self.inner = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class WrongQuantity(Passing):
    async def submit(self, request: OrderRequest) -> OrderReport:
        if request.quantity is not None:
            request = replace(request, quantity=request.quantity + 1)
        return await self.inner.submit(request)


class SwallowedFill(Passing):
    async def order(self, broker_order_id: str) -> OrderReport:
        return self._hide(await self.inner.order(broker_order_id))

    def _hide(self, report: OrderReport) -> OrderReport:
        if report.state is not OrderState.FILLED:
            return report
        return replace(report, state=OrderState.WORKING, filled_quantity=Decimal(0), average_price=None)


class UnknownIsRejected(Passing):
    async def submit(self, request: OrderRequest) -> OrderReport:
        try:
            return await self.inner.submit(request)
        except OutcomeUnknown as error:
            raise Rejected(error.text, broker=error.broker, operation="submit", code="rejected") from error


class SubmitsTwice(Passing):
    def __init__(self, session: BrokerSession) -> None:
        super().__init__(session)
        self.sent: set[str] = set()

    async def submit(self, request: OrderRequest) -> OrderReport:
        # Where a second order under an id is answered with the first, there is no error to trip over.
        if request.client_order_id in self.sent:
            request = replace(request, client_order_id=request.client_order_id[:-4] + "cafe")
        self.sent.add(request.client_order_id)
        try:
            return await self.inner.submit(request)
        except (OutcomeUnknown, DuplicateClientId):
            again = replace(request, client_order_id=request.client_order_id[:-4] + "beef")
            return await self.inner.submit(again)


class LosesTheStop(Passing):
    async def submit(self, request: OrderRequest) -> OrderReport:
        return await self.inner.submit(replace(request, stop_loss=None))


class ForgetsClosedOrders(Passing):
    async def find_order(self, client_order_id: str) -> OrderReport:
        found = await self.inner.find_order(client_order_id)
        if found.state in {OrderState.WORKING, OrderState.PARTIALLY_FILLED}:
            return found
        return await self.inner.find_order("never-sent")


class FloatPrices(Passing):
    async def order(self, broker_order_id: str) -> OrderReport:
        report = await self.inner.order(broker_order_id)
        price = None if report.average_price is None else float(report.average_price)
        return replace(report, average_price=price)


class DeafStream(Passing):
    async def events(self) -> AsyncIterator[OrderReport]:
        async for report in self.inner.events():
            if report.state is not OrderState.FILLED:
                yield report


class CancelIsALie(Passing):
    async def cancel(self, broker_order_id: str) -> None:
        await self.inner.order(broker_order_id)


class MarketForLimit(Passing):
    async def submit(self, request: OrderRequest) -> OrderReport:
        if request.order_type is OrderType.LIMIT and request.take_profit is None:
            request = replace(request, order_type=OrderType.MARKET, limit_price=None)
        return await self.inner.submit(request)


class StopOnTheWrongSide(Passing):
    async def set_stop_loss(
        self, instrument: Any, quantity: Decimal, stop: Decimal, mine: Any
    ) -> OrderReport:
        return await self.inner.set_take_profit(instrument, quantity, stop, mine)


class FlattensLegs(Passing):
    async def open_orders(self) -> Sequence[OrderReport]:
        return [replace(report, legs=()) for report in await self.inner.open_orders()]


class Mutated:
    """Be a harness whose sessions are mutants."""

    def __init__(self, harness: Harness, mutant: Callable[[BrokerSession], Any]) -> None:
        self.inner = harness
        self.mutant = mutant

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    @asynccontextmanager
    async def open(self, **how: Any) -> AsyncIterator[Any]:
        async with self.inner.open(**how) as session:
            yield self.mutant(session)


PLANTED = [
    (WrongQuantity, "AX-23"),
    (WrongQuantity, "AX-30"),
    (SwallowedFill, "AX-24"),
    (UnknownIsRejected, "AX-66"),
    (UnknownIsRejected, "AX-67"),
    (SubmitsTwice, "AX-53"),
    (SubmitsTwice, "AX-68"),
    (SubmitsTwice, "AX-80"),
    (LosesTheStop, "AX-34"),
    (LosesTheStop, "AX-37"),
    (LosesTheStop, "AX-40"),
    (ForgetsClosedOrders, "AX-14"),
    (FloatPrices, "AX-21"),
    (DeafStream, "AX-83"),
    (CancelIsALie, "AX-45"),
    (MarketForLimit, "AX-24"),
    (StopOnTheWrongSide, "AX-56"),
    (FlattensLegs, "AX-20"),
]


EVERY_PLANT = [
    pytest.param(spec, mutant, card, id=f"{spec.name}-{mutant.__name__}-{card}")
    for spec in HARNESSES
    for mutant, card in PLANTED
    if CARDS[card].applies(spec)
]


@pytest.mark.parametrize(("spec", "mutant", "card"), EVERY_PLANT)
async def test_a_planted_fault_fails_its_card(
    spec: HarnessSpec, mutant: type[Passing], card: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.contract.cards.PATIENCE", 0.3)
    async with spec.make() as harness:
        with pytest.raises(FAILURES):
            await CARDS[card].run(spec, Mutated(harness, mutant))


EVERY_CONTROL = [
    pytest.param(spec, card, id=f"{spec.name}-{card}")
    for spec in HARNESSES
    for card in sorted({card for _, card in PLANTED})
    if CARDS[card].applies(spec)
]


@pytest.mark.parametrize(("spec", "card"), EVERY_CONTROL)
async def test_the_same_card_passes_through_a_session_that_changes_nothing(
    spec: HarnessSpec, card: str
) -> None:
    async with spec.make() as harness:
        await CARDS[card].run(spec, Mutated(harness, Passing))


async def _nothing(*args: Any, **kwargs: Any) -> None:
    return None


# What to break inside the broker itself, with what, and the card that must notice.
BROKEN_BROKERS = [
    ("adapters.paper.execution.Desk._shrink_rivals", lambda *a: None, "AX-36"),
    ("adapters.paper.execution.Desk._protect", lambda *a: None, "AX-35"),
    ("adapters.paper.orderbook.OrderBook.is_taken", lambda *a: False, "AX-53"),
    ("adapters.paper.keeper.Keeper.save", _nothing, "AX-88"),
    ("adapters.paper.keeper.Keeper.save", _nothing, "AX-66"),
    ("adapters.paper.execution.touched", lambda *a: True, "AX-25"),
    ("adapters.paper.execution.marketable", lambda *a: True, "AX-24"),
    ("adapters.paper.engine.check_means", lambda *a: None, "AX-54"),
    ("adapters.paper.requests.floor_to", lambda value, step: value, "AX-30"),
    ("adapters.paper.execution.trail", lambda order, depth: (depth.bid, Decimal("0.01")), "AX-27"),
]


@pytest.mark.parametrize(
    ("place", "wrong", "card"),
    BROKEN_BROKERS,
    ids=[f"{place.rsplit('.', 1)[-1]}-{card}" for place, _, card in BROKEN_BROKERS],
)
async def test_a_broken_broker_fails_its_card(
    place: str, wrong: Any, card: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.contract.cards.PATIENCE", 0.3)
    monkeypatch.setattr(place, wrong)
    spec = _paper()
    async with spec.make() as harness:
        with pytest.raises(FAILURES):
            await CARDS[card].run(spec, harness)


def _paper() -> HarnessSpec:
    return next(spec for spec in HARNESSES if spec.name == "paper")
