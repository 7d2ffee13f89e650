"""Futures at TWS: the month that is meant, the exchange, the steps, the orders, and what is refused."""

from datetime import UTC, datetime

import pytest

from domain.errors import Denied, InsufficientFunds, NotTradable
from domain.instruments import AssetClass, InstrumentQuery
from domain.orders import LegRole, OrderState, PositionEffect, Side, TimeInForce
from sim.clock import DrivenClock
from tests.integration.ibkr_world import D, limit, order, world
from tests.support import eventually

MARCH = datetime(2026, 3, 2, 15, tzinfo=UTC)


async def future(session, name="ESM6"):
    return await session.resolve(InstrumentQuery(symbol=name, asset_class=AssetClass.FUTURE))


@pytest.fixture
async def tws():
    async with world(clock=DrivenClock(MARCH)) as w, w.open() as session:
        yield w, session


@pytest.mark.parametrize("name", ["ESM6", "ESM26", "ESM2026"])
async def test_a_named_month_is_asked_for_with_symbol_exchange_and_class(tws, name):
    w, session = tws
    found = await future(session, name)
    (asked,) = w.seen("reqContractDetails")
    assert asked.fields[4:7] == ("ES", "FUT", "202606")
    assert [asked.fields[i] for i in (10, 12, 14)] == ["CME", "USD", "ES"]
    assert (found.symbol, found.multiplier, found.price_increment) == ("ESM26", D(50), D("0.25"))
    assert found.broker_symbol.endswith("@CME")
    assert found.shortable


@pytest.mark.parametrize(
    ("name", "month"),
    [
        ("ES", "ESH26"),
        ("MES", "MESH26"),
        ("6E", "6EH26"),
        ("MCL", "MCLJ26"),
        ("MGC", "MGCJ26"),
        ("SIL", "SILK26"),
    ],
)
async def test_the_month_in_front_is_the_next_one_with_volume(tws, name, month):
    _, session = tws
    assert (await future(session, name)).symbol == month


@pytest.mark.parametrize(
    ("today", "name", "month"),
    [
        ((2026, 3, 12), "ES", "ESH26"),
        ((2026, 3, 13), "ES", "ESM26"),
        ((2026, 3, 18), "MGC", "MGCJ26"),
        ((2026, 3, 19), "MGC", "MGCM26"),
        ((2026, 3, 12), "MCL", "MCLK26"),
    ],
)
async def test_the_month_in_front_moves_on_before_its_end_and_before_delivery(today, name, month):
    async with world(clock=DrivenClock(datetime(*today, 15, tzinfo=UTC))) as w, w.open() as session:
        assert (await future(session, name)).symbol == month


@pytest.mark.parametrize("name", ["ESH5", "ESH25", "ESF6", "XYZ", "XYZH6"])
async def test_a_month_that_is_over_or_never_was_is_not_tradable(tws, name):
    _, session = tws
    with pytest.raises(NotTradable):
        await future(session, name)


async def test_a_future_quoted_in_cents_is_denied_for_its_fills_come_in_dollars(tws):
    _, session = tws
    with pytest.raises(Denied) as caught:
        await future(session, "ZC")
    assert caught.value.code == "price_magnifier"
    assert "cents" in caught.value.text


async def test_a_root_alone_without_a_class_is_a_share_and_a_dated_name_a_future(tws):
    _, session = tws
    assert (await session.resolve(InstrumentQuery(symbol="F"))).asset_class is AssetClass.EQUITY
    assert (await session.resolve(InstrumentQuery(symbol="ESM6"))).asset_class is AssetClass.FUTURE


async def test_a_quote_and_fees_are_of_the_contract(tws):
    w, session = tws
    es = await future(session)
    w.market.set("ESM26", D("5000.25"), D("5000.50"))
    quote = await session.quote(es)
    assert (quote.symbol, quote.bid, quote.ask) == ("ESM26", D("5000.25"), D("5000.5"))
    assert (await session.fees(order(es, "2"))).amount == D("4.50")
    assert w.seen("reqMktData")[0].fields[10] == "CME"


