"""Options at TWS: the OCC symbol and IB's own form, both ways, over the socket."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from adapters.ibkr import asking, contracts
from adapters.ibkr.records import our_symbol
from domain.errors import Denied, NotTradable
from domain.instruments import AssetClass, InstrumentQuery, OptionContract
from domain.orders import OrderState, PositionEffect, Side
from sim.clock import DrivenClock
from tests.integration.ibkr_world import D, limit, order, world

OCC = "AAPL260619C00102500"
MARCH = datetime(2026, 3, 2, 15, tzinfo=UTC)


async def call(session, occ=OCC):
    option = OptionContract.from_occ(occ)
    return await session.resolve(InstrumentQuery(symbol=option.underlying, option=option))


@pytest.fixture
async def tws():
    async with world(clock=DrivenClock(MARCH)) as w, w.open() as session:
        w.market.set(OCC, D("4.90"), D("5.00"))
        yield w, session


def theirs(**told):
    facts = {
        "secType": "OPT",
        "conId": 1,
        "symbol": "SPX",
        "lastTradeDateOrContractMonth": "20260619",
        "strike": 5000.0,
        "right": "C",
        "multiplier": "100",
        "exchange": "",
        "currency": "USD",
        "localSymbol": "SPX   260619C05000000",
        "tradingClass": "SPX",
    }
    return SimpleNamespace(**{**facts, **told})


async def test_an_occ_symbol_is_asked_for_in_fields_and_comes_back_as_occ(tws):
    w, session = tws
    found = await call(session)
    (asked,) = w.seen("reqContractDetails")
    assert asked.fields[4:11] == ("AAPL", "OPT", "20260619", "102.5", "C", "100", "SMART")
    assert (found.symbol, found.option.strike, found.multiplier) == (OCC, D("102.5"), D(100))
    assert found.broker_symbol.endswith("@SMART")


async def test_an_option_is_traded_by_its_contract_id_and_held_under_its_occ_symbol(tws):
    w, session = tws
    option = await call(session)
    sent = await session.submit(limit(option, "5.00", "2"))
    (fields,) = w.placed()
    assert (f"{fields[2]}@{fields[9]}", fields[4]) == (option.broker_symbol, "OPT")
    assert (sent.symbol, sent.state, sent.average_price) == (OCC, OrderState.FILLED, D(5))
    (held,) = await session.positions()
    assert (held.instrument.symbol, held.quantity, held.average_price) == (OCC, D(2), D(5))
    await session.submit(limit(option, "4.90", "2", side=Side.SELL, effect=PositionEffect.CLOSE))
    assert await session.positions() == []


async def test_legs_on_an_option_and_trailing_are_denied_and_nothing_is_sent(tws):
    w, session = tws
    with pytest.raises(Denied):
        await session.submit(order(await call(session), "1", stop_loss=D(3), take_profit=D(8)))
    assert not w.placed()


@pytest.mark.parametrize("occ", ["NOSUCH260619C00100000", "AAPL250101C00100000"])
async def test_an_option_that_is_not_listed_is_not_tradable(tws, occ):
    _, session = tws
    with pytest.raises(NotTradable):
        await call(session, occ)


@pytest.mark.parametrize(
    ("told", "symbol"),
    [
        ({}, "SPX260619C05000000"),
        ({"localSymbol": "SPXW  260619C05000000", "tradingClass": "SPXW"}, "SPXW260619C05000000"),
        ({"symbol": "BRK B", "localSymbol": "BRKB  260619P00400000"}, "BRKB260619P00400000"),
        (
            {"symbol": "BRK B", "localSymbol": "", "strike": 400.0, "right": "PUT", "tradingClass": "BRKB"},
            "BRKB260619P00400000",
        ),
        ({"localSymbol": "", "strike": 0.5}, "SPX260619C00000500"),
        ({"localSymbol": "C SPX  JUN 26  5000"}, "SPX260619C05000000"),
    ],
)
def test_the_class_names_an_option_and_not_its_underlying(told, symbol):
    assert our_symbol(theirs(**told)) == symbol
    assert contracts.bare(theirs(**told)).symbol == symbol
    assert contracts.bare(theirs(**told)).option.occ == symbol


def test_an_option_of_an_adjusted_share_keeps_the_name_tws_gives_it():
    odd = theirs(localSymbol="AAPL1 260619C00100000", lastTradeDateOrContractMonth="")
    assert our_symbol(odd) == "AAPL1260619C00100000"
    adjusted = theirs(symbol="AAPL", tradingClass="AAPL1", localSymbol="AAPL1 260619C00100000", strike=100.0)
    shown = contracts.bare(adjusted)
    assert (shown.symbol, shown.tradable, shown.option) == ("AAPL1260619C00100000", False, None)


def test_of_two_classes_of_one_index_the_named_one_is_meant():
    thing = asking.wanted(
        InstrumentQuery(symbol="SPX", option=OptionContract.from_occ("SPX260619C05000000")), date(2026, 3, 2)
    )
    weekly = SimpleNamespace(contract=theirs(tradingClass="SPXW", localSymbol="SPXW  260619C05000000"))
    monthly = SimpleNamespace(contract=theirs())
    assert asking.chosen([weekly, monthly], thing, date(2026, 3, 2)) is monthly
    assert asking.chosen([weekly], thing, date(2026, 3, 2)) is weekly
    assert asking.chosen([], thing, date(2026, 3, 2)) is None
    assert thing.kind is AssetClass.OPTION
