"""Hold the pretend Coinbase to what Coinbase documents, and its answers to ccxt's own decoders."""

import json
from contextlib import asynccontextmanager
from decimal import Decimal

import aiohttp
import pytest

from tests.integration.coinbasepro_world import BASE, KEY, world
from tests.integration.examples import coinbasepro as documented
from tests.integration.examples.model import misfits

SERVED = [e for e in documented.ORDERS if not e.beyond]
BEYOND = [e for e in documented.ORDERS if e.beyond]


def named(example):
    return f"{example.name} {'-'.join(next(iter(example.body['order_configuration'].values())))}"


def listed(body):
    return json.loads(json.dumps(body).replace("product_id_1", "ETH-USD"))


class Caller:
    """Speak HTTP with a token that ccxt signs."""

    def __init__(self, w, sdk, http):
        self.w, self.sdk, self.http = w, sdk, http

    async def ask(self, method, path, **how):
        url = f"{self.w.sim.url}{BASE}{path}"
        token = self.sdk.create_auth_token(self.sdk.seconds(), method, url)
        headers = {"Authorization": f"Bearer {token}"}
        async with self.http.request(method, url, headers=headers, **how) as reply:
            text = await reply.text()
            return reply.status, json.loads(text) if text.startswith("{") else text

    async def post(self, body, path="/orders"):
        return await self.ask("POST", path, json=body)


@asynccontextmanager
async def coinbase():
    async with world() as w, w.open() as session, aiohttp.ClientSession() as http:
        w.market.set("ETHUSD", Decimal("80"), Decimal("81"))
        caller = Caller(w, session._client._sdk, http)
        buy = {"client_order_id": "first", "product_id": "ETH-USD", "side": "BUY"}
        terms = {"market_market_ioc": {"base_size": "5"}}
        assert (await caller.post({**buy, "order_configuration": terms}))[1]["success"]
        yield caller


def fits(answer, shape):
    assert misfits(answer, shape, documented.SHAPES) == []


@pytest.mark.parametrize("example", SERVED, ids=named)
async def test_a_documented_order_is_taken_and_answered_in_the_documented_shape(example):
    async with coinbase() as caller:
        body = listed(example.body)
        if body["order_configuration"].get("limit_limit_gtc", {}).get("post_only") and body["side"] == "BUY":
            caller.w.market.set("ETHUSD", Decimal("110"), Decimal("111"))
        status, answer = await caller.post(body)
        assert (status, answer["success"]) == (200, True), answer
        fits(answer, "Created")
        assert answer["success_response"]["client_order_id"] == body["client_order_id"]
        _, read = await caller.ask("GET", f"/orders/historical/{answer['order_id']}")
        fits(read, "One")
        (kind,) = body["order_configuration"]
        assert list(read["order"]["order_configuration"]) == [kind]


@pytest.mark.parametrize("example", BEYOND, ids=named)
async def test_what_the_simulator_does_not_know_is_refused_aloud(example):
    async with coinbase() as caller:
        before = len(caller.w.sim.orders(KEY.name))
        status, answer = await caller.post(listed(example.body))
        assert (status, answer["success"]) == (200, False)
        assert answer["error_response"]["error"] == "UNSUPPORTED_ORDER_CONFIGURATION"
        assert len(caller.w.sim.orders(KEY.name)) == before


async def test_the_documented_cancel_names_each_order_and_what_became_of_it():
    async with coinbase() as caller:
        _, made = await caller.post(SERVED[3].body)
        ids = [made["order_id"], *documented.CANCEL.body["order_ids"]]
        status, answer = await caller.post({"order_ids": ids}, documented.CANCEL.call)
        assert status == 200
        fits(answer, "Cancelled")
        assert [r["success"] for r in answer["results"]] == [True, False, False]
        assert [r["order_id"] for r in answer["results"]] == ids


