"""The engine's rules, one by one."""

from datetime import timedelta
from decimal import Decimal

import pytest

from adapters.paper.engine import (
    EngineEvent,
    EngineRequest,
    FeeModel,
    FeeRate,
    MatchingEngine,
    Refusal,
    Refused,
    Rules,
    Slippage,
)
from domain.instruments import AssetClass, Instrument
from domain.orders import LegRole, OrderClass, OrderState, OrderType, Side, TimeInForce
from sim.clock import DrivenClock

Dec = Decimal
AAPL = Instrument(
    symbol="AAPL", asset_class=AssetClass.EQUITY, broker_symbol="AAPL", shortable=True, fractionable=True
)
OPTION = Instrument(
    symbol="AAPL260619C00100000",
    asset_class=AssetClass.OPTION,
    broker_symbol="AAPL260619C00100000",
    multiplier=Dec(100),
)
COIN = Instrument(
    symbol="BTCUSD",
    asset_class=AssetClass.CRYPTO,
    broker_symbol="BTCUSD",
    quantity_increment=Dec("0.0001"),
    min_notional=Dec(1),
)


class Desk:
    """An engine with one account, and short words to drive it."""

    def __init__(self, cash: int = 10_000, **how: object) -> None:
        self.clock = DrivenClock()
        self.engine = MatchingEngine(self.clock, seed=1, **how)
        self.engine.open_account("me", Dec(cash))
        self.events: list[EngineEvent] = []
        self.engine.subscribe(self.events.append)
        self.count = 0
        self.quote(99, 100)

    def quote(self, bid: object, ask: object, size: object = None, symbol: str = "AAPL") -> None:
        sizes = None if size is None else Dec(str(size))
        self.engine.on_quote(symbol, Dec(str(bid)), Dec(str(ask)), sizes, sizes)

    def place(self, quantity: object = 10, instrument: Instrument = AAPL, **facts: object):
        self.count += 1
        facts.setdefault("client_order_id", f"c{self.count}")
        facts.setdefault("side", Side.BUY)
        facts.setdefault("order_type", OrderType.MARKET)
        for name, value in facts.items():
            if isinstance(value, int | str) and (name.endswith("price") or name in _MONEY):
                facts[name] = Dec(str(value))
        amount = None if quantity is None else Dec(str(quantity))
        return self.engine.place("me", EngineRequest(instrument=instrument, quantity=amount, **facts))

    def limit(self, price: object, quantity: object = 10, **facts: object):
        return self.place(quantity, order_type=OrderType.LIMIT, limit_price=str(price), **facts)

    def refuse(self, code: Refusal, *args: object, **facts: object) -> Refused:
        before = self.engine.snapshot()
        with pytest.raises(Refused) as caught:
            self.place(*args, **facts)
        assert caught.value.code is code
        assert caught.value.text
        assert self.engine.snapshot() == before
        return caught.value

    def held(self, symbol: str = "AAPL") -> Dec:
        return next(
            (p.quantity for p in self.engine.positions("me") if p.instrument.symbol == symbol), Dec(0)
        )

    def now(self, order):
        return self.engine.order(order.id)


_MONEY = {"take_profit", "stop_loss", "stop_loss_limit", "trail_amount", "trail_percent", "notional"}


def test_a_buy_pays_the_ask_and_a_sale_gets_the_bid() -> None:
    desk = Desk()
    assert desk.place().average_price == 100
    assert desk.place(4, side=Side.SELL).average_price == 99
    assert desk.engine.cash("me") == 10_000 - 1000 + 396


def test_slippage_worsens_market_orders_and_never_passes_a_limit() -> None:
    desk = Desk(slippage=Slippage(basis_points=Dec(10)))
    assert desk.place(1).average_price == Dec("100.10")
    assert desk.place(1, side=Side.SELL).average_price == Dec("98.90")
    assert desk.limit("100", 1).average_price == Dec(100)


def test_fees_are_taken_from_cash_and_rounded_up_to_a_cent() -> None:
    fees = FeeModel(
        rates={
            AssetClass.CRYPTO: FeeRate(basis_points=Dec(25)),
            AssetClass.OPTION: FeeRate(per_unit=Dec("0.65")),
        }
    )
    desk = Desk(fees=fees)
    desk.quote(1, 2, symbol=OPTION.symbol)
    desk.quote(1000, 1001, symbol="BTCUSD")
    assert desk.place(2, OPTION).fees == Dec("1.30")
    assert desk.place("0.1", COIN).fees == Dec("0.26")
    assert desk.engine.cash("me") == 10_000 - 400 - Dec("1.30") - Dec("100.1") - Dec("0.26")


