"""Hold the pretend Schwab to what Schwab documents, asked over its own socket without our adapter."""

import json
import warnings
from contextlib import asynccontextmanager
from decimal import Decimal

import aiohttp
import pytest

from sim.clock import DrivenClock
from tests.integration.examples import schwab
from tests.integration.examples.model import misfits
from tests.integration.schwab_world import NUMBER, world

with warnings.catch_warnings(record=True):
    # Authlib warns while it is imported, whatever the filters say.
    from schwab.contrib.orders import construct_repeat_order
    from schwab.utils import Utils

SERVED = [e for e in schwab.ORDERS if not e.beyond]
BEYOND = [e for e in schwab.ORDERS if e.beyond]
# XYZ trades nowhere, and its options have expired.
LISTED = {
    "XYZ   240315C00500000": "AAPL  270115C00500000",
    "XYZ   240315P00045000": "AAPL  270115P00045000",
    "XYZ   240315P00043000": "AAPL  270115P00043000",
    "XYZ": "AAPL",
}


def listed(body):
    text = json.dumps(body)
    for theirs, ours in LISTED.items():
        text = text.replace(f'"{theirs}"', f'"{ours}"')
    return json.loads(text)


class Caller:
    """Speak HTTP with a token, as anybody would."""

    def __init__(self, w, http):
        self.w, self.http = w, http
        self.base = w.base
        self.access = w.sim.token(w.login)["token"]["access_token"]

    async def ask(self, method, path, **how):
        headers = {"Authorization": f"Bearer {self.access}"}
        async with self.http.request(method, f"{self.w.sim.url}{path}", headers=headers, **how) as reply:
            text = await reply.text()
            return reply.status, reply.headers, json.loads(text) if text else None

    async def place(self, body):
        status, headers, answer = await self.ask("POST", f"{self.base}/orders", json=body)
        assert (status, answer) == (201, None), answer
        return headers["Location"]

    async def read(self, location):
        status, _, answer = await self.ask("GET", location.removeprefix("https://api.schwabapi.com"))
        assert status == 200
        return answer


@asynccontextmanager
async def schwab_at(bid="40", ask="41", **options):
    async with world(clock=DrivenClock(), **options) as w, aiohttp.ClientSession() as http:
        w.market.set("AAPL", Decimal(bid), Decimal(ask))
        yield Caller(w, http)


async def hold(caller, quantity=20):
    bought = listed(schwab.ORDERS[0].body)
    bought["orderLegCollection"][0]["quantity"] = quantity
    assert (await caller.read(await caller.place(bought)))["status"] == "FILLED"


def fits(answer, shape):
    assert misfits(answer, shape, schwab.SHAPES) == []


@pytest.mark.parametrize("example", SERVED, ids=lambda e: e.name)
async def test_a_documented_order_is_taken_and_read_back_in_the_documented_shape(example):
    async with schwab_at() as caller:
        await hold(caller)
        body = listed(example.body)
        found = await caller.read(await caller.place(body))
        fits(found, "Order")
        assert found["orderStrategyType"] == body["orderStrategyType"]
        top = found["childOrderStrategies"][0] if found["orderStrategyType"] == "OCO" else found
        assert top["status"] in {"WORKING", "FILLED"}


@pytest.mark.parametrize("example", SERVED, ids=lambda e: e.name)
async def test_the_sdks_own_reader_of_past_orders_rebuilds_the_documented_request(example):
    async with schwab_at() as caller:
        await hold(caller)
        body = listed(example.body)
        built = construct_repeat_order(await caller.read(await caller.place(body))).build()

    def same(said, read):
        for name in said.keys() & {"orderType", "session", "duration", "orderStrategyType"}:
            assert read[name] == said[name], name
        for name in said.keys() & {"price", "stopPrice", "stopPriceOffset"}:
            assert float(read[name]) == float(said[name]), name
        for leg, seen in zip(
            said.get("orderLegCollection", ()), read.get("orderLegCollection", ()), strict=True
        ):
            assert (seen["instruction"], seen["quantity"]) == (leg["instruction"], leg["quantity"])
            assert seen["instrument"]["symbol"] == leg["instrument"]["symbol"]
        for child, seen in zip(
            said.get("childOrderStrategies", ()), read.get("childOrderStrategies", ()), strict=True
        ):
            same(child, seen)

    same(body, built)


