"""The parts of the Kraken adapter that need no socket."""

import asyncio
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.kit.errors import Errors
from adapters.kraken import keys, limits, parse
from adapters.kraken.bucket import Bucket
from adapters.kraken.holdings import average_cost
from adapters.kraken.limits import Counters, Gate, amend_cost, cancel_cost
from adapters.kraken.manifest import MANIFEST
from adapters.kraken.markets import Markets, read
from domain.broker import Lane
from domain.errors import AuthFailed, Throttled
from domain.orders import OrderState, OrderType

D = Decimal
ERRORS = Errors(broker="kraken", operation="test")


def trade(side, volume, price):
    return {"type": side, "vol": str(volume), "price": str(price)}


def test_every_order_type_of_the_manifest_has_a_word_and_every_word_leads_back():
    (rules,) = MANIFEST.classes.values()
    assert set(parse.ORDER_TYPES) == set(rules.order_types) == set(OrderType)
    assert all(parse.kind_of(word) is kind for kind, word in parse.ORDER_TYPES.items())


def test_an_order_type_placed_elsewhere_degrades_and_a_state_nobody_knows_does_not():
    assert parse.kind_of("settle-position") is OrderType.LIMIT
    with pytest.raises(ValueError, match="nobody knows"):
        parse.state_of("resting", D(0))


@pytest.mark.parametrize(
    ("word", "filled", "state"),
    [
        ("pending", 0, OrderState.WORKING),
        ("open", 0, OrderState.WORKING),
        ("open", 1, OrderState.PARTIALLY_FILLED),
        ("closed", 1, OrderState.FILLED),
        ("canceled", 1, OrderState.CANCELLED),
        ("expired", 0, OrderState.EXPIRED),
        ("partially_filled", 1, OrderState.PARTIALLY_FILLED),
    ],
)
def test_states_are_read_by_the_table(word, filled, state):
    assert parse.state_of(word, D(filled)) is state


@pytest.mark.parametrize("value", [1.5, True, None, "NaN", "Infinity", "many"])
def test_only_exact_numbers_are_numbers(value):
    with pytest.raises(ValueError, match="number"):
        parse.number(value)


@pytest.mark.parametrize("value", ["", None, "0", "0.00000", "+5.0000%", "-3", "#5"])
def test_missing_and_relative_prices_are_none(value):
    assert parse.maybe(value) is None


def test_the_mean_cost_moves_with_buys_and_not_with_sales():
    newest_first = [trade("sell", 2, 200), trade("buy", 1, 110), trade("buy", 3, 100)]
    assert average_cost(D(2), newest_first) == D("102.5")


def test_what_was_sold_out_before_does_not_count():
    newest_first = [trade("buy", 1, 50), trade("sell", 5, 90), trade("buy", 5, 100)]
    assert average_cost(D(1), newest_first) == D(50)


def test_coins_that_no_trade_explains_have_no_known_cost():
    assert average_cost(D(1), []) is None
    assert average_cost(D(1), [trade("sell", 1, 100)]) is None


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 1000)), min_size=1, max_size=20))
def test_the_mean_cost_lies_between_the_cheapest_and_the_dearest_buy(buys):
    trades = [trade("buy", volume, price) for volume, price in buys]
    mean = average_cost(D(sum(volume for volume, _ in buys)), trades)
    tiny = D("1e-12")
    assert min(p for _, p in buys) - tiny <= mean <= max(p for _, p in buys) + tiny


def test_a_quick_cancel_costs_eight_and_a_late_one_nothing():
    assert [cancel_cost(age) for age in (0, 5, 10, 15, 45, 90, 300)] == [8, 6, 5, 4, 2, 1, 0]


async def hold(leave, until):
    async with leave:
        await until.wait()


async def test_the_sixty_first_order_in_a_pair_waits_and_another_pair_does_not(monkeypatch):
    monkeypatch.setitem(limits.PATIENCE, Lane.ENTRY, 0.05)
    counters = Counters()
    for _ in range(60):
        async with counters.order("XBTUSD", Lane.ENTRY, ERRORS):
            pass
    with pytest.raises(Throttled):
        async with counters.order("XBTUSD", Lane.ENTRY, ERRORS):
            pass
    async with counters.order("ETHUSD", Lane.ENTRY, ERRORS):
        pass


async def test_a_cancel_never_waits_and_orders_wait_for_what_it_counts(monkeypatch):
    monkeypatch.setitem(limits.PATIENCE, Lane.EXIT, 0.05)
    counters = Counters()

    async def cancel_often():
        for _ in range(50):
            async with counters.cancelling("XBTUSD", 0.0):
                pass

    await asyncio.wait_for(cancel_often(), 1)
    with pytest.raises(Throttled):
        async with counters.order("XBTUSD", Lane.EXIT, ERRORS):
            pass