def test_open_orders_reserve_their_money() -> None:
    desk = Desk()
    desk.limit(90, 100)
    assert desk.engine.buying_power("me") == 1000
    desk.refuse(Refusal.INSUFFICIENT_FUNDS, 11)
    desk.place(10)


def test_a_margin_account_lends_for_shares_and_not_for_coins() -> None:
    desk = Desk(rules=Rules(leverage=Dec(2)))
    desk.quote(1000, 1000, symbol="BTCUSD")
    assert desk.engine.buying_power("me") == 20_000
    desk.refuse(Refusal.INSUFFICIENT_FUNDS, 11, COIN)
    desk.quote(100, 100)
    desk.place(150)
    assert desk.engine.cash("me") == -5000
    assert desk.engine.buying_power("me") == 5000


def test_more_than_is_free_is_not_sold() -> None:
    desk = Desk()
    desk.place(10)
    desk.limit(120, 6, side=Side.SELL)
    error = desk.refuse(Refusal.INSUFFICIENT_QUANTITY, 5, side=Side.SELL)
    assert "5 AAPL asked, 4 free" in error.text
    desk.place(4, side=Side.SELL)
    assert desk.held() == 6


def test_two_exits_of_one_group_hold_their_quantity_once() -> None:
    desk = Desk()
    desk.place(10, order_class=OrderClass.BRACKET, take_profit=110, stop_loss=90)
    (position,) = desk.engine.positions("me")
    assert (position.held, position.available) == (10, 0)


def test_a_short_needs_a_share_that_can_be_borrowed_and_whole_numbers() -> None:
    desk = Desk()
    hard = Instrument(symbol="GME", asset_class=AssetClass.EQUITY, broker_symbol="GME")
    desk.quote(20, 21, symbol="GME")
    desk.refuse(Refusal.NOT_SHORTABLE, 1, hard, side=Side.SELL)
    desk.refuse(Refusal.NOT_SHORTABLE, 1, COIN, side=Side.SELL)
    parts = Instrument(
        symbol="AAPL",
        asset_class=AssetClass.EQUITY,
        broker_symbol="AAPL",
        quantity_increment=Dec("0.1"),
        shortable=True,
    )
    desk.refuse(Refusal.NOT_SHORTABLE, "0.5", parts, side=Side.SELL)
    desk.place(10, side=Side.SELL)
    assert desk.held() == -10
    assert desk.engine.buying_power("me") < 10_000


def test_a_cover_does_not_turn_a_short_into_a_long() -> None:
    desk = Desk()
    desk.place(10, side=Side.SELL)
    desk.refuse(Refusal.INSUFFICIENT_QUANTITY, 11)
    desk.place(10)
    assert desk.held() == 0
    assert desk.engine.positions("me") == []


def test_reducing_without_a_position_is_refused() -> None:
    Desk().refuse(Refusal.NOTHING_TO_CLOSE, 1, side=Side.SELL, reduce_only=True)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"quantity": 0}, Refusal.BAD_QUANTITY),
        ({"quantity": "1.5"}, Refusal.BAD_QUANTITY),
        ({"quantity": None}, Refusal.BAD_QUANTITY),
        ({"quantity": 1, "notional": 5}, Refusal.BAD_QUANTITY),
        ({"quantity": None, "notional": 0}, Refusal.BAD_QUANTITY),
        ({"order_type": OrderType.LIMIT}, Refusal.BAD_PRICE),
        ({"order_type": OrderType.STOP}, Refusal.BAD_PRICE),
        ({"order_type": OrderType.TRAILING_STOP}, Refusal.BAD_PRICE),
        ({"order_type": OrderType.LIMIT, "limit_price": -1}, Refusal.BAD_PRICE),
        ({"order_class": OrderClass.BRACKET, "take_profit": 110}, Refusal.BAD_PRICE),
        ({"order_class": OrderClass.OTO, "take_profit": 110, "stop_loss": 90}, Refusal.BAD_PRICE),
        ({"order_class": OrderClass.BRACKET, "take_profit": 90, "stop_loss": 110}, Refusal.BAD_PRICE),
    ],
)
def test_what_makes_no_sense_is_refused(facts: dict, code: Refusal) -> None:
    desk = Desk()
    quantity = facts.pop("quantity", 1)
    desk.refuse(code, quantity, **facts)


