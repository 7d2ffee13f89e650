"""Hold the pretend Kraken to what Kraken documents, signed by hand and without our adapter."""

import json
from contextlib import asynccontextmanager

import aiohttp
import ccxt.pro as ccxt
import pytest

from tests.integration.examples import kraken as documented
from tests.integration.examples.model import misfits
from tests.integration.kraken_world import KEY, SECRET, D, world
from tests.integration.test_kraken_sim import Caller, sign


class JsonCaller(Caller):
    """Send JSON, as the examples do; the signature is over the very text that is sent."""

    async def call(self, name, *, nonce=None, text=None, **body):
        self.nonce += 1
        nonce = self.nonce if nonce is None else nonce
        text = json.dumps({"nonce": nonce, **body}) if text is None else text
        headers = {
            "API-Key": KEY,
            "API-Sign": sign(f"/0/private/{name}", str(nonce), text, SECRET),
            "Content-Type": "application/json",
        }
        url = f"{self.url}/0/private/{name}"
        async with aiohttp.ClientSession() as http, http.post(url, data=text, headers=headers) as reply:
            assert reply.status == 200
            return await reply.json()

    async def result(self, name, **body):
        answer = await self.call(name, **body)
        assert answer["error"] == []
        return answer["result"]

    async def public(self, name, **query):
        url = f"{self.url}/0/public/{name}"
        async with aiohttp.ClientSession() as http, http.get(url, params=query) as reply:
            answer = await reply.json()
            assert answer["error"] == []
            return answer["result"]


@asynccontextmanager
async def kraken():
    async with world() as w:
        caller = JsonCaller(w.sim.url)
        caller.w = w
        yield caller


def fits(answer, shape):
    assert misfits(answer, shape, documented.SHAPES) == []


async def added(caller):
    """Place the documented order and give its id."""
    (txid,) = (await caller.result("AddOrder", **documented.ADD.body))["txid"]
    return txid


@pytest.mark.parametrize("example", [documented.ADD, documented.SIGNED], ids=lambda e: e.name)
async def test_a_documented_order_is_taken_as_json_and_as_a_form(example):
    async with kraken() as caller:
        fits(await caller.result("AddOrder", **example.body), "Added")
        form = {**example.body, "cl_ord_id": "another"} if "cl_ord_id" in example.body else example.body
        answer = await Caller.call(caller, "AddOrder", **form)
        assert answer["error"] == []
        fits(answer["result"], "Added")
        assert len(caller.w.sim.orders(KEY)) == 2


async def test_the_documented_amendment_names_an_order_by_our_id():
    async with kraken() as caller:
        txid = await added(caller)
        await caller.result("AmendOrder", txid=txid, order_qty="2")
        fits(await caller.result("AmendOrder", **documented.AMEND.body), "Amended")
        found = (await caller.result("QueryOrders", txid=txid))[txid]
        assert D(found["vol"]) == D("1.25")


async def test_the_documented_cancel_counts_what_it_cancelled():
    async with kraken() as caller:
        txid = await added(caller)
        answer = await caller.result("CancelOrder", **{**documented.CANCEL.body, "txid": txid})
        fits(answer, "Cancelled")
        assert answer["count"] == 1


async def test_an_order_is_cancelled_by_our_id_while_it_is_open():
    async with kraken() as caller:
        await added(caller)
        assert await caller.result("CancelOrder", cl_ord_id=documented.MINE) == {"count": 1}
        again = await caller.call("CancelOrder", cl_ord_id=documented.MINE)
        assert again["error"] == ["EOrder:Unknown order"]


