"""Number the sentences every broker session keeps. A card is a function of a harness; it fails by raising."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal

from domain.broker import BracketKind, BrokerSession, ClassRules
from domain.errors import BrokerError
from domain.instruments import AssetClass, Instrument, InstrumentQuery, OptionContract
from domain.orders import OrderReport, OrderRequest, OrderState, OrderType, Side, TimeInForce
from sim.faults import FaultAction
from tests.contract.harness import Harness, HarnessSpec
from tests.support import end, eventually

D = Decimal
PATIENCE = 5.0
"""Real seconds to wait for an outcome."""
Body = Callable[[Harness, HarnessSpec], Awaitable[None]]


@dataclass(frozen=True)
class Need:
    """Hold what a card is about, and ``lack``: what to say of a broker that has no such thing."""

    lack: str
    holds: Callable[[HarnessSpec], bool]

    def __call__(self, spec: HarnessSpec) -> bool:
        return self.holds(spec)


@dataclass(frozen=True)
class Card:
    """Hold one numbered sentence and how to check it; ``needs`` are the capabilities it is about."""

    id: str
    sentence: str
    needs: tuple[Need, ...]
    body: Body

    def applies(self, spec: HarnessSpec) -> bool:
        return all(need(spec) for need in self.needs)

    def lacking(self, spec: HarnessSpec) -> str:
        """Say why the card does not apply to a broker; empty where it does."""
        return next((need.lack for need in self.needs if not need(spec)), "")

    async def run(self, spec: HarnessSpec, harness: Harness) -> None:
        await self.body(harness, spec)


CARDS: dict[str, Card] = {}


def card(number: int, *needs: Need) -> Callable[[Body], Body]:
    def register(body: Body) -> Body:
        key = f"AX-{number:02d}"
        assert key not in CARDS, f"{key} is taken"
        CARDS[key] = Card(key, body.__name__, needs, body)
        return body

    return register


# What a card may need. Everything here is read from declared data, never found out by trying.

CLASS_WORDS = {AssetClass.EQUITY: "stocks", AssetClass.OPTION: "options", AssetClass.CRYPTO: "crypto"}
FLAG_WORDS = {"notional": "orders by amount", "short": "short sales", "replace": "changes of orders"}
# What a broker has not between itself and us, where a fault cannot happen to it.
FAULT_LACKS = {
    FaultAction.EXECUTE_THEN_DROP: "no reply that could be lost",
    FaultAction.DROP_BEFORE_EXECUTE: "no request that could be lost",
    FaultAction.EXECUTE_THEN_504: "no proxy in front",
    FaultAction.STATUS: "no status codes",
    FaultAction.DELAY: "no wire to be late on",
    FaultAction.GARBAGE_BODY: "no wire to be garbled",
    FaultAction.HALF_FRAME: "no wire to be cut",
    FaultAction.EXPIRE_AUTH: "no sign-in that ends",
    FaultAction.LATE_EXECUTE: "no wire to be late on",
}


def _rules(spec: HarnessSpec) -> ClassRules:
    return spec.manifest.classes[spec.lead]


def trades(kind: AssetClass) -> Need:
    return Need(f"no {CLASS_WORDS[kind]}", lambda spec: kind in spec.manifest.classes)


leads = Need("not the class of the cards", lambda spec: spec.lead in spec.manifest.classes)
"""The broker trades the class that the cards are about."""


def takes(order_type: OrderType) -> Need:
    words = order_type.value.replace("_", "-")
    return Need(f"no {words} orders", lambda spec: leads(spec) and order_type in _rules(spec).order_types)


def works_for(force: TimeInForce) -> Need:
    words = force.value.upper()
    return Need(f"no {words} orders", lambda spec: leads(spec) and force in _rules(spec).times_in_force)


def can(flag: str) -> Need:
    return Need(f"no {FLAG_WORDS[flag]}", lambda spec: leads(spec) and bool(getattr(_rules(spec), flag)))


def brackets() -> Need:
    return Need("no native brackets", lambda spec: leads(spec) and _rules(spec).bracket is BracketKind.NATIVE)


def fault(action: FaultAction) -> Need:
    return Need(FAULT_LACKS[action], lambda spec: action in spec.faults)


has_secrets = Need("no secrets", lambda spec: any(field.secret for field in spec.manifest.fields))


# Helpers


def new_id() -> str:
    return str(uuid.uuid4())


async def stock(session: BrokerSession, symbol: str = "AAPL") -> Instrument:
    return await session.resolve(InstrumentQuery(symbol=symbol, asset_class=AssetClass.EQUITY))


async def coin(session: BrokerSession) -> Instrument:
    return await session.resolve(InstrumentQuery(symbol="BTCUSD", asset_class=AssetClass.CRYPTO))


async def contract(session: BrokerSession, spec: HarnessSpec) -> Instrument:
    option = OptionContract.from_occ(spec.option)
    query = InstrumentQuery(symbol=option.underlying, asset_class=AssetClass.OPTION, option=option)
    return await session.resolve(query)


def ask_for(instrument: Instrument, quantity: str | None = "10", **changes: object) -> OrderRequest:
    facts: dict[str, object] = {
        "client_order_id": new_id(),
        "instrument": instrument,
        "side": Side.BUY,
        "order_type": OrderType.MARKET,
        "quantity": None if quantity is None else D(quantity),
    }
    if instrument.asset_class is AssetClass.CRYPTO:
        facts["time_in_force"] = TimeInForce.GTC
    return OrderRequest(**{**facts, **changes})  # type: ignore[arg-type]


def limit(instrument: Instrument, price: str, quantity: str | None = "10", **changes: object) -> OrderRequest:
    return ask_for(instrument, quantity, order_type=OrderType.LIMIT, limit_price=D(price), **changes)


async def soon(probe: Callable[[], object]) -> object:
    """Wait for an outcome as long as the suite has patience."""
    return await eventually(probe, timeout=PATIENCE)


async def settled(
    session: BrokerSession, order_id: str, state: OrderState, filled: str | None = None
) -> OrderReport:
    """Read the order until it stands as said."""
    seen: list[OrderReport] = []

    async def there() -> OrderReport | None:
        seen.append(await session.order(order_id))
        same = seen[-1].state is state and (filled is None or seen[-1].filled_quantity == D(filled))
        return seen[-1] if same else None

    try:
        return await soon(there)
    except AssertionError:
        raise AssertionError(f"wanted {state.value} {filled or ''}, the order stands at {seen[-1]}") from None


async def held(session: BrokerSession, symbol: str = "AAPL") -> D:
    return next((p.quantity for p in await session.positions() if p.instrument.symbol == symbol), D(0))


async def holding(session: BrokerSession, quantity: str, symbol: str = "AAPL") -> Instrument:
    """Buy at the market and wait until it is held."""
    instrument = await stock(session, symbol)
    sent = await session.submit(ask_for(instrument, quantity))
    await settled(session, sent.broker_order_id, OrderState.FILLED)
    await soon(lambda: _is(session, symbol, D(quantity)))
    return instrument


async def _is(session: BrokerSession, symbol: str, quantity: D) -> bool:
    return await held(session, symbol) == quantity


async def position_becomes(session: BrokerSession, quantity: str, symbol: str = "AAPL") -> None:
    await soon(lambda: _is(session, symbol, D(quantity)))


async def refused(call: Awaitable[object], kind: type[BrokerError]) -> BrokerError:
    """Check that a call raises exactly this kind of error, and give it."""
    outcome = (await asyncio.gather(call, return_exceptions=True))[0]
    if isinstance(outcome, kind):
        return outcome
    if isinstance(outcome, BaseException) and not isinstance(outcome, BrokerError):
        raise outcome
    raise AssertionError(f"wanted {kind.__name__}, got {type(outcome).__name__}: {outcome}")


def flat(reports: Sequence[OrderReport]) -> dict[str, OrderReport]:
    return {r.broker_order_id: r for report in reports for r in (report, *report.legs)}


@asynccontextmanager
async def listening(session: BrokerSession) -> AsyncIterator["Heard"]:
    """Collect events while the block runs."""
    heard = Heard()
    stream = session.events()

    async def collect() -> None:
        try:
            async for report in stream:
                heard.reports.append(report)
        except BrokerError as error:
            heard.ended = error

    task = asyncio.create_task(collect())
    await asyncio.sleep(0)
    try:
        yield heard
    finally:
        await end(task)


class Heard:
    def __init__(self) -> None:
        self.reports: list[OrderReport] = []
        self.ended: BrokerError | None = None

    async def of(self, client_order_id: str, state: OrderState) -> OrderReport:
        """Wait for a report of an order in a state."""

        def found() -> OrderReport | None:
            same = (r for r in self.reports if r.client_order_id == client_order_id and r.state is state)
            return next(same, None)

        return await soon(found)
