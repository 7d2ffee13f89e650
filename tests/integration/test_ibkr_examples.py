"""The pretend TWS, asked without our adapter: the vendor's own examples, and the SDK's own decoder."""

from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from adapters.ibkr import sdk
from domain.instruments import AssetClass, InstrumentQuery, OptionContract, OptionRight
from domain.orders import TimeInForce
from sim.clock import DrivenClock
from sim.ibkr.client import Client
from tests.integration.examples import ibkr as examples
from tests.integration.ibkr_world import D, limit, order, stock, world
from tests.support import eventually

MARCH = datetime(2026, 3, 2, 15, tzinfo=UTC)


def fitted(body):
    return {key: examples.FITTED.get(value, value) for key, value in body.items()}


@asynccontextmanager
async def plain_sdk():
    """The SDK as anyone uses it, before the pretend TWS."""
    async with world(clock=DrivenClock(MARCH)) as w:
        module = sdk.load()
        ib = module.IB()
        said = []
        ib.errorEvent += lambda request, code, text, contract: said.append(code)
        await ib.connectAsync("127.0.0.1", w.sim.port, clientId=9, timeout=4)
        try:
            yield w, module, ib, said
        finally:
            ib.disconnect()


@pytest.mark.parametrize("example", examples.CONTRACTS, ids=lambda e: e.name)
async def test_a_documented_contract_is_known_or_refused_as_tws_does(example):
    async with plain_sdk() as (_, module, ib, said):
        found = await ib.reqContractDetailsAsync(module.Contract(**fitted(example.body)))
        if example.beyond:
            assert (found, said[-1]) == ([], 200)
            return
        (details,) = found
        assert {name: getattr(details.contract, name) for name in example.answer} == example.answer
        assert details.contract.conId > 0
        assert details.minTick > 0


@pytest.mark.parametrize("example", examples.ORDERS, ids=lambda e: e.name)
async def test_a_documented_order_is_taken_or_refused_as_tws_does(example):
    async with plain_sdk() as (w, module, ib, said):
        wanted = module.Order(account="DU1234567", tif="DAY", **example.body)
        ib.placeOrder(module.Stock("AAPL", "SMART", "USD"), wanted)
        if example.beyond:
            await eventually(lambda: example.answer["code"] in said)
            assert w.sim.orders() == []
            return
        await eventually(lambda: [o.status for o in w.sim.orders()] == [example.answer["status"]])
        (row,) = w.sim.orders()
        told = {"action": row.action, "orderType": row.kind, "totalQuantity": row.quantity}
        assert told.items() <= example.body.items()
        prices = {
            "lmtPrice": row.limit_price,
            "auxPrice": row.aux_price,
            "trailingPercent": row.trail_percent,
        }
        assert all(prices[name] == value for name, value in example.body.items() if name in prices)


async def test_the_documented_bracket_is_released_by_its_last_part():
    async with plain_sdk() as (w, module, ib, _):
        share, parent = module.Stock("AAPL", "SMART", "USD"), 0
        for body in examples.BRACKET.body["orders"]:
            made = module.Order(account="DU1234567", tif="GTC", orderId=ib.client.getReqId(), **body)
            made.parentId, parent = parent, parent or made.orderId
            assert not w.sim.orders()
            ib.placeOrder(share, made)
        statuses = list(examples.BRACKET.answer["statuses"])
        await eventually(lambda: [o.status for o in w.sim.orders()] == statuses)


async def test_the_plain_sdk_trades_every_class_and_hears_of_it():
    async with plain_sdk() as (_, module, ib, said):
        for contract in (
            module.Stock("AAPL", "SMART", "USD"),
            module.Option("AAPL", "20260619", 100, "C", "SMART", "100", "USD"),
            module.Future("MES", "202606", "CME"),
            module.Forex("EURUSD"),
        ):
            (details,) = await ib.reqContractDetailsAsync(contract)
            trade = ib.placeOrder(
                details.contract, module.MarketOrder("BUY", 1, account="DU1234567", tif="DAY")
            )
            await eventually(trade.isDone)
            assert trade.orderStatus.status == "Filled"
            assert [fill.execution.shares for fill in trade.fills] == [1]
        held = await ib.reqPositionsAsync()
        assert {p.contract.secType for p in held} == {"STK", "OPT", "FUT", "CASH"}
        assert not [code for code in said if code != 2104]


# The SDK's own decoder, strictly

KINDS = {1, 3, 4, 5, 7, 9, 10, 11, 15, 49, 52, 53, 54, 55, 57, 58, 59, 61, 62, 63, 64, 74, 101, 102}
NOT_DECODED = {9, 15}
"""Read by the SDK's client itself."""