@pytest.mark.parametrize("example", BEYOND, ids=lambda e: e.name)
async def test_what_the_simulator_does_not_know_is_refused_aloud(example):
    async with schwab_at() as caller:
        status, _, answer = await caller.ask("POST", f"{caller.base}/orders", json=listed(example.body))
        assert status == 400
        fits(answer, "ServiceError")
        assert caller.w.sim.orders(NUMBER) == []


@pytest.mark.parametrize("kind", ["EQUITY", "OPTION"])
@pytest.mark.parametrize("word", schwab.INSTRUCTIONS)
async def test_each_instruction_is_for_the_asset_types_that_are_documented(word, kind):
    symbol = "AAPL" if kind == "EQUITY" else "AAPL  270115C00500000"
    leg = {"instruction": word, "quantity": 1, "instrument": {"assetType": kind, "symbol": symbol}}
    body = listed(schwab.ORDERS[0].body) | {"orderLegCollection": [leg]}
    async with schwab_at() as caller:
        status, _, _ = await caller.ask("POST", f"{caller.base}/orders", json=body)
        assert status == (201 if kind in schwab.INSTRUCTIONS[word] else 400)


async def test_the_sdk_reads_the_number_of_an_order_out_of_the_answer():
    async with schwab_at() as caller:
        where = await caller.place(listed(schwab.ORDERS[0].body))
        reply = type("Reply", (), {"is_error": False, "headers": {"Location": where}})()
        account = caller.w.login.accounts[0].hash
        assert Utils(None, account).extract_order_id(reply) == int(where.rsplit("/", 1)[1])


async def test_every_reading_answer_has_the_documented_shape():
    async with schwab_at() as caller:
        await hold(caller)
        await caller.place(listed(schwab.ORDERS[3].body))
        await caller.place(listed(schwab.ORDERS[4].body))
        times = {"fromEnteredTime": "2026-03-01T00:00:00.000Z", "toEnteredTime": "2026-03-03T00:00:00.000Z"}
        for path, query, shape in (
            (f"{caller.base}/orders", times, ["Order"]),
            (f"{caller.base}/orders", {**times, "status": "FILLED", "maxResults": "1"}, ["Order"]),
            (caller.base, {}, "Account"),
            (caller.base, {"fields": "positions"}, "Account"),
            ("/trader/v1/accounts/accountNumbers", {}, ["AccountNumberHash"]),
            ("/trader/v1/userPreference", {}, "UserPreference"),
        ):
            status, _, answer = await caller.ask("GET", path, params=query)
            assert status == 200, path
            assert answer
            fits(answer, shape)


async def test_quotes_have_the_documented_shape_unknown_symbols_among_them():
    async with schwab_at() as caller:
        query = {"symbols": "AAPL,AAPL  270115C00500000,ZZZZZ"}
        _, _, answer = await caller.ask("GET", "/marketdata/v1/quotes", params=query)
        fits(answer["AAPL"], "EquityResponse")
        fits(answer["AAPL  270115C00500000"], "OptionResponse")
        fits(answer["errors"], "QuoteError")
        assert answer["errors"] == {"invalidSymbols": ["ZZZZZ"]}


async def test_a_rejected_order_is_read_back_in_the_documented_shape():
    async with schwab_at() as caller:
        for example in SERVED[3:]:  # nothing is held, so that nothing can be sold
            found = await caller.read(await caller.place(listed(example.body)))
            fits(found, "Order")
            if example.body["orderStrategyType"] != "TRIGGER":
                assert found["status"] == "REJECTED"
                assert found["statusDescription"]


@asynccontextmanager
async def streamer(caller):
    async with caller.http.ws_connect(f"{caller.w.sim.url}/ws") as ws:
        yield ws


def changed(example, **changes):
    (request,) = json.loads(json.dumps(example.body["requests"]))
    parameters = request["parameters"] | changes.pop("parameters", {})
    return {"requests": [{**request, **changes, "parameters": parameters}]}


def login(caller, **changes):
    return changed(schwab.LOGIN, parameters={"Authorization": caller.access}, **changes)


async def told(ws, body):
    await (ws.send_str(body) if isinstance(body, str) else ws.send_json(body))
    answer = await ws.receive_json(timeout=5)
    fits(answer, "Responses")
    (response,) = answer["response"]
    return response