async def test_the_documented_edit_moves_a_resting_order():
    async with coinbase() as caller:
        _, made = await caller.post(SERVED[3].body)
        body = {**documented.EDIT.body, "order_id": made["order_id"]}
        status, answer = await caller.post(body, documented.EDIT.call)
        assert (status, answer["success"]) == (200, True)
        fits(answer, "Edited")
        _, read = await caller.ask("GET", f"/orders/historical/{made['order_id']}")
        terms = read["order"]["order_configuration"]["limit_limit_gtc"]
        assert Decimal(terms["limit_price"]) == 19000


async def test_every_reading_answer_has_the_documented_shape():
    async with coinbase() as caller:
        await caller.post(SERVED[3].body)
        for path, query, shape in (
            ("/accounts", {}, "Accounts"),
            ("/orders/historical/batch", {}, "Many"),
            ("/orders/historical/batch", {"order_status": "OPEN"}, "Many"),
            ("/market/products", {}, "Products"),
            ("/best_bid_ask", {"product_ids": "ETH-USD"}, "Books"),
            ("/key_permissions", {}, "Permissions"),
        ):
            status, answer = await caller.ask("GET", path, params=query)
            assert status == 200, path
            fits(answer, shape)


async def test_ccxts_own_decoders_read_every_answer_of_the_simulator():
    async with coinbase() as caller:
        sdk = caller.sdk
        raw = (await sdk.v3PublicGetBrokerageMarketProducts())["products"]
        tier = (await sdk.v3PrivateGetBrokerageTransactionSummary())["fee_tier"]
        sdk.set_markets([sdk.parse_spot_market(product, tier) for product in raw])
        market = sdk.market("ETH/USD")
        assert (market["id"], market["precision"]["price"], market["taker"]) == ("ETH-USD", 0.01, 0.008)
        assert (await sdk.fetch_bids_asks(["ETH/USD"]))["ETH/USD"]["ask"] == 81.0
        assert (await sdk.fetch_balance({"v3": True}))["ETH"]["total"] == 5.0
        mine = {"client_order_id": "mine"}
        made = await sdk.create_order("ETH/USD", "limit", "buy", 1, 70, mine)
        assert made["clientOrderId"] == "mine"
        seen = await sdk.fetch_order(made["id"])
        assert (seen["status"], seen["symbol"], seen["type"], seen["side"]) == (
            "open",
            "ETH/USD",
            "limit",
            "buy",
        )
        assert (seen["amount"], seen["price"], seen["filled"]) == (1.0, 70.0, 0.0)
        assert [o["id"] for o in await sdk.fetch_open_orders("ETH/USD")] == [made["id"]]
        await sdk.edit_order(made["id"], "ETH/USD", "limit", "buy", 2, 71)
        moved = await sdk.fetch_order(made["id"])
        assert (moved["amount"], moved["price"]) == (2.0, 71.0)
        await sdk.cancel_orders([made["id"]])
        assert (await sdk.fetch_order(made["id"]))["status"] == "canceled"
        (closed,) = await sdk.fetch_closed_orders("ETH/USD")
        assert (closed["filled"], closed["average"], closed["status"]) == (5.0, 81.0, "closed")


GOOD = SERVED[3].body
TERMS = GOOD["order_configuration"]["limit_limit_gtc"]


def terms(**changes):
    kept = {k: v for k, v in {**TERMS, **changes}.items() if v is not None}
    return {**GOOD, "order_configuration": {"limit_limit_gtc": kept}}


