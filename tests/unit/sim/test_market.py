"""The pretend market: the same seed, the same world."""

from decimal import Decimal

import pytest

from domain.errors import InvalidValue
from domain.instruments import AssetClass
from sim.clock import DrivenClock
from sim.market import HARD_TO_BORROW, UNTRADABLE, Market

Dec = Decimal


def market(seed: int = 0) -> Market:
    return Market(seed=seed, clock=DrivenClock())


def test_the_same_seed_walks_the_same_way_and_another_does_not() -> None:
    one, two, other = market(1), market(1), market(2)
    for each in (one, two, other):
        each.step(10)
    assert one.quote("AAPL") == two.quote("AAPL")
    assert one.quote("AAPL") != other.quote("AAPL")


def test_a_walk_never_crosses_or_leaves_the_steps() -> None:
    walking = market(3)
    walking.step(300)
    for instrument in walking.instruments():
        quote = walking.quote(instrument.symbol)
        assert 0 < quote.bid <= quote.ask
        assert quote.bid % instrument.price_increment == 0


async def test_a_move_keeps_the_spread_and_stamps_the_time() -> None:
    clock = DrivenClock()
    moving = Market(clock=clock)
    before = moving.quote("AAPL")
    await clock.advance(10)
    after = moving.move("AAPL", Dec(200))
    assert (after.mid, after.ask - after.bid) == (Dec(200), before.ask - before.bid)
    assert (after.at - before.at).total_seconds() == 10


def test_listeners_hear_every_change_until_they_leave() -> None:
    loud = market()
    heard: list[tuple[str, Decimal]] = []
    leave = loud.listen(lambda symbol, quote: heard.append((symbol, quote.bid)))
    loud.set("BTC/USD", Dec(100), Dec(101), Dec(5), Dec(6))
    assert heard == [("BTCUSD", Dec(100))]
    assert loud.quote("BTCUSD").ask_size == 6
    leave()
    loud.move("AAPL", Dec(5))
    assert len(heard) == 1


def test_assets_carry_their_facts() -> None:
    world = market()
    assert not world.instrument(UNTRADABLE).tradable
    assert not world.instrument(HARD_TO_BORROW).shortable
    coin = world.instrument("ETH/USD")
    assert (coin.symbol, coin.broker_symbol, coin.asset_class) == ("ETHUSD", "ETH/USD", AssetClass.CRYPTO)


def test_options_come_into_being_when_asked_for() -> None:
    world = market()
    call, put = "AAPL260619C00190000", "AAPL260619P00250000"
    assert world.exists(call)
    assert world.instrument(call).multiplier == 100
    assert world.quote(put).mid > 60  # far in the money
    for nothing in ("ZZZZ260619C00190000", "AAPL250101C00190000", "BTCUSD260619C00190000", "ZZZZZ"):
        assert not world.exists(nothing)
    with pytest.raises(InvalidValue):
        world.quote("ZZZZZ")


def test_a_quote_that_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidValue):
        market().set("AAPL", Dec(10), Dec(9))