@pytest.mark.parametrize(("example", "shape"), documented.READS, ids=lambda e: getattr(e, "name", ""))
async def test_a_documented_reading_request_is_answered_in_the_documented_shape(example, shape):
    async with kraken() as caller:
        await added(caller)
        bought = {"ordertype": "market", "type": "buy", "pair": "XBTUSD", "volume": "0.5"}
        (txid,) = (await caller.result("AddOrder", **bought, cl_ord_id="bought"))["txid"]
        # The example asks for an order of its own in a week of 2023: what is ours lies elsewhere.
        body = {k: v for k, v in example.body.items() if k not in {"start", "end"}}
        if "cl_ord_id" in body:
            assert not any((await caller.result(example.call, **example.body)).values())
            body["cl_ord_id"] = documented.MINE if example.call == "OpenOrders" else "bought"
        answer = await caller.result(example.call, **body)
        if shape in {"Open", "Closed"}:
            (found,) = answer[shape.lower()].values()
            fits(found, "Order")
            assert len(found["trades"]) == (1 if shape == "Closed" else 0)
        elif shape == "Trades":
            (found,) = answer["trades"].values()
            fits(found, "Trade")
            assert found["ordertxid"] == txid
        elif shape == "Balances":
            assert answer.keys() == {"ZUSD", "XXBT"}
            for found in answer.values():
                fits(found, "Balance")
        else:
            fits(answer, shape)
            if shape == "Volume":
                fits(answer["fees"]["XXBTZUSD"], "Fee")


async def test_several_orders_are_queried_at_once_as_documented():
    async with kraken() as caller:
        one = await added(caller)
        (two,) = (await caller.result("AddOrder", **{**documented.ADD.body, "cl_ord_id": "two"}))["txid"]
        found = await caller.result("QueryOrders", txid=f"{one},{two}", trades=True)
        assert found.keys() == {one, two}
        for order in found.values():
            fits(order, "Order")


async def test_closed_orders_are_narrowed_by_the_time_that_is_asked_for():
    async with kraken() as caller:
        await added(caller)
        await caller.result("CancelOrder", cl_ord_id=documented.MINE)
        now = int(caller.w.clock.now().timestamp())
        for start, end, seen in ((now - 60, now + 60, 1), (now - 60, now - 30, 0), (now + 30, now + 60, 0)):
            for by in ("open", "close", "both"):
                found = await caller.result("ClosedOrders", start=start, end=end, closetime=by)
                assert len(found["closed"]) == seen


async def test_public_answers_have_the_documented_shape():
    async with kraken() as caller:
        fits(await caller.public("Time"), "Time")
        for name, shape in (("Assets", "Asset"), ("AssetPairs", "Pair")):
            for found in (await caller.public(name)).values():
                fits(found, shape)
        for found in (await caller.public("Ticker", pair="XBTUSD,ETHUSD")).values():
            fits(found, "Ticker")


async def test_the_documented_subscription_is_answered_and_told_in_documented_frames():
    async with kraken() as caller, aiohttp.ClientSession() as http:
        await added(caller)
        token = (await caller.result("GetWebSocketsToken"))["token"]
        async with http.ws_connect(f"{caller.url}/v2") as ws:
            await ws.send_json(documented.PING.body)
            assert await ws.receive_json(timeout=5) == {"method": "pong", "req_id": 101}
            body = documented.SUBSCRIBE.body
            await ws.send_json({**body, "params": {**body["params"], "token": token}})
            answer = await ws.receive_json(timeout=5)
            assert (answer["success"], answer["req_id"]) == (True, 1234567890)
            assert answer["result"]["channel"] == "executions"
            snapshot = await ws.receive_json(timeout=5)
            fits(snapshot, "Frame")
            assert (snapshot["type"], len(snapshot["data"])) == ("snapshot", 1)
            await caller.result("AmendOrder", **{**documented.AMEND.body, "order_qty": "2"})
            await caller.result("AddOrder", ordertype="market", type="buy", pair="XBTUSD", volume="0.5")
            await caller.result("CancelOrder", cl_ord_id=documented.MINE)
            pro, kinds, read = ccxt.kraken(), [], []
            while "canceled" not in kinds:
                frame = await ws.receive_json(timeout=5)
                fits(frame, "Frame")
                kinds += [told["exec_type"] for told in frame["data"]]
                read += [pro.parse_ws_order(told) for told in frame["data"]]
            assert {"amended", "new", "filled"} <= set(kinds)
            filled = next(order for order in read if order["status"] == "closed")
            assert (filled["symbol"], filled["filled"], filled["side"]) == ("BTC/USD", 0.5, "buy")
            assert read[-1]["status"] == "canceled"


