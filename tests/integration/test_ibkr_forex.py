"""Currency pairs at TWS: IDEALPRO, its steps, positions in the first currency, and the way back."""

import pytest

from domain.errors import Denied, NotTradable
from domain.instruments import AssetClass, InstrumentQuery
from domain.orders import LegRole, OrderState, PositionEffect, Side
from tests.integration.ibkr_world import D, limit, order, world
from tests.support import eventually


async def pair(session, name="EURUSD", kind=AssetClass.FOREX):
    return await session.resolve(InstrumentQuery(symbol=name, asset_class=kind))


@pytest.fixture
async def tws():
    async with world() as w, w.open() as session:
        w.market.set("EURUSD", D("1.1"), D("1.10005"))
        yield w, session


@pytest.mark.parametrize("kind", [AssetClass.FOREX, AssetClass.CRYPTO, None])
async def test_a_pair_is_asked_for_at_idealpro_whatever_a_person_took_it_for(tws, kind):
    w, session = tws
    found = await pair(session, kind=kind)
    (asked,) = w.seen("reqContractDetails")
    assert [asked.fields[i] for i in (4, 5, 10, 12)] == ["EUR", "CASH", "IDEALPRO", "USD"]
    assert (found.symbol, found.asset_class, found.price_increment) == (
        "EURUSD",
        AssetClass.FOREX,
        D("0.00005"),
    )
    assert (found.quantity_increment, found.multiplier, found.currency) == (D(1), D(1), "USD")


async def test_a_pair_quoted_in_another_currency_says_so(tws):
    _, session = tws
    yen = await pair(session, "USDJPY")
    assert (yen.currency, yen.price_increment) == ("JPY", D("0.005"))


@pytest.mark.parametrize("name", ["USDEUR", "EUREUR", "XAUUSD", "EURXXX", "EUR"])
async def test_what_idealpro_does_not_quote_is_not_tradable(tws, name):
    _, session = tws
    with pytest.raises(NotTradable):
        await pair(session, name)


async def test_an_order_is_on_half_a_pip_and_in_whole_units(tws):
    w, session = tws
    sent = await session.submit(limit(await pair(session), "1.09123", "20000.7"))
    (fields,) = w.placed()
    assert [fields[i] for i in (4, 9, 17, 19)] == ["CASH", "IDEALPRO", "20000", "1.09125"]
    assert (sent.symbol, sent.quantity, sent.state) == ("EURUSD", D(20000), OrderState.WORKING)


async def test_a_position_goes_by_the_name_of_the_pair_and_can_be_closed(tws):
    _w, session = tws
    euro = await pair(session)
    await session.submit(order(euro, "20000"))
    (held,) = await session.positions()
    assert (held.instrument.symbol, held.quantity, held.average_price) == ("EURUSD", D(20000), D("1.10005"))
    assert held.instrument.broker_symbol == euro.broker_symbol
    await session.close_position(held.instrument, "11111111-1111-4111-8111-111111111111")
    assert await session.positions() == []


async def test_a_short_pair_has_a_bracket_above_it(tws):
    w, session = tws
    sent = await session.submit(
        order(await pair(session), "20000", side=Side.SELL, take_profit=D("1.05"), stop_loss=D("1.15"))
    )
    w.market.set("EURUSD", D("1.15"), D("1.15005"))

    async def stopped():
        found = await session.find_order(sent.client_order_id)
        (stop,) = [leg for leg in found.legs if leg.role is LegRole.STOP_LOSS]
        return stop.state is OrderState.FILLED

    await eventually(stopped)
    assert await session.positions() == []


async def test_quote_and_fees_of_a_pair(tws):
    _w, session = tws
    euro = await pair(session)
    quote = await session.quote(euro)
    assert (quote.bid, quote.ask) == (D("1.1"), D("1.10005"))
    assert (await session.fees(order(euro, "20000"))).amount == D(2)


async def test_fees_are_guessed_by_the_value_where_there_is_no_preview():
    async with world(patience=0.1) as w, w.open() as session:
        w.sim.mute.add("whatIf")
        fees = await session.fees(limit(await pair(session), "1.2", "1000000"))
        assert (fees.amount, fees.currency) == (D("24.00"), "USD")


async def test_more_than_is_held_is_not_closed_and_money_is_no_size(tws):
    w, session = tws
    euro = await pair(session)
    with pytest.raises(Denied):
        await session.submit(order(euro, None, notional=D(1000)))
    await session.submit(order(euro, "20000"))
    before = len(w.placed())
    with pytest.raises(Exception, match="not that much"):
        await session.submit(order(euro, "20001", side=Side.SELL, effect=PositionEffect.CLOSE))
    assert len(w.placed()) == before


async def test_a_pair_sent_to_another_exchange_is_refused_by_tws(tws):
    _w, session = tws
    euro = await pair(session)
    known = euro.broker_symbol.partition("@")[0]
    wrong = type(euro)(
        symbol="EURUSD",
        asset_class=AssetClass.FOREX,
        broker_symbol=f"{known}@SMART",
        price_increment=D("0.00005"),
    )
    with pytest.raises(NotTradable):
        await session.submit(limit(wrong, "1.09", "20000"))