class Heard:
    """Be a wrapper that notes what the decoder makes of a message."""

    defaultTimezone = UTC  # noqa: N815

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        return lambda *args: self.calls.append((name, args))


@pytest.fixture
def frames(monkeypatch):
    """Every message the pretend TWS sends to anybody."""
    sent, out = [], Client._out

    def keep(self, data):
        rest = data
        while len(rest) >= 4:
            length = int.from_bytes(rest[:4], "big")
            sent.append((self.version, rest[4 : 4 + length].decode().split("\0")[:-1]))
            rest = rest[4 + length :]
        out(self, data)

    monkeypatch.setattr(Client, "_out", keep)
    return sent


async def live_a_day(w, session):
    """Let TWS say everything it can say."""
    stocks = await stock(session)
    day = datetime.now(UTC).date() + timedelta(days=60)
    option = OptionContract(underlying="AAPL", expiry=day, strike=D(100), right=OptionRight.CALL)
    call = await session.resolve(InstrumentQuery(symbol="AAPL", option=option))
    future = await session.resolve(InstrumentQuery(symbol="ES", asset_class=AssetClass.FUTURE))
    pair = await session.resolve(InstrumentQuery(symbol="EURUSD", asset_class=AssetClass.FOREX))
    for thing in (stocks, call, future, pair):
        await session.quote(thing)
        await session.fees(order(thing, "1"))
        await session.submit(order(thing, "1"))
    sent = await session.submit(limit(stocks, "90", take_profit=D(110), stop_loss=D(80)))
    await session.replace(sent.broker_order_id, limit_price=D(91))
    await session.cancel(sent.broker_order_id)
    await session.submit(limit(stocks, "92", time_in_force=TimeInForce.GTC))
    await session.account()
    await session.positions()
    await session._link.ib.reqCurrentTimeAsync()


@pytest.mark.parametrize("version", [176, 177, 178])
async def test_every_message_is_read_whole_by_the_sdks_own_decoder(version, frames):
    async with world(version=version) as w:
        async with w.open() as session:
            await live_a_day(w, session)
        async with w.open() as session:  # once more, with completed orders and positions to tell of
            await session.open_orders()
    module = sdk.load()
    spoken = min(version, module.client.Client.MaxClientVersion)
    told = [(fields, used) for used, fields in frames if fields[0] != str(spoken)]
    assert {used for _, used in told} == {spoken}
    assert {int(fields[0]) for fields, _ in told} == KINDS
    for fields, _ in told:
        kind = int(fields[0])
        if kind in NOT_DECODED:
            continue
        heard = Heard()
        decoder = module.decoder.Decoder(heard, spoken)
        decoder.handlers[kind](list(fields))
        assert heard.calls, fields


async def test_what_the_decoder_reads_is_what_the_pretend_tws_knows(frames):
    async with world() as w:
        async with w.open() as session:
            request = limit(await stock(session), "90.5", "7", time_in_force=TimeInForce.GTC)
            await session.submit(request)
        (row,) = w.sim.orders()
    module, heard = sdk.load(), Heard()
    version = module.client.Client.MaxClientVersion
    decoder = module.decoder.Decoder(heard, version)
    for _, fields in frames:
        if fields[0] == "5":
            decoder.handlers[5](list(fields))
    order_id, contract, told, state = next(args for name, args in heard.calls if name == "openOrder")
    assert (order_id, told.permId, told.clientId) == (row.order_id, row.perm_id, 71)
    assert (told.action, told.orderType, told.tif) == ("BUY", "LMT", "GTC")
    assert (told.totalQuantity, told.lmtPrice, told.orderRef) == (7, 90.5, request.client_order_id)
    assert (contract.symbol, contract.secType, state.status) == ("AAPL", "STK", "Submitted")
    # The last fields are read right only where all before them were.
    assert (told.ocaType, told.postToAts, told.minCompeteSize) == (3, 2147483647, 2147483647)


async def test_no_message_is_longer_than_the_decoder_reads(frames):
    async with world() as w, w.open() as session:
        await live_a_day(w, session)
    version = sdk.load().client.Client.MaxClientVersion
    lengths = {(f[0], len(f)) for _, f in frames if f[0] in {"5", "11", "101"}}
    fa_profile = version >= 177
    assert lengths <= {("5", 136 - fa_profile), ("101", 101 - fa_profile), ("11", 31 + (version >= 178))}
    assert Counter(kind for kind, _ in lengths)["5"] == 1