@pytest.mark.parametrize(
    ("side", "take_profit", "stop_loss"),
    [(Side.BUY, 100, 90), (Side.BUY, 110, 100), (Side.SELL, 99, 110), (Side.SELL, 90, 99)],
)
def test_a_market_entry_with_its_stop_or_target_already_passed_is_refused(
    side: Side, take_profit: int, stop_loss: int
) -> None:
    desk = Desk()
    legs = {"take_profit": take_profit, "stop_loss": stop_loss}
    error = desk.refuse(Refusal.BAD_PRICE, 1, side=side, order_class=OrderClass.BRACKET, **legs)
    assert "the market, which is at" in error.text


def test_a_halted_symbol_and_an_unknown_account_are_refused() -> None:
    desk = Desk()
    halted = Instrument(symbol="H", asset_class=AssetClass.EQUITY, broker_symbol="H", tradable=False)
    desk.refuse(Refusal.NOT_TRADABLE, 1, halted)
    with pytest.raises(Refused) as caught:
        desk.engine.cash("nobody")
    assert caught.value.code is Refusal.UNKNOWN_ACCOUNT


def test_an_order_too_small_in_money_is_refused() -> None:
    desk = Desk()
    desk.quote(1000, 1000, symbol="BTCUSD")
    desk.refuse(Refusal.BAD_QUANTITY, "0.0001", COIN)


def test_a_client_id_is_taken_for_ever() -> None:
    desk = Desk()
    sent = desk.place(1, client_order_id="mine")
    desk.refuse(Refusal.DUPLICATE_CLIENT_ID, 1, client_order_id="mine")
    desk.place(1, side=Side.SELL)
    assert desk.engine.prune("me", keep=0) == 2
    assert desk.engine.find("me", "mine") is None
    with pytest.raises(Refused):
        desk.engine.order(sent.id)
    desk.refuse(Refusal.DUPLICATE_CLIENT_ID, 1, client_order_id="mine")


def test_pruning_keeps_what_still_works() -> None:
    desk = Desk()
    bracket = desk.place(1, order_class=OrderClass.BRACKET, take_profit=110, stop_loss=90)
    works = desk.limit(90, 1)
    desk.place(1)
    assert desk.engine.prune("me", keep=0, slack=1) == 0
    assert desk.engine.prune("me", keep=0) == 1
    assert [o.id for o in desk.engine.orders("me")] == [bracket.id, works.id]


def test_a_market_order_without_a_price_waits() -> None:
    desk = Desk()
    other = Instrument(symbol="NEW", asset_class=AssetClass.EQUITY, broker_symbol="NEW")
    sent = desk.place(1, other)
    assert sent.state is OrderState.WORKING
    desk.quote(10, 11, symbol="NEW")
    assert desk.now(sent).average_price == 11


def test_an_unpriced_order_beyond_the_account_is_rejected_when_its_price_comes() -> None:
    desk = Desk()
    other = Instrument(symbol="NEW", asset_class=AssetClass.EQUITY, broker_symbol="NEW")
    sent = desk.place(1000, other, order_class=OrderClass.OTO, stop_loss=5)
    desk.quote(10, 11, symbol="NEW")
    done = desk.now(sent)
    assert (done.state, done.filled_quantity) == (OrderState.REJECTED, 0)
    assert "buying power" in done.reason
    assert [leg.state for leg in done.legs] == [OrderState.CANCELLED]


def test_an_amount_of_money_becomes_whole_steps_and_too_little_is_rejected() -> None:
    desk = Desk()
    assert desk.place(None, notional="250").filled_quantity == 2
    sent = desk.place(None, notional="50")
    assert (sent.state, sent.filled_quantity) == (OrderState.REJECTED, 0)


def test_an_immediate_order_takes_what_is_there_and_a_fill_or_kill_all_or_nothing() -> None:
    desk = Desk()
    desk.quote(99, 100, 6)
    killed = desk.limit(100, 10, time_in_force=TimeInForce.FOK)
    assert (killed.state, killed.filled_quantity) == (OrderState.CANCELLED, 0)
    taken = desk.limit(100, 10, time_in_force=TimeInForce.IOC)
    assert (taken.state, taken.filled_quantity) == (OrderState.CANCELLED, 6)
    desk.quote(99, 100, 6)
    whole = desk.limit(100, 6, time_in_force=TimeInForce.FOK)
    assert whole.state is OrderState.FILLED