REFUSED = {
    "post only that would be taken at once": (
        terms(limit_price="60000.00", post_only=True),
        "INVALID_LIMIT_PRICE_POST_ONLY",
    ),
    "no size": (terms(base_size=None), "MISSING_BASE_SIZE"),
    "no price": (terms(limit_price=None), "MISSING_LIMIT_PRICE"),
    "nothing": (terms(base_size="0"), "INVALID_BASE_SIZE"),
    "less than nothing": (terms(base_size="-1"), "INVALID_BASE_SIZE"),
    "a price of nothing": (terms(limit_price="0"), "INVALID_LIMIT_PRICE"),
    "another product": ({**GOOD, "product_id": "BTCUSD"}, "INVALID_PRODUCT_ID"),
    "no product": ({k: v for k, v in GOOD.items() if k != "product_id"}, "INVALID_PRODUCT_ID"),
    "no side": ({k: v for k, v in GOOD.items() if k != "side"}, "INVALID_SIDE"),
    "a side of our own": ({**GOOD, "side": "SHORT"}, "INVALID_SIDE"),
    "a type of our own": (
        {**GOOD, "order_configuration": {"limit": TERMS}},
        "UNSUPPORTED_ORDER_CONFIGURATION",
    ),
    "more than there is": (terms(base_size="1000"), "INSUFFICIENT_FUND"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_an_order_that_cannot_be_is_refused_with_200_and_a_documented_error(name):
    body, reason = REFUSED[name]
    async with coinbase() as caller:
        before = len(caller.w.sim.orders(KEY.name))
        status, answer = await caller.post(body)
        assert (status, answer["success"]) == (200, False)
        assert reason in json.dumps(answer["error_response"])
        fits({k: v for k, v in answer.items() if k != "order_configuration"}, "Created")
        assert len(caller.w.sim.orders(KEY.name)) == before


WRONG = {
    "a size as a number": ("POST", "/orders", {"json": terms(base_size=0.001)}, 400),
    "post only as a word": ("POST", "/orders", {"json": terms(post_only="yes")}, 400),
    "two configurations": (
        "POST",
        "/orders",
        {"json": {**GOOD, "order_configuration": {"limit_limit_gtc": TERMS, "sor_limit_ioc": TERMS}}},
        400,
    ),
    "a configuration that is none": (
        "POST",
        "/orders",
        {"json": {**GOOD, "order_configuration": "limit"}},
        400,
    ),
    "no id of ours": ("POST", "/orders", {"json": {**GOOD, "client_order_id": None}}, 400),
    "an id of ours that is too long": (
        "POST",
        "/orders",
        {"json": {**GOOD, "client_order_id": "x" * 129}},
        400,
    ),
    "a body that is no JSON": ("POST", "/orders", {"data": "buy"}, 400),
    "a body that is a list": ("POST", "/orders", {"json": []}, 400),
    "no body": ("POST", "/orders", {}, 400),
    "a cancel of nothing": ("POST", "/orders/batch_cancel", {"json": {}}, 400),
    "a cancel of one that is no list": ("POST", "/orders/batch_cancel", {"json": {"order_ids": "x"}}, 400),
    "an order that is not there": ("GET", "/orders/historical/nothing", {}, 404),
    "a portfolio that is not there": ("GET", "/portfolios/nothing", {}, 404),
    "open orders beside others": (
        "GET",
        "/orders/historical/batch",
        {"params": [("order_status", "OPEN"), ("order_status", "FILLED")]},
        400,
    ),
    "a status of our own": ("GET", "/orders/historical/batch", {"params": {"order_status": "WORKING"}}, 400),
    "a start that is no time": ("GET", "/orders/historical/batch", {"params": {"start_date": "monday"}}, 400),
    "a size of page that is no number": ("GET", "/accounts", {"params": {"limit": "many"}}, 400),
    "a page that was never given": ("GET", "/accounts", {"params": {"cursor": "next"}}, 400),
    "a quote of nothing": ("GET", "/best_bid_ask", {"params": {"product_ids": "AAPL-USD"}}, 400),
    "an address that is none": ("GET", "/nothing", {}, 404),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_request_is_a_client_error_with_a_documented_body(name):
    method, path, how, status = WRONG[name]
    async with coinbase() as caller:
        seen, answer = await caller.ask(method, path, **how)
        assert seen == status
        if path != "/nothing":
            fits(answer, "Error")
            assert answer["message"]