@pytest.mark.parametrize("name", documented.BEYOND)
async def test_what_the_simulator_does_not_know_is_refused_aloud(name):
    async with kraken() as caller:
        body = {
            k: v for k, v in {**documented.ADD.body, **documented.BEYOND[name]}.items() if k != "cl_ord_id"
        }
        answer = await caller.call("AddOrder", **body)
        assert answer["error"][0].startswith("EGeneral:Invalid arguments")
        assert caller.w.sim.orders(KEY) == []


WRONG = {
    "an amendment of nothing": ("AmendOrder", {"order_qty": "1"}, "EGeneral:Invalid arguments"),
    "a cancel of nothing": ("CancelOrder", {}, "EGeneral:Invalid arguments"),
    "a cancel by an id that is not ours": ("CancelOrder", {"cl_ord_id": "nobody"}, "EOrder:Unknown order"),
    "an amendment that changes nothing": (
        "AmendOrder",
        {"cl_ord_id": documented.MINE},
        "EGeneral:Invalid arguments",
    ),
    "an amendment to nothing": (
        "AmendOrder",
        {"cl_ord_id": documented.MINE, "order_qty": "0"},
        "EGeneral:Invalid arguments:order_qty",
    ),
    "an amendment to a price of a word": (
        "AmendOrder",
        {"cl_ord_id": documented.MINE, "limit_price": "cheap"},
        "EGeneral:Invalid arguments:limit_price",
    ),
    "a second order under an open id": ("AddOrder", documented.ADD.body, "EOrder:"),
    "post only that would be taken at once": (
        "AddOrder",
        {**documented.ADD.body, "cl_ord_id": "post", "price": "60000", "oflags": "post"},
        "EOrder:Post only order",
    ),
    "a trigger of our own": (
        "AddOrder",
        {**documented.ADD.body, "cl_ord_id": "t", "trigger": "mid"},
        "EGeneral:Invalid arguments:trigger",
    ),
    "a page that is no number": ("ClosedOrders", {"ofs": "next"}, "EGeneral:Invalid arguments:ofs"),
    "a page of trades that is no number": ("TradesHistory", {"ofs": "-1"}, "EGeneral:Invalid arguments:ofs"),
    "a start that is no time": ("ClosedOrders", {"start": "monday"}, "EGeneral:Invalid arguments:start"),
    "a time to search by of our own": (
        "ClosedOrders",
        {"closetime": "fill"},
        "EGeneral:Invalid arguments:closetime",
    ),
    "fees of a pair that is none": ("TradeVolume", {"pair": "AAPL"}, "EQuery:Unknown asset pair"),
    "an order nobody has": ("QueryOrders", {"txid": "OHYO67-6LP66-HMQ437"}, "EOrder:Unknown order"),
    "a body that is no JSON": ("BalanceEx", {"text": "{nonce"}, "EAPI:Invalid nonce"),
    "a body that is a list": ("BalanceEx", {"text": "[1]"}, "EAPI:Invalid nonce"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_request_is_refused_with_200_and_krakens_code(name):
    call, body, code = WRONG[name]
    async with kraken() as caller:
        await added(caller)
        answer = await caller.call(call, **body)
        assert answer["error"][0].startswith(code)
        assert "result" not in answer
        assert len(caller.w.sim.orders(KEY)) == 1


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (
            {"method": "subscribe", "params": {"channel": "executions", "token": "x"}, "req_id": 1},
            "EAPI:Invalid token",
        ),
        ({"method": "subscribe", "params": {"channel": "nothing"}, "req_id": 2}, "Event(s) not found"),
        ({"method": "add_order", "params": {}, "req_id": 3}, "Event(s) not found"),
    ],
)
async def test_a_wrong_message_on_the_socket_is_refused_under_its_number(message, error):
    async with (
        kraken() as caller,
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{caller.url}/v2") as ws,
    ):
        await ws.send_json(message)
        answer = await ws.receive_json(timeout=5)
        assert (answer["success"], answer["error"], answer["req_id"]) == (False, error, message["req_id"])
