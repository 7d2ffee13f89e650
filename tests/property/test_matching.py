"""Hold the matching engine to its laws under random orders and prices."""

import contextlib
import json
import os
from collections import defaultdict
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.paper.engine import (
    EngineEvent,
    EngineOrder,
    EngineRequest,
    FeeModel,
    FeeRate,
    MatchingEngine,
    Refused,
    Rules,
    Slippage,
)
from domain.instruments import AssetClass, Instrument
from domain.orders import LIVE, OrderClass, OrderState, OrderType, Side, TimeInForce
from sim.clock import DrivenClock

SHARE = Instrument(
    symbol="AAPL",
    asset_class=AssetClass.EQUITY,
    broker_symbol="AAPL",
    shortable=True,
    fractionable=True,
)
OPTION = Instrument(
    symbol="AAPL260619C00100000",
    asset_class=AssetClass.OPTION,
    broker_symbol="AAPL260619C00100000",
    multiplier=Decimal(100),
)
COIN = Instrument(
    symbol="BTCUSD",
    asset_class=AssetClass.CRYPTO,
    broker_symbol="BTCUSD",
    quantity_increment=Decimal("0.001"),
    fractionable=True,
)
INSTRUMENTS = {i.symbol: i for i in (SHARE, OPTION, COIN)}
CASH = Decimal(40_000)
MANY = 10 if os.environ.get("SOAK") else 1
FEES = FeeModel(
    rates={
        AssetClass.CRYPTO: FeeRate(basis_points=Decimal(25)),
        AssetClass.OPTION: FeeRate(per_unit=Decimal("0.65")),
    }
)

prices = st.integers(85, 115).map(Decimal)
symbols = st.sampled_from(sorted(INSTRUMENTS))
quotes = st.tuples(
    st.just("quote"), symbols, prices, st.integers(0, 3), st.none() | st.integers(0, 20).map(Decimal)
)
places = st.tuples(
    st.just("place"),
    st.fixed_dictionaries(
        {
            "account": st.sampled_from(["a", "b"]),
            "symbol": symbols,
            "side": st.sampled_from([Side.BUY, Side.BUY, Side.SELL]),
            "kind": st.sampled_from(OrderType),
            "force": st.sampled_from([TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK]),
            "shape": st.sampled_from(OrderClass),
            "quantity": st.integers(1, 30),
            "by_amount": st.booleans(),
            "at": prices,
            "gap": st.integers(1, 20),
        }
    ),
)
cancels = st.tuples(st.just("cancel"), st.integers(0, 50))
replaces = st.tuples(st.just("replace"), st.integers(0, 50), st.integers(1, 40), prices)
days = st.tuples(st.just("day"))
# one_of gives equal shares, and most of a book's life is orders and quotes.
SHARES = [quotes] * 8 + [places] * 8 + [cancels, replaces, days]
steps = st.lists(st.sampled_from(range(len(SHARES))).flatmap(SHARES.__getitem__), min_size=10, max_size=50)
rules = st.builds(
    Rules,
    legs_on_partial=st.booleans(),
    legs_follow_tif=st.booleans(),
    cancel_siblings=st.booleans(),
    replace_renames=st.booleans(),
    leverage=st.sampled_from([Decimal(1), Decimal(2)]),
)