def test_day_orders_expire_and_the_others_stay() -> None:
    desk = Desk()
    day, gtc = desk.limit(90, 1), desk.limit(90, 1, time_in_force=TimeInForce.GTC)
    desk.engine.expire_day()
    assert desk.now(day).state is OrderState.EXPIRED
    assert desk.now(gtc).state is OrderState.WORKING


async def test_an_order_with_an_end_expires_then() -> None:
    desk = Desk()
    sent = desk.limit(90, 1, expires_at=desk.clock.now() + timedelta(seconds=30))
    await desk.clock.advance(29)
    desk.quote(99, 100)
    assert desk.now(sent).live
    await desk.clock.advance(1)
    desk.quote(80, 81)
    assert (desk.now(sent).state, desk.now(sent).filled_quantity) == (OrderState.EXPIRED, 0)


def test_protection_outlasts_the_day_of_its_entry() -> None:
    desk = Desk()
    sent = desk.place(10, order_class=OrderClass.BRACKET, take_profit=110, stop_loss=90)
    desk.engine.expire_day()
    assert all(leg.live for leg in desk.now(sent).legs)
    tied = Desk(rules=Rules(legs_follow_tif=True))
    sent = tied.place(10, order_class=OrderClass.BRACKET, take_profit=110, stop_loss=90)
    tied.engine.expire_day()
    assert not any(leg.live for leg in tied.now(sent).legs)


def test_a_gap_through_the_stop_fills_at_the_price_that_is_there() -> None:
    desk = Desk()
    desk.place(10, order_class=OrderClass.OTO, stop_loss=90)
    desk.quote(70, 71)
    assert desk.held() == 0
    assert desk.engine.cash("me") == 10_000 - 1000 + 700


def test_a_trailing_buy_stop_follows_the_price_down() -> None:
    desk = Desk()
    desk.place(10, side=Side.SELL)
    sent = desk.place(10, order_type=OrderType.TRAILING_STOP, trail_amount="5")
    assert desk.now(sent).stop_price == 105
    desk.quote(79, 80)
    assert desk.now(sent).stop_price == 85
    desk.quote(83, 84)
    assert desk.now(sent).live
    desk.quote(84, 85)
    assert desk.now(sent).average_price == 85


def test_legs_of_a_partly_filled_entry_protect_at_once_or_when_it_is_done() -> None:
    for at_once in (True, False):
        desk = Desk(rules=Rules(legs_on_partial=at_once))
        desk.quote(99, 100, 4)
        sent = desk.limit(100, 10, order_class=OrderClass.BRACKET, take_profit=110, stop_loss=90)
        assert [(leg.held, leg.quantity) for leg in sent.legs] == [(not at_once, 4 if at_once else 10)] * 2
        done = desk.engine.cancel(sent.id)
        assert [(leg.held, leg.quantity, leg.live) for leg in done.legs] == [(False, 4, True)] * 2


def test_an_executed_stop_ends_the_rest_of_its_entry() -> None:
    desk = Desk()
    desk.quote(99, 100, 4)
    sent = desk.limit(100, 10, order_class=OrderClass.BRACKET, take_profit=110, stop_loss=90)
    desk.quote(89, "100.5", 50)
    done = desk.now(sent)
    assert (done.state, done.filled_quantity) == (OrderState.CANCELLED, 4)
    assert desk.held() == 0
    desk.quote(95, 96, 50)
    assert desk.held() == 0


def test_a_partly_executed_target_leaves_the_stop_for_the_rest() -> None:
    desk = Desk()
    sent = desk.place(10, order_class=OrderClass.BRACKET, take_profit=110, stop_loss=90)
    desk.quote(110, 111, 3)
    stop = next(leg for leg in desk.now(sent).legs if leg.role is LegRole.STOP_LOSS)
    assert stop.quantity == 7
    desk.quote(89, 90, 100)
    assert desk.held() == 0
    assert desk.now(stop).filled_quantity == 7


def test_cancelling_one_leg_keeps_or_cancels_the_other_as_the_broker_does() -> None:
    for together in (False, True):
        desk = Desk(rules=Rules(cancel_siblings=together))
        sent = desk.place(10, order_class=OrderClass.BRACKET, take_profit=110, stop_loss=90)
        desk.engine.cancel(sent.legs[0].id)
        assert desk.now(sent.legs[1]).live is not together


