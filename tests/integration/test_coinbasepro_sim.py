"""The pretend Coinbase refuses what the real one does: everything here goes around the adapter."""

import json

import aiohttp
import pytest

from adapters.coinbasepro import sdk
from sim.coinbase.auth import ecdsa_key, eddsa_key, is_valid, key_of
from tests.integration.coinbasepro_world import BASE, KEY, world

GOOD = {
    "client_order_id": "a-1",
    "product_id": "ETH-USD",
    "side": "BUY",
    "order_configuration": {"limit_limit_gtc": {"base_size": "1", "limit_price": "90"}},
}


async def post(w, body, path="/orders", headers=None):
    """Post a body with a token of the SDK's own making."""
    async with w.open() as session:
        client = session._client._sdk
        url = f"{w.sim.url}{BASE}{path}"
        token = client.create_auth_token(client.seconds(), "POST", url)
        hello = {"Authorization": f"Bearer {token}"} if headers is None else headers
        async with aiohttp.ClientSession() as http, http.post(url, json=body, headers=hello) as reply:
            text = await reply.text()
            return reply.status, json.loads(text) if text.startswith("{") else text


def terms(name, **values):
    return GOOD | {"order_configuration": {name: values}}


async def test_a_good_order_is_taken():
    async with world() as w:
        status, body = await post(w, GOOD)
        assert (status, body["success"], body["success_response"]["client_order_id"]) == (200, True, "a-1")


@pytest.mark.parametrize(
    "body",
    [
        GOOD | {"client_order_id": ""},
        {k: v for k, v in GOOD.items() if k != "client_order_id"},
        GOOD | {"order_configuration": None},
        GOOD | {"order_configuration": {}},
        terms("limit_limit_gtc", base_size=1.5, limit_price="90"),
        terms("limit_limit_gtc", base_size="one", limit_price="90"),
    ],
)
async def test_a_malformed_body_is_a_client_error(body):
    async with world() as w:
        assert (await post(w, body))[0] == 400


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (GOOD | {"product_id": "AAPL-USD"}, "INVALID_PRODUCT_ID"),
        (GOOD | {"side": "buy"}, "INVALID_SIDE"),
        (terms("stop_market", base_size="1"), "UNSUPPORTED_ORDER_CONFIGURATION"),
        (terms("market_market_ioc"), "PREVIEW_INVALID_ORDER_CONFIG"),
        (terms("market_market_ioc", base_size="1", quote_size="1"), "PREVIEW_INVALID_ORDER_CONFIG"),
        (terms("market_market_ioc", quote_size="10.001"), "PREVIEW_INVALID_QUOTE_SIZE_PRECISION"),
        (terms("limit_limit_gtc", base_size="0.000000001", limit_price="90"), "SIZE_PRECISION"),
        (terms("limit_limit_gtc", base_size="1", limit_price="90.001"), "PRICE_PRECISION"),
        (terms("limit_limit_gtc", base_size="0.0001", limit_price="90"), "TOO_SMALL"),
        (terms("limit_limit_gtc", base_size="1"), "MISSING_LIMIT_PRICE"),
        (terms("limit_limit_gtc", base_size="99999", limit_price="90"), "PREVIEW_INSUFFICIENT_FUND"),
        (
            terms("stop_limit_stop_limit_gtc", base_size="1", limit_price="90", stop_price="91"),
            "PREVIEW_INVALID_STOP_DIRECTION",
        ),
        (
            terms(
                "stop_limit_stop_limit_gtc",
                base_size="1",
                limit_price="120",
                stop_price="120",
                stop_direction="STOP_DIRECTION_STOP_DOWN",
            ),
            "PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE",
        ),
    ],
)
async def test_a_refusal_comes_with_http_200(body, reason):
    async with world() as w:
        status, answer = await post(w, body)
        assert (status, answer["success"]) == (200, False)
        assert reason in json.dumps(answer["error_response"])
        assert w.sim.orders(KEY.name) == []


async def test_selling_what_is_not_held_is_insufficient_funds():
    async with world() as w:
        _, answer = await post(w, GOOD | {"side": "SELL"})
        assert answer["error_response"]["preview_failure_reason"] == "PREVIEW_INSUFFICIENT_FUND"


async def test_cancelling_nothing_is_a_client_error():
    async with world() as w:
        assert (await post(w, {"order_ids": []}, "/orders/batch_cancel"))[0] == 400


async def test_editing_what_is_not_there_says_so():
    async with world() as w:
        _, answer = await post(w, {"order_id": "x", "size": "1", "price": "1"}, "/orders/edit")
        assert answer["errors"][0]["edit_failure_reason"] == "ORDER_NOT_FOUND"


@pytest.mark.parametrize("token", ["", "Bearer ", "Bearer a.b.c", "Bearer x"])
async def test_without_a_token_nothing_is_answered(token):
    async with world() as w:
        assert (await post(w, GOOD, headers={"Authorization": token}))[0] == 401


@pytest.mark.parametrize("make", [ecdsa_key, eddsa_key])
async def test_a_token_is_good_for_one_address_and_one_key(make):
    key, other = make(), make()
    client = sdk.client_class()({"apiKey": key.name, "secret": key.secret})
    url = "https://api.coinbase.com/api/v3/brokerage/orders"
    token = client.create_auth_token(client.seconds(), "POST", url, make is eddsa_key)
    late = client.create_auth_token(client.seconds() - 130, "POST", url, make is eddsa_key)
    address = "POST api.coinbase.com/api/v3/brokerage/orders"
    assert key_of(token) == key.name
    assert is_valid(token, key.public, address)
    assert not is_valid(token, key.public, "GET api.coinbase.com/api/v3/brokerage/orders")
    assert not is_valid(token, other.public, address)
    assert not is_valid(late, key.public, address)
    assert not is_valid(token[:-8] + "AAAAAAAA", key.public, address)


async def test_more_than_thirty_requests_a_second_are_throttled():
    async with world(rate_limit=3) as w, w.open() as session:
        client = session._client._sdk
        seen = []
        for _ in range(5):
            try:
                await client.v3PrivateGetBrokerageKeyPermissions()
                seen.append(200)
            except sdk.Answered as answered:
                seen.append(answered.status)
        assert seen == [200, 200, 200, 429, 429]