async def test_a_request_on_its_way_fills_the_counter_until_it_is_answered():
    bucket, answered = Bucket(2.0, 1000.0), asyncio.Event()
    on_their_way = [
        asyncio.create_task(hold(bucket.request(1, Lane.ENTRY, 1, ERRORS), answered)) for _ in range(2)
    ]
    await asyncio.sleep(0.02)  # the counter would have lost ten times as much
    with pytest.raises(Throttled):
        async with bucket.request(1, Lane.ENTRY, 0.01, ERRORS):
            pass
    answered.set()
    await asyncio.gather(*on_their_way)
    async with bucket.request(1, Lane.ENTRY, 1, ERRORS):
        pass


async def test_who_gives_up_while_waiting_takes_nothing():
    bucket, answered = Bucket(1.0, 20.0), asyncio.Event()
    first = asyncio.create_task(hold(bucket.request(1, Lane.ENTRY, 1, ERRORS), answered))
    await asyncio.sleep(0)
    gone = asyncio.create_task(hold(bucket.request(1, Lane.CANCEL, 1, ERRORS), answered))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    answered.set()
    await first
    async with bucket.request(1, Lane.ENTRY, 1, ERRORS):
        pass


async def test_after_krakens_word_that_a_counter_is_full_it_is(monkeypatch):
    monkeypatch.setitem(limits.PATIENCE, Lane.EXIT, 0.02)
    counters = Counters()
    await counters.full("XBTUSD")
    with pytest.raises(Throttled):
        async with counters.order("XBTUSD", Lane.EXIT, ERRORS):
            pass
    async with counters.read(1, Lane.READ, 0.02, ERRORS):
        pass


def test_a_quick_change_costs_four_and_a_late_one_one():
    assert [amend_cost(age) for age in (0, 5, 10, 15)] == [4, 3, 2, 1]


async def test_changes_go_one_at_a_time_the_most_urgent_first():
    gate, went = Gate(), []

    async def change(lane):
        async with gate.changing(lane):
            went.append(lane)
            await asyncio.sleep(0)

    async with gate.changing(Lane.ENTRY):
        tasks = [asyncio.create_task(change(lane)) for lane in (Lane.ENTRY, Lane.EXIT, Lane.CANCEL)]
        await asyncio.sleep(0)
        assert went == []
    await asyncio.gather(*tasks)
    assert went == [Lane.CANCEL, Lane.EXIT, Lane.ENTRY]


async def test_a_read_waits_for_a_change_and_a_change_not_for_a_read():
    gate = Gate()
    async with gate.changing(Lane.CANCEL):
        waiting = asyncio.create_task(gate.quiet())
        await asyncio.sleep(0)
        assert not waiting.done()
    await asyncio.wait_for(waiting, 1)


async def test_a_change_given_up_while_waiting_does_not_block_the_next():
    gate = Gate()

    async def change():
        async with gate.changing(Lane.ENTRY):
            return True

    async with gate.changing(Lane.ENTRY):
        waiting = asyncio.create_task(change())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert await asyncio.wait_for(change(), 1)
    await asyncio.wait_for(gate.quiet(), 1)


@pytest.mark.parametrize(
    ("allowed", "told"),
    [
        ({"query-funds", "modify-trades"}, False),
        ({"withdraw-funds"}, True),
        ({"add-withdraw-address"}, True),
        ({"update-withdraw-address"}, True),
    ],
)
def test_any_permission_about_withdrawals_counts(allowed, told):
    assert keys.may_withdraw(frozenset(allowed)) is told


def test_a_secret_that_is_not_base64_is_refused():
    with pytest.raises(AuthFailed):
        keys.check_secret("not base64!", ERRORS)


async def test_pairs_are_found_by_every_name_and_steps_are_exact():
    raw = {
        "altname": "XBTUSD",
        "base": "XXBT",
        "quote": "ZUSD",
        "pair_decimals": 1,
        "lot_decimals": 8,
        "ordermin": "0.00005",
        "costmin": "0.5",
        "tick_size": "0.1",
        "status": "online",
        "fees": [[0, 0.4]],
    }
    market = {"id": "XXBTZUSD", "symbol": "BTC/USD", "base": "BTC", "quote": "USD", "info": raw}
    markets = Markets()

    async def ask():
        return {"BTC/USD": market}

    await markets.load(0.0, ask)
    names = ("XXBTZUSD", "XBTUSD", "BTC/USD", "BTCUSD")
    assert {markets.named(name).instrument for name in names} == {read(market).instrument}
    found = markets.wanted("XBTUSDT").instrument
    assert (found.price_increment, found.quantity_increment) == (D("0.1"), D("0.00000001"))
    assert (found.min_quantity, found.min_notional) == (D("0.00005"), D("0.5"))
    assert markets.of_asset("XXBT").instrument == found
