"""The pretend Alpaca, held against what Alpaca itself documents and against alpaca-py's own models."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import aiohttp
import pytest

from sim.clock import DrivenClock
from tests.integration.alpaca_world import KEY, SECRET, world
from tests.integration.examples import alpaca as examples

D = Decimal
HEADERS = {"APCA-API-KEY-ID": KEY, "APCA-API-SECRET-KEY": SECRET}
THEN = datetime(2023, 11, 6, 15, 0, tzinfo=UTC)
"""A Monday morning when the examples' contracts were listed."""
EXPIRY_DAY = datetime(2024, 1, 19, 20, 31, tzinfo=UTC)
SUNDAY = datetime(2024, 1, 14, 15, 0, tzinfo=UTC)


def then(**options):
    return world(DrivenClock(options.pop("at", THEN)), **options)


def price(w):
    w.market.set("AAPL", D("189.90"), D(190))
    w.market.set("TSLA", D("219.90"), D(220))
    w.market.set("SPY", D("299.90"), D(300))


async def post(w, body):
    body = {name: value for name, value in body.items() if value is not None}
    url = f"{w.sim.url}/v2/orders"
    async with aiohttp.ClientSession(headers=HEADERS) as http, http.post(url, json=body) as reply:
        return reply.status, await reply.json()


def sdk(url):
    from alpaca.trading.client import TradingClient

    return TradingClient(KEY, SECRET, url_override=url, raw_data=False)


class Same:
    """Hand the SDK a documented body as it stands."""

    def __init__(self, fields):
        self.to_request_fields = lambda: fields


@pytest.mark.parametrize(("source", "body", "legs"), examples.ORDERS)
async def test_documented_orders_are_accepted_and_read_by_the_sdks_own_models(source, body, legs):
    from alpaca.trading.models import Order

    def use(url):
        client = sdk(url)
        if body["side"] == "sell":
            client.submit_order(Same(examples.HOLDS[0]))
        sent = client.submit_order(Same(body))
        again = client.get_order_by_id(sent.id)
        client._session.close()
        return sent, again

    async with then() as w:
        price(w)
        sent, again = await asyncio.to_thread(use, w.sim.url)
        assert isinstance(sent, Order), source
        assert sent.symbol == again.symbol == body["symbol"]
        assert (sent.side.value, sent.type.value) == (body["side"], body["type"])
        assert D(sent.qty) == D(body["qty"])
        assert len(sent.legs or ()) == legs


@pytest.mark.parametrize(("source", "kind", "tif"), examples.OPTION_KINDS)
async def test_options_take_the_documented_types_and_times_in_force(source, kind, tif):
    prices = {"limit": {"limit_price": "1"}, "stop": {"stop_price": "50"}}
    prices["stop_limit"] = prices["stop"] | {"limit_price": "51"}
    changes = {"type": kind, "time_in_force": tif, "limit_price": None, **prices.get(kind, {})}

    def use(url):
        client = sdk(url)
        body = {name: value for name, value in {**examples.OPTION, **changes}.items() if value is not None}
        sent = client.submit_order(Same(body))
        client._session.close()
        return sent

    async with then() as w:
        price(w)
        sent = await asyncio.to_thread(use, w.sim.url)
        found = [sent.asset_class, sent.type, sent.time_in_force, sent.position_intent]
        assert [part.value for part in found] == ["us_option", kind, tif, "buy_to_open"], source


@pytest.mark.parametrize(("changes", "status", "code", "words"), examples.REFUSED)
async def test_malformed_option_orders_are_refused_with_the_documented_status_and_code(
    changes, status, code, words
):
    async with then() as w:
        price(w)
        answered, body = await post(w, {**examples.OPTION, **changes})
        assert (answered, body.get("code"), words in body["message"]) == (status, code, True), body
        assert not w.sim.orders(KEY)


@pytest.mark.parametrize(("body", "words"), examples.UNCOVERED)
async def test_options_nobody_covers_are_not_written(body, words):
    async with then() as w:
        price(w)
        status, answer = await post(w, body)
        assert (status, answer["code"], words in answer["message"]) == (403, 40310000, True), answer


@pytest.mark.parametrize(
    ("level", "words"),
    [
        (0, "account not authorized to trade options"),
        (1, "account not eligible to trade long option contracts"),
    ],
)
async def test_a_level_that_is_too_low_is_refused(level, words):
    async with then() as w:
        price(w)
        w.sim.account(KEY).options_level = level
        status, answer = await post(w, examples.OPTION)
        assert (status, answer) == (403, {"code": 40310000, "message": words})


