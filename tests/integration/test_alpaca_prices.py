"""Prices for the paper broker and the planner, through the real data clients."""

import asyncio
from decimal import Decimal

import pytest

from adapters.alpaca.parse import bare_instrument
from adapters.alpaca.prices import AlpacaPrices
from domain.errors import Unreachable
from domain.instruments import AssetClass
from sim.clock import DrivenClock
from sim.faults import FaultAction
from tests.integration.alpaca_world import KEY, SECRET, world

D = Decimal
APPLE = bare_instrument("AAPL", AssetClass.EQUITY)


@pytest.mark.parametrize(
    ("symbol", "kind", "path"),
    [
        ("AAPL", AssetClass.EQUITY, "/v2/stocks/quotes/latest"),
        ("BTCUSD", AssetClass.CRYPTO, "/v1beta3/crypto/us/latest/quotes"),
        ("AAPL270319C00100000", AssetClass.OPTION, "/v1beta1/options/quotes/latest"),
    ],
)
async def test_stocks_coins_and_options_are_quoted_exactly(symbol, kind, path):
    async with world() as w, AlpacaPrices(KEY, SECRET, w.sim.url) as prices:
        w.market.set(symbol, D("99.07"), D("100.13"))
        quote = await prices.quote(bare_instrument(symbol, kind))
        assert (quote.symbol, quote.bid, quote.ask) == (symbol, D("99.07"), D("100.13"))
        assert quote.at.tzinfo is not None
        assert len(w.seen("GET", path)) == 1


async def test_what_nobody_quotes_is_none():
    async with world() as w, AlpacaPrices(KEY, SECRET, w.sim.url) as prices:
        assert await prices.quote(bare_instrument("ZZZZ", AssetClass.EQUITY)) is None


async def test_a_hundred_followers_of_one_signal_ask_once():
    async with world() as w, AlpacaPrices(KEY, SECRET, w.sim.url) as prices:
        quotes = await asyncio.gather(*(prices.quote(APPLE) for _ in range(100)))
        assert {quote.ask for quote in quotes} == {D(100)}
        assert len(w.seen("GET", "/v2/stocks/quotes/latest")) == 1


async def test_a_price_is_not_kept_for_long():
    clock = DrivenClock()
    async with world(clock) as w, AlpacaPrices(KEY, SECRET, w.sim.url, clock) as prices:
        await prices.quote(APPLE)
        w.market.set("AAPL", D(109), D(110))
        await clock.advance(0.3)
        assert (await prices.quote(APPLE)).ask == D(110)


async def test_trouble_at_the_data_server_is_not_taken_for_an_unknown_symbol():
    async with world() as w, AlpacaPrices(KEY, SECRET, w.sim.url) as prices:
        w.faults.add("GET /v2/stocks/*", FaultAction.GARBAGE_BODY, times=9)
        with pytest.raises(Unreachable):
            await prices.quote(APPLE)


async def test_a_missing_side_is_no_price():
    async with world() as w, AlpacaPrices(KEY, SECRET, w.sim.url) as prices:
        body = {"quotes": {"AAPL": {"t": "2026-03-02T15:00:00.123456789Z", "bp": 0, "ap": 100.5}}}
        w.faults.add("GET /v2/stocks/*", FaultAction.STATUS, status=200, body=body)
        assert await prices.quote(APPLE) is None
