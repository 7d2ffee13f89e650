"""The pretend Alpaca, judged by the SDK's own models and by plain requests."""

import asyncio
from decimal import Decimal

import aiohttp
import pytest

from sim.clock import DrivenClock
from tests.integration.alpaca_world import KEY, SECRET, world

D = Decimal
HEADERS = {"APCA-API-KEY-ID": KEY, "APCA-API-SECRET-KEY": SECRET}
GOOD = {"symbol": "AAPL", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}


async def post(w, body, headers=HEADERS):
    url = f"{w.sim.url}/v2/orders"
    async with aiohttp.ClientSession() as http, http.post(url, json=body, headers=headers) as reply:
        return reply.status, await reply.json()


async def test_every_answer_satisfies_the_sdks_own_models():
    from alpaca.trading.client import TradingClient
    from alpaca.trading.requests import (
        GetOrdersRequest,
        LimitOrderRequest,
        MarketOrderRequest,
        StopLossRequest,
        TakeProfitRequest,
    )

    def use(url):
        client = TradingClient(KEY, SECRET, url_override=url)
        bracket = client.submit_order(
            LimitOrderRequest(
                symbol="AAPL",
                qty=2,
                side="buy",
                time_in_force="gtc",
                limit_price=101,
                order_class="bracket",
                take_profit=TakeProfitRequest(limit_price=120),
                stop_loss=StopLossRequest(stop_price=80),
            )
        )
        assert len(bracket.legs) == 2
        coin = client.submit_order(
            MarketOrderRequest(symbol="BTC/USD", qty=0.01, side="buy", time_in_force="gtc")
        )
        assert client.get_order_by_id(coin.id).filled_qty == "0.01"
        assert {p.symbol for p in client.get_all_positions()} == {"AAPL", "BTCUSD"}
        assert client.get_account().account_number.startswith("PA")
        assert client.get_asset("AAPL").fractionable
        assert len(client.get_all_assets()) > 10
        assert len(client.get_orders(GetOrdersRequest(status="all", nested=True))) == 2
        assert client.get_clock().is_open
        assert client.get_calendar()
        assert client.get_open_position("AAPL").qty == "2"
        client.cancel_orders()
        client.close_position("AAPL")
        client._session.close()

    async with world() as w:
        await asyncio.to_thread(use, w.sim.url)


@pytest.mark.parametrize(
    ("changes", "status", "part"),
    [
        ({"symbol": ""}, 422, "symbol is required"),
        ({"symbol": "ZZZZ"}, 422, 'asset "ZZZZ" not found'),
        ({"symbol": "HALT"}, 422, "not tradable"),
        ({"side": None}, 422, "side is required"),
        ({"side": "hold"}, 422, "invalid side"),
        ({"qty": None}, 422, "one of qty or notional"),
        ({"notional": "5"}, 422, "one of qty or notional"),
        ({"qty": "-1"}, 422, "qty must be > 0"),
        ({"qty": "abc"}, 422, "must be a number"),
        ({"qty": "0.1", "time_in_force": "gtc"}, 422, "fractional orders must be DAY"),
        ({"type": "limit"}, 422, "limit orders require limit price"),
        ({"type": "limit", "limit_price": "99.999"}, 422, "sub-penny"),
        ({"limit_price": "99"}, 422, "market orders require no stop or limit price"),
        ({"type": "stop"}, 422, "stop orders require stop price"),
        ({"type": "stop", "side": "sell", "stop_price": "120"}, 422, "less than current price"),
        ({"type": "stop", "stop_price": "80"}, 422, "greater than current price"),
        ({"type": "trailing_stop"}, 422, "trail_price or trail_percent"),
        ({"order_class": "bracket"}, 422, "bracket orders require take_profit.limit_price"),
        (
            {
                "order_class": "bracket",
                "take_profit": {"limit_price": "90"},
                "stop_loss": {"stop_price": "80"},
            },
            422,
            "take_profit.limit_price must be >= base_price + 0.01",
        ),
        (
            {
                "order_class": "bracket",
                "take_profit": {"limit_price": "120"},
                "stop_loss": {"stop_price": "110"},
            },
            422,
            "stop_loss.stop_price must be <= base_price - 0.01",
        ),
        (
            {
                "qty": "1.5",
                "order_class": "bracket",
                "take_profit": {"limit_price": "120"},
                "stop_loss": {"stop_price": "80"},
            },
            422,
            "fractional orders must be simple orders",
        ),
        ({"extended_hours": True}, 422, "extended hours order must be DAY limit orders"),
        ({"symbol": "BTC/USD"}, 422, "invalid crypto time_in_force"),
        ({"symbol": "BTC/USD", "time_in_force": "gtc", "type": "stop", "stop_price": "1"}, 422, "order type"),
        ({"symbol": "BTC/USD", "time_in_force": "gtc", "side": "sell"}, 403, "insufficient balance for BTC"),
        ({"symbol": "GME", "side": "sell"}, 403, "not allowed to short"),
        ({"qty": "1000000"}, 403, "insufficient buying power"),
        ({"client_order_id": "x" * 129}, 422, "no more than 128"),
    ],
)
async def test_what_alpaca_refuses_is_refused(changes, status, part):
    async with world() as w:
        answered, body = await post(w, {**GOOD, **changes})
        assert (answered, part in body["message"]) == (status, True), body
        assert not w.sim.orders(KEY)