async def test_on_the_last_day_nothing_is_opened_after_half_past_three():
    async with then(at=EXPIRY_DAY) as w:
        price(w)
        status, answer = await post(w, examples.OPTION)
        assert (status, answer["code"]) == (422, 42210000)
        assert "expires soon, unable to open new positions" in answer["message"]


async def test_market_orders_in_options_need_an_open_market():
    async with then(at=SUNDAY, always_open=False) as w:
        price(w)
        status, answer = await post(w, {**examples.OPTION, "type": "market", "limit_price": None})
        assert (status, answer["code"]) == (422, 42210000)
        assert "only allowed during market hours" in answer["message"]
        assert (await post(w, examples.OPTION))[0] == 200


async def test_contracts_positions_and_the_account_satisfy_the_sdks_own_models():
    from alpaca.data.historical.option import OptionHistoricalDataClient
    from alpaca.data.requests import OptionLatestQuoteRequest
    from alpaca.trading.requests import GetOptionContractsRequest

    symbol = examples.OPTION["symbol"]

    def use(url):
        client = sdk(url)
        one = client.get_option_contract(symbol)
        near = client.get_option_contracts(GetOptionContractsRequest(underlying_symbols=["AAPL"], limit=10))
        day = GetOptionContractsRequest(
            underlying_symbols=["AAPL"], expiration_date="2024-01-19", type="put", strike_price_gte="180"
        )
        puts = client.get_option_contracts(day)
        client.submit_order(Same({**examples.OPTION, "type": "market", "limit_price": None, "qty": "2"}))
        held, account = client.get_open_position(symbol), client.get_account()
        data = OptionHistoricalDataClient(KEY, SECRET, url_override=url)
        quote = data.get_option_latest_quote(OptionLatestQuoteRequest(symbol_or_symbols=symbol))[symbol]
        client._session.close()
        data._session.close()
        return one, near, puts, held, account, quote

    async with then() as w:
        price(w)
        w.market.set(symbol, D("5.00"), D("5.10"))
        one, near, puts, held, account, quote = await asyncio.to_thread(use, w.sim.url)
        assert (one.symbol, one.strike_price, str(one.expiration_date)) == (symbol, 190.0, "2024-01-19")
        # Told no last day, Alpaca stops at the coming weekend; told a limit, it hands out a token for more.
        assert {str(c.expiration_date) for c in near.option_contracts} == {"2023-11-10"}
        assert len(near.option_contracts) == 10
        assert near.next_page_token
        assert {c.type.value for c in puts.option_contracts} == {"put"}
        assert min(c.strike_price for c in puts.option_contracts) == 180.0
        assert (held.qty, held.cost_basis, held.market_value) == ("2", "1020", "1010")
        assert (account.options_trading_level, account.options_approved_level) == (3, 3)
        assert (quote.bid_price, quote.ask_price) == (5.0, 5.1)


async def test_the_pretend_contract_and_position_have_every_documented_field():
    async with then() as w, aiohttp.ClientSession(headers=HEADERS) as http:
        price(w)
        await post(w, {**examples.OPTION, "type": "market", "limit_price": None})
        async with http.get(f"{w.sim.url}/v2/options/contracts/{examples.OPTION['symbol']}") as reply:
            assert examples.CONTRACT.keys() <= (await reply.json()).keys()
        async with http.get(f"{w.sim.url}/v2/positions") as reply:
            assert examples.POSITION.keys() <= (await reply.json())[0].keys()


async def test_a_contract_nobody_lists_is_not_found():
    async with then() as w, aiohttp.ClientSession(headers=HEADERS) as http:
        price(w)
        for symbol in ("AAPL240118C00190000", "AAPL240119C00191000", "ZZZZ240119C00190000", "nonsense"):
            async with http.get(f"{w.sim.url}/v2/options/contracts/{symbol}") as reply:
                assert (reply.status, (await reply.json())["code"]) == (404, 40410000)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=10001", "limit=x", "expiration_date=soon", "strike_price_gte=x"]
)
async def test_a_malformed_question_for_contracts_is_refused(query):
    async with then() as w, aiohttp.ClientSession(headers=HEADERS) as http:
        url = f"{w.sim.url}/v2/options/contracts?underlying_symbols=AAPL&{query}"
        async with http.get(url) as reply:
            assert (reply.status, (await reply.json())["code"]) == (422, 40010001)