def test_an_oco_is_its_target_with_the_stop_as_its_leg() -> None:
    desk = Desk()
    desk.place(10)
    sent = desk.place(10, side=Side.SELL, order_class=OrderClass.OCO, take_profit=110, stop_loss=90)
    assert (sent.role, sent.order_type, sent.limit_price) == (LegRole.TAKE_PROFIT, OrderType.LIMIT, 110)
    (stop,) = sent.legs
    assert (stop.role, stop.held, stop.stop_price) == (LegRole.STOP_LOSS, False, 90)
    desk.quote(110, 111, 4)
    assert desk.now(stop).quantity == 6
    desk.engine.cancel(sent.id)
    assert not desk.now(stop).live
    assert desk.held() == 6


def test_a_replace_loses_its_turn_and_may_take_a_new_id() -> None:
    desk = Desk()
    first, second = desk.limit(95, 10), desk.limit(95, 10)
    changed = desk.engine.replace(first.id, quantity=Dec(5))
    assert changed.id == first.id
    desk.quote(94, 95, 10)
    assert (desk.now(first).filled_quantity, desk.now(second).filled_quantity) == (0, 10)

    desk = Desk(rules=Rules(replace_renames=True))
    first = desk.limit(95, 10, order_class=OrderClass.BRACKET, take_profit=110, stop_loss=90)
    changed = desk.engine.replace(first.id, limit_price=Dec(96), client_order_id="new")
    old = desk.now(first)
    assert (old.state, old.replaced_by, old.legs) == (OrderState.CANCELLED, changed.id, ())
    assert (changed.replaces, changed.client_order_id, len(changed.legs)) == (first.id, "new", 2)
    assert {leg.parent_id for leg in changed.legs} == {changed.id}
    moved = desk.engine.replace(changed.legs[1].id, stop_price=Dec(91))
    assert moved.id in {leg.id for leg in desk.now(changed).legs}
    desk.quote(95, 96)
    desk.quote(90, 91)
    assert desk.held() == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"quantity": Dec(0)}, Refusal.BAD_QUANTITY),
        ({"quantity": Dec("1.5")}, Refusal.BAD_QUANTITY),
        ({"quantity": Dec(4)}, Refusal.BAD_QUANTITY),
        ({"quantity": Dec(5000)}, Refusal.INSUFFICIENT_FUNDS),
        ({"limit_price": Dec(0)}, Refusal.BAD_PRICE),
        ({"stop_price": Dec(90)}, Refusal.BAD_PRICE),
    ],
)
def test_a_replace_that_cannot_be_changes_nothing(changes: dict, code: Refusal) -> None:
    desk = Desk()
    desk.quote(99, 100, 4)
    sent = desk.limit(100, 10)
    before = desk.engine.snapshot()
    with pytest.raises(Refused) as caught:
        desk.engine.replace(sent.id, **changes)
    assert caught.value.code is code
    assert desk.engine.snapshot() == before


def test_what_is_over_is_neither_cancelled_nor_replaced() -> None:
    desk = Desk()
    sent = desk.place(1)
    for call in (desk.engine.cancel, desk.engine.replace):
        with pytest.raises(Refused) as caught:
            call(sent.id)
        assert caught.value.code is Refusal.NOT_OPEN


def test_positions_are_marked_at_the_middle_and_keep_their_mark_when_the_quote_goes() -> None:
    desk = Desk()
    desk.place(10)
    desk.quote(119, 121)
    assert desk.engine.equity("me") == 9000 + 1200
    desk.engine.forget_quote("AAPL")
    assert desk.engine.equity("me") == 9000 + 1200
    waiting = desk.place(1)
    assert waiting.live
    desk.engine.mark("AAPL", Dec(130))
    assert desk.engine.equity("me") == 9000 + 1300
    assert desk.now(waiting).live


def test_events_come_in_the_order_of_what_happened() -> None:
    desk = Desk()
    desk.place(10, order_class=OrderClass.BRACKET, take_profit=110, stop_loss=90)
    desk.quote(110, 111)
    told = [(e.kind, e.order.role.value if e.order.role else "entry") for e in desk.events]
    assert told == [
        ("new", "entry"),
        ("fill", "entry"),
        ("new", "take_profit"),
        ("new", "stop_loss"),
        ("fill", "take_profit"),
        ("canceled", "stop_loss"),
    ]


def test_the_same_seed_gives_the_same_ids() -> None:
    one, two = Desk(), Desk()
    assert one.place().id == two.place().id
    assert one.place().id != one.place(side=Side.SELL).id


def test_a_listener_can_leave() -> None:
    desk = Desk()
    heard: list[EngineEvent] = []
    leave = desk.engine.subscribe(heard.append)
    desk.place(1)
    count = len(heard)
    leave()
    desk.place(1)
    assert len(heard) == count > 0