class World:
    """Drive an engine and write down every execution it tells of."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.clock = DrivenClock()
        self.engine = MatchingEngine(
            self.clock, fees=FEES, slippage=Slippage(basis_points=Decimal(5)), rules=rules, seed=7
        )
        self.events: list[EngineEvent] = []
        self.engine.subscribe(self.events.append)
        self.count = 0
        for account in ("a", "b"):
            self.engine.open_account(account, CASH)
        for symbol in INSTRUMENTS:
            self.engine.on_quote(symbol, Decimal(99), Decimal(100))

    def do(self, step: tuple) -> None:
        with contextlib.suppress(Refused):
            getattr(self, step[0])(*step[1:])

    def quote(self, symbol: str, bid: Decimal, spread: int, size: Decimal | None) -> None:
        self.engine.on_quote(symbol, bid, bid + spread, size, size)

    def place(self, asked: dict) -> None:
        self.count += 1
        instrument, kind, at = INSTRUMENTS[asked["symbol"]], asked["kind"], asked["at"]
        up = 1 if (asked["side"] is Side.BUY) != (asked["shape"] is OrderClass.OCO) else -1
        legs = asked["shape"] is not OrderClass.SINGLE
        by_amount = asked["by_amount"] and asked["shape"] is not OrderClass.OCO
        self.engine.place(
            asked["account"],
            EngineRequest(
                client_order_id=f"c{self.count}",
                instrument=instrument,
                side=asked["side"],
                order_type=kind,
                time_in_force=asked["force"],
                order_class=asked["shape"],
                quantity=None if by_amount else Decimal(asked["quantity"]) * instrument.quantity_increment,
                notional=Decimal(asked["quantity"] * 50) if by_amount else None,
                limit_price=at if kind in {OrderType.LIMIT, OrderType.STOP_LIMIT} else None,
                stop_price=at if kind in {OrderType.STOP, OrderType.STOP_LIMIT} else None,
                trail_amount=Decimal(asked["gap"]) if kind is OrderType.TRAILING_STOP else None,
                take_profit=at + up * asked["gap"] if legs and asked["shape"] is not OrderClass.OTO else None,
                stop_loss=at - up * asked["gap"] if legs else None,
            ),
        )

    def everything(self) -> list[EngineOrder]:
        return [o for a in ("a", "b") for top in self.engine.orders(a) for o in (top, *top.legs)]

    def _pick(self, index: int) -> EngineOrder | None:
        every = self.everything()
        return every[index % len(every)] if every else None

    def cancel(self, index: int) -> None:
        order = self._pick(index)
        if order is not None:
            self.engine.cancel(order.id)

    def replace(self, index: int, quantity: int, price: Decimal) -> None:
        order = self._pick(index)
        if order is None:
            return
        if order.limit_price is not None:
            changes = {"limit_price": price}
        elif order.stop_price is not None:
            changes = {"stop_price": price}
        else:
            changes = {"quantity": quantity * order.request.instrument.quantity_increment}
        self.engine.replace(order.id, **changes)

    def day(self) -> None:
        self.engine.expire_day()

    def check(self) -> None:
        self.check_money()
        self.check_orders()
        self.check_groups()

    def check_money(self) -> None:
        cash = defaultdict(lambda: CASH)
        held: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for event in self.events:
            if event.execution_id is None:
                continue
            order, fill = event.order, event.order.fills[-1]
            signed = fill.quantity if order.side is Side.BUY else -fill.quantity
            cash[order.account] -= signed * fill.price * order.request.instrument.multiplier + fill.fee
            held[order.account, order.symbol] += signed
        for account in ("a", "b"):
            assert self.engine.cash(account) == cash[account]
            told = {p.instrument.symbol: p.quantity for p in self.engine.positions(account)}
            mine = {s: q for (a, s), q in held.items() if a == account and q}
            assert told == mine
            # Nothing but a share is ever held short, and buying power is never negative.
            assert all(q > 0 or s == SHARE.symbol for s, q in mine.items())
            assert self.engine.buying_power(account) >= 0

    def check_orders(self) -> None:
        ids = [event.execution_id for event in self.events if event.execution_id]
        assert len(ids) == len(set(ids))
        for order in self.everything():
            assert order.filled_quantity == sum((f.quantity for f in order.fills), Decimal(0))
            if order.quantity is not None and not order.parent_id:
                assert order.filled_quantity <= order.quantity
            if order.state is OrderState.FILLED:
                assert order.remaining == 0
            for fill in order.fills:
                assert fill.quantity % order.request.instrument.quantity_increment == 0
            if order.state in LIVE and order.request.time_in_force in {TimeInForce.IOC, TimeInForce.FOK}:
                assert order.parent_id, "an order for now only is still there"

    def check_groups(self) -> None:
        """The legs of a bracket together never execute more than their entry; an OCO not more than asked."""
        for account in ("a", "b"):
            for top in self.engine.orders(account):
                out = sum((leg.filled_quantity for leg in top.legs), Decimal(0))
                if top.request.order_class is OrderClass.OCO:
                    wanted = max(f for f in (top.quantity, top.request.quantity) if f is not None)
                    left = wanted - top.filled_quantity - out
                    assert left >= 0
                    assert all(one.remaining <= left for one in (top, *top.legs) if one.live)
                elif top.legs:
                    assert out <= top.filled_quantity
                    left = top.filled_quantity - out
                    assert all(leg.remaining <= left for leg in top.legs if leg.live and not leg.held)
                    assert not any(leg.fills for leg in top.legs if leg.held)


@settings(max_examples=300 * MANY, deadline=None)
@given(rules, steps)
def test_cash_quantity_and_groups_are_conserved(rules: Rules, steps: list) -> None:
    world = World(rules)
    for step in steps:
        world.do(step)
        world.check()


@settings(max_examples=100 * MANY, deadline=None)
@given(rules, steps, steps)
def test_a_restored_engine_goes_on_as_if_nothing_had_happened(
    rules: Rules, before: list, after: list
) -> None:
    world = World(rules)
    for step in before:
        world.do(step)
    stored = json.loads(json.dumps(world.engine.snapshot()))
    again = World(rules)
    again.count = world.count
    again.engine = MatchingEngine.restore(
        stored, again.clock, fees=FEES, slippage=Slippage(basis_points=Decimal(5)), rules=rules, seed=7
    )
    assert again.engine.snapshot() == stored
    for symbol in INSTRUMENTS:
        # Prices are not part of a book: both start from the same fresh quote.
        for one in (world, again):
            one.quote(symbol, Decimal(100), 1, None)
    for step in after:
        world.do(step)
        again.do(step)
    assert again.engine.snapshot() == world.engine.snapshot()


@settings(max_examples=200 * MANY, deadline=None)
@given(
    st.lists(st.tuples(st.integers(95, 105), st.integers(1, 9)), min_size=2, max_size=12),
    st.integers(1, 40),
)
def test_the_best_price_fills_first_and_then_the_oldest(wanted: list, size: int) -> None:
    engine = MatchingEngine(DrivenClock(), rules=Rules())
    order: list[tuple[int, int]] = []
    engine.subscribe(
        lambda e: order.append((int(e.order.limit_price), e.order.sequence)) if e.price else None
    )
    placed: list[tuple[int, int, str]] = []
    for index, (price, quantity) in enumerate(wanted):
        engine.open_account(f"acc{index}", CASH)
        sent = engine.place(
            f"acc{index}",
            EngineRequest(
                client_order_id="one",
                instrument=SHARE,
                side=Side.BUY,
                order_type=OrderType.LIMIT,
                quantity=Decimal(quantity),
                limit_price=Decimal(price),
            ),
        )
        placed.append((price, quantity, sent.id))
    engine.on_quote("AAPL", Decimal(94), Decimal(95), None, Decimal(size))
    assert order == sorted(order, key=lambda told: (-told[0], told[1]))
    left = size
    for _, quantity, order_id in sorted(placed, key=lambda p: -p[0]):
        filled = int(engine.order(order_id).filled_quantity)
        assert filled == min(quantity, left)
        left -= filled


@settings(max_examples=200 * MANY, deadline=None)
@given(
    st.lists(st.tuples(prices, st.integers(0, 2), st.integers(0, 12).map(Decimal)), max_size=25),
    st.booleans(),
    st.integers(1, 20),
)
def test_a_bracket_never_turns_a_position_round(walk: list, partial: bool, quantity: int) -> None:
    engine = MatchingEngine(DrivenClock(), rules=Rules(legs_on_partial=partial))
    engine.open_account("a", CASH)
    engine.place(
        "a",
        EngineRequest(
            client_order_id="one",
            instrument=SHARE,
            side=Side.BUY,
            order_type=OrderType.LIMIT,
            limit_price=Decimal(100),
            quantity=Decimal(quantity),
            order_class=OrderClass.BRACKET,
            time_in_force=TimeInForce.GTC,
            take_profit=Decimal(110),
            stop_loss=Decimal(90),
        ),
    )
    for bid, spread, size in walk:
        engine.on_quote("AAPL", bid, bid + spread, size, size)
        held = sum((p.quantity for p in engine.positions("a")), Decimal(0))
        (top,) = engine.orders("a")
        assert 0 <= held <= quantity
        live = [leg for leg in top.legs if leg.live and not leg.held]
        entry_done = not top.live
        if held and (entry_done or partial):
            # What is held is protected by a stop of exactly that size, at every moment.
            stops = [leg for leg in live if leg.stop_price is not None]
            assert [leg.remaining for leg in stops] == [held]