async def test_a_second_sell_of_held_shares_names_what_holds_them():
    async with world() as w:
        await post(w, GOOD)
        sell = {**GOOD, "side": "sell", "type": "limit", "limit_price": "120"}
        assert (await post(w, sell))[0] == 200
        status, body = await post(w, sell)
        assert (status, body["code"], body["held_for_orders"], body["available"]) == (403, 40310000, "1", "0")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({**HEADERS, "APCA-API-SECRET-KEY": "wrong"}, 403),
        ({**HEADERS, "APCA-API-KEY-ID": "PKNO"}, 403),
    ],
)
async def test_wrong_keys_are_forbidden(headers, status):
    async with world() as w:
        assert await post(w, GOOD, headers) == (status, {"message": "forbidden."})
        w.sim.account(KEY).expired = True
        assert (await post(w, GOOD))[0] == 401


async def test_requests_are_recorded_with_their_bytes_and_without_credentials():
    async with world() as w:
        await post(w, GOOD)
        (request,) = w.sim.posted()
        assert b'"symbol"' in request.body
        assert request.status == 200
        assert request.monotonic_ns > 0
        assert SECRET not in repr(w.sim.requests)
        assert KEY not in repr(dict(request.headers))


async def test_the_limit_is_counted_per_account_in_a_sliding_minute():
    clock = DrivenClock()
    async with world(clock, rate_limit=3) as w, aiohttp.ClientSession(headers=HEADERS) as http:
        url = f"{w.sim.url}/v2/account"
        statuses = []
        for _ in range(4):
            async with http.get(url) as reply:
                statuses.append(reply.status)
                remaining, body = reply.headers["X-RateLimit-Remaining"], await reply.json()
        assert (statuses, remaining, body["code"]) == ([200, 200, 200, 429], "0", 42910000)
        async with http.get(f"{w.sim.url}/v2/stocks/quotes/latest?symbols=AAPL") as reply:
            assert reply.status == 200
        await clock.advance(61)
        async with http.get(url) as reply:
            assert reply.status == 200


async def test_an_account_sees_only_its_own_orders():
    async with world() as w:
        w.sim.add_account("PKOTHER", "other-secret")
        _, mine = await post(w, GOOD)
        other = {"APCA-API-KEY-ID": "PKOTHER", "APCA-API-SECRET-KEY": "other-secret"}
        async with aiohttp.ClientSession(headers=other) as http:
            async with http.get(f"{w.sim.url}/v2/orders/{mine['id']}") as reply:
                assert reply.status == 404
            async with http.get(f"{w.sim.url}/v2/orders?status=all") as reply:
                assert await reply.json() == []


async def test_trading_against_oneself_is_refused_where_the_test_wants_it():
    async with world(wash_trades=True) as w:
        await post(w, {**GOOD, "type": "limit", "limit_price": "95"})
        status, body = await post(w, {**GOOD, "side": "sell", "type": "limit", "limit_price": "94"})
        assert (status, "wash trade" in body["message"]) == (403, True)


async def test_a_second_socket_of_an_account_is_not_let_in():
    async with world() as w, aiohttp.ClientSession() as http:
        hello = {"action": "authenticate", "data": {"key_id": KEY, "secret_key": SECRET}}
        async with (
            http.ws_connect(f"{w.sim.url}/stream") as one,
            http.ws_connect(f"{w.sim.url}/stream") as two,
        ):
            await one.send_json(hello)
            first = await one.receive()
            assert first.type is aiohttp.WSMsgType.BINARY
            assert b'"authorized"' in first.data
            await two.send_json(hello)
            assert b"limit exceeded" in (await two.receive()).data


async def test_stopping_and_starting_keeps_accounts_and_orders():
    async with world() as w:
        await post(w, GOOD)
        port = w.sim.port
        await w.sim.stop()
        await w.sim.start(port)
        assert len(w.sim.orders(KEY)) == 1
        assert (await post(w, GOOD))[0] == 200