async def test_an_order_goes_to_its_exchange_on_its_step_and_works_at_night(tws):
    w, session = tws
    sent = await session.submit(limit(await future(session), "4990.13", "1"))
    (fields,) = w.placed()
    assert (fields[4], fields[9], fields[19], fields[33]) == ("FUT", "CME", "4990.25", "1")
    assert (sent.symbol, sent.limit_price, sent.state) == ("ESM26", D("4990.25"), OrderState.WORKING)


async def test_parts_of_a_contract_are_cut_off(tws):
    w, session = tws
    es = await future(session)
    await session.submit(limit(es, "4000", "1.9"))
    assert w.placed()[0][17] == "1"
    with pytest.raises(Denied):
        await session.submit(limit(es, "4000", "0.5"))


async def test_a_bracket_protects_at_night_too(tws):
    w, session = tws
    mes = await future(session, "MESM6")
    w.market.set("MESM26", D(5000), D("5000.25"))
    sent = await session.submit(order(mes, "2", take_profit=D(5100), stop_loss=D(4950)))
    assert [f[33] for f in w.placed()] == ["1", "1", "1"]
    assert {leg.role for leg in sent.legs} == {LegRole.TAKE_PROFIT, LegRole.STOP_LOSS}
    w.market.set("MESM26", D(4949), D("4949.25"))

    async def stopped():
        found = await session.find_order(sent.client_order_id)
        (stop,) = [leg for leg in found.legs if leg.role is LegRole.STOP_LOSS]
        return stop.state is OrderState.FILLED

    await eventually(stopped)


async def test_a_position_is_in_points_and_is_closed_by_the_same_symbol(tws):
    w, session = tws
    mes = await future(session, "MESM6")
    w.market.set("MESM26", D(5000), D("5000.25"))
    await session.submit(order(mes, "2"))
    (held,) = await session.positions()
    assert (held.instrument.symbol, held.quantity, held.average_price) == ("MESM26", D(2), D("5000.25"))
    assert held.instrument.broker_symbol == mes.broker_symbol
    with pytest.raises(InsufficientFunds):
        await session.submit(order(mes, "3", side=Side.SELL, effect=PositionEffect.CLOSE))
    await session.close_position(held.instrument, "11111111-1111-4111-8111-111111111111")
    assert await session.positions() == []


async def test_a_short_sale_of_a_future_is_an_ordinary_order(tws):
    _w, session = tws
    mes = await future(session, "MESM6")
    await session.submit(order(mes, "1", side=Side.SELL))
    (held,) = await session.positions()
    assert held.quantity == -1


@pytest.mark.parametrize("force", [TimeInForce.FOK, TimeInForce.OPG, TimeInForce.CLS])
async def test_a_time_in_force_futures_do_not_have_is_denied(tws, force):
    w, session = tws
    with pytest.raises(Denied, match="futures"):
        await session.submit(limit(await future(session), "4000", "1", time_in_force=force))
    assert not w.placed()


async def test_a_working_future_is_changed_on_its_own_step_by_a_process_that_never_resolved_it(tws):
    w, session = tws
    sent = await session.submit(limit(await future(session), "4990", "1"))
    await session.disconnect()
    async with w.open() as other:
        changed = await other.replace(sent.broker_order_id, limit_price=D("4991.10"))
        assert changed.limit_price == D("4991")
    (fields,) = [r.fields for r in w.seen("modifyOrder")]
    assert (fields[9], fields[33]) == ("CME", "1")


async def test_months_spelled_out_are_the_same_symbol(tws):
    _w, session = tws
    dow = await future(session, "MYMM6")
    assert dow.symbol == "MYMM26"
    await session.submit(limit(dow, "39000", "1"))
    assert [o.symbol for o in await session.open_orders()] == ["MYMM26"]