async def test_the_documented_login_and_subscription_are_answered_and_followed_by_documented_data():
    async with schwab_at() as caller, streamer(caller) as ws:
        response = await told(ws, login(caller))
        assert (response["requestid"], response["content"]["code"]) == ("1", 0)
        response = await told(ws, schwab.SUBSCRIBE.body)
        assert response["content"] == {"code": 0, "msg": "SUBS command succeeded"}
        await caller.place(listed(schwab.ORDERS[0].body))
        data = await ws.receive_json(timeout=5)
        fits(data, "Data")
        assert data["data"][0]["content"][0]["key"] == "Account Activity"


async def test_a_denied_login_is_told_as_documented_and_hung_up_on():
    async with schwab_at() as caller, streamer(caller) as ws:
        response = await told(ws, schwab.LOGIN.body)
        denied = {"code": 3, "msg": "Login Denied.: token is invalid or has expired."}
        assert response["content"] == denied
        assert (await ws.receive(timeout=5)).type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING}


STREAMED = {
    "text that is no JSON": ("hello", 21),
    "a message without requests": ({}, 21),
    "requests that are none": ({"requests": ["login"]}, 21),
    "a command that is none": (changed(schwab.SUBSCRIBE, command="WATCH"), 21),
    "a subscription to no key": (changed(schwab.SUBSCRIBE, parameters={"keys": ""}), 21),
    "a service that is none": (changed(schwab.SUBSCRIBE, service="GOSSIP"), 11),
    "a subscription of somebody else": (changed(schwab.SUBSCRIBE, SchwabClientCorrelId="x"), 20),
}


@pytest.mark.parametrize("name", STREAMED)
async def test_a_wrong_message_to_the_streamer_is_refused_with_a_documented_code(name):
    body, code = STREAMED[name]
    async with schwab_at() as caller, streamer(caller) as ws:
        await told(ws, login(caller))
        assert (await told(ws, body))["content"]["code"] == code
        assert caller.w.sim.streams.listening() == 0


async def test_a_subscription_before_the_login_finds_no_connection():
    async with schwab_at() as caller, streamer(caller) as ws:
        assert (await told(ws, schwab.SUBSCRIBE.body))["content"]["code"] == 20


WRONG = {
    "orders without times": ("GET", "{base}/orders", {}, 400),
    "orders with one time": (
        "GET",
        "{base}/orders",
        {"params": {"fromEnteredTime": "2026-03-01T00:00:00Z"}},
        400,
    ),
    "orders of a time that is none": (
        "GET",
        "{base}/orders",
        {"params": {"fromEnteredTime": "monday", "toEnteredTime": "friday"}},
        400,
    ),
    "a status that is none": (
        "GET",
        "{base}/orders",
        {
            "params": {
                "fromEnteredTime": "2026-03-01T00:00:00Z",
                "toEnteredTime": "2026-03-03T00:00:00Z",
                "status": "OPEN",
            }
        },
        400,
    ),
    "a size of page that is no number": (
        "GET",
        "{base}/orders",
        {
            "params": {
                "fromEnteredTime": "2026-03-01T00:00:00Z",
                "toEnteredTime": "2026-03-03T00:00:00Z",
                "maxResults": "many",
            }
        },
        400,
    ),
    "an account by its number": ("GET", f"/trader/v1/accounts/{NUMBER}", {}, 404),
    "orders of an account by its number": ("POST", f"/trader/v1/accounts/{NUMBER}/orders", {"json": {}}, 404),
    "an order that is not there": ("GET", "{base}/orders/1", {}, 404),
    "an order's number that is none": ("GET", "{base}/orders/mine", {}, 404),
    "a cancel of nothing": ("DELETE", "{base}/orders/1", {}, 404),
    "a change of nothing": ("PUT", "{base}/orders/1", {"json": {}}, 404),
    "a body that is no JSON": ("POST", "{base}/orders", {"data": "buy"}, 400),
    "a body that is a list": ("POST", "{base}/orders", {"json": []}, 400),
    "an empty body": ("POST", "{base}/orders", {}, 400),
    "an empty order": ("POST", "{base}/orders", {"json": {}}, 400),
    "an address that is none": ("GET", "/trader/v1/nothing", {}, 404),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_request_is_refused_with_a_status_and_a_service_error(name):
    method, path, how, status = WRONG[name]
    async with schwab_at() as caller:
        seen, _, answer = await caller.ask(method, path.format(base=caller.base), **how)
        assert seen == status
        fits(answer, "ServiceError")
        assert answer["message"]
