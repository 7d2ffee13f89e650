"""Hold the pretend OpenD to what moomoo documents, through the real SDK's own reading and without it."""

import asyncio
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.moomoo_harness import PASSWORD
from tests.integration.examples import moomoo as documented
from tests.integration.moomoo_world import world
from tests.integration.test_moomoo_sim import answers, place

# The vendor's own SDK, started as its examples start it, in a process of its own.
SDK = """
import json, os, sys
import moomoo
from moomoo import *
SysConfig.set_all_thread_daemon(True)
port, calls = int(sys.argv[1]), json.loads(sys.argv[2])
ctx = OpenSecTradeContext(
    filter_trdmarket=TrdMarket.US, host="127.0.0.1", port=port, security_firm=SecurityFirm.FUTUINC
)
def value(text, order):
    if isinstance(text, str) and "." in text and hasattr(moomoo, text.split(".")[0]):
        kind, name = text.split(".")
        return getattr(getattr(moomoo, kind), name)
    return order if text == "{order}" else text
told, order = [], ""
for name, kwargs in calls:
    ret, data = getattr(ctx, name)(**{k: value(v, order) for k, v in kwargs.items()})
    table = hasattr(data, "columns")
    rows = json.loads(data.to_json(orient="records")) if table else []
    order = rows[0].get("order_id", order) if rows else order
    told.append([ret, list(data.columns) if table else str(data), rows])
print("TOLD" + json.dumps(told), flush=True)
os._exit(0)
"""


def fitted(body):
    text = json.dumps(body)
    for theirs, ours in documented.FITTED.items():
        text = text.replace(theirs, ours)
    return json.loads(text.replace("123456", PASSWORD))


def through_the_sdk(w, calls):
    done = subprocess.run(
        [sys.executable, "-c", SDK, str(w.opend.port), json.dumps(calls)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("TOLD"))
    return json.loads(line.removeprefix("TOLD"))


async def test_each_documented_call_of_the_sdk_succeeds_and_gives_the_documented_columns():
    async with world(limits=False) as w:
        calls = [(e.call, fitted(e.body)) for e in documented.CALLS]
        told = await asyncio.to_thread(through_the_sdk, w, calls)
        for example, (ret, columns, rows) in zip(documented.CALLS, told, strict=True):
            assert ret == 0, (example.name, columns)
            assert set(example.answer.get("columns", ())) <= set(columns), example.name
            for name, value in example.answer.get("row", {}).items():
                assert rows[0][name] == value, (example.name, name)


def enum(name):
    """Read the numbers of an enum in the vendor's own description of its protocol."""
    package = Path(importlib.util.find_spec("moomoo").origin).parent
    text = (package / "common" / "pb" / "Trd_Common.proto").read_text()
    body = re.search(rf"enum {name}\s*{{(.*?)}}", text, re.DOTALL).group(1)
    return {int(number) for number in re.findall(rf"{name}_\w+\s*=\s*(\d+)\s*;", body)}


async def test_the_documented_question_for_orders_gives_the_documented_fields_and_only_what_was_asked_for():
    async with world() as w:
        header = {"trdEnv": 0, "accID": w.paper, "trdMarket": 2}
        asks = [place(w, price=510), place(w), (2201, {**documented.ORDER_LIST.body, "header": header})]
        told = await asyncio.to_thread(answers, w, *asks)
        (order,) = told[2][2]["orderList"]
        assert set(documented.ORDER_LIST.answer["fields"]) <= order.keys()
        assert order["orderStatus"] == 11
        assert order["orderID"] == told[0][2]["orderID"]


async def test_every_number_that_names_something_is_one_of_the_vendors():
    stop = {"orderType": 10, "auxPrice": 110, "price": 0}
    trail = {"orderType": 14, "trailType": 1, "trailValue": 5, "price": 0}
    kinds = ({}, {"price": 510}, {"orderType": 2}, stop, trail, {"timeInForce": 1})
    async with world() as w:
        header = {"trdEnv": 0, "accID": w.paper, "trdMarket": 2}
        asks = [place(w, **kind) for kind in kinds]
        told = await asyncio.to_thread(answers, w, *asks, (2201, {"header": header}))
        orders = told[-1][2]["orderList"]
        assert len(orders) == len(kinds)
        for field, name in (
            ("trdSide", "TrdSide"),
            ("orderType", "OrderType"),
            ("orderStatus", "OrderStatus"),
            ("timeInForce", "TimeInForce"),
            ("secMarket", "TrdSecMarket"),
            ("trdMarket", "TrdMarket"),
            ("currency", "Currency"),
        ):
            assert {order[field] for order in orders} <= enum(name), field


async def test_an_order_is_changed_by_its_number_where_no_text_is_given():
    async with world() as w:
        header = {"trdEnv": 0, "accID": w.paper, "trdMarket": 2}
        change = {"packetID": None, "header": header, "modifyOrderOp": 1, "qty": 2, "price": 91}
        told = await asyncio.to_thread(answers, w, place(w), (2205, {**change, "orderID": 1}))
        number = int(told[0][2]["orderID"])
        told = await asyncio.to_thread(answers, w, (2205, {**change, "orderID": number, "price": 92}))
        assert told[0][0] == 0
        (order,) = await w.opend.call("orders")
        assert (order["limit_price"], order["quantity"]) == ("92.0", "2.0")


async def test_nothing_is_answered_before_the_greeting():
    async with world() as w:
        header = {"trdEnv": 0, "accID": w.paper, "trdMarket": 2}
        ((ret, text, _),) = await asyncio.to_thread(answers, w, (2201, {"header": header}), rude=True)
        assert (ret, text) == (-1, "Please call InitConnect first")


async def test_a_replayed_order_and_one_of_another_connection_are_not_carried_out():
    async with world() as w:
        _, order = place(w)
        told = await asyncio.to_thread(
            answers,
            w,
            (2202, dict(order)),
            (2202, {**order, "packetID": {"connID": 999_999, "serialNo": 7}}),
        )
        assert [ret for ret, _, _ in told] == [0, -1]
        assert "packetID" in told[1][1]
        assert len(await w.opend.call("orders")) == 1


def questions(w):
    paper = {"trdEnv": 0, "accID": w.paper, "trdMarket": 2}
    change = {"packetID": None, "header": paper, "orderID": 0, "modifyOrderOp": 2, "orderIDEx": "nobody"}
    stocks = [{"market": 11, "code": "AAPL"}]
    return {
        "a protocol there is none of": (2111, {"raw": "0a00"}, "Unknown protocol"),
        "a body that is no message": (2201, {"raw": "ffffff"}, "parsed"),
        "a message without what is required": (2202, {"raw": "0a00"}, "parsed"),
        "a cancel of nothing": (2205, change, "does not exist"),
        "a change of nothing": (
            2205,
            {**change, "modifyOrderOp": 1, "qty": 1, "price": 90},
            "does not exist",
        ),
        "a change that is none": (2205, {**change, "modifyOrderOp": 3}, "not supported"),
        "a cancel of everything": (2205, {**change, "forAll": True}, "not supported"),
        "money in another currency": (2101, {"header": paper, "currency": 1}, "currency"),
        "another person's account": (2101, {"header": {**paper, "accID": 1}, "currency": 2}, "Nonexisting"),
        "another market's positions": (2102, {"header": {**paper, "trdMarket": 1}}, "market"),
        "a past without its times": (2221, {"header": paper, "filterConditions": {}}, "required"),
        "a stock there is none of": (
            3203,
            {"securityList": [{"market": 11, "code": "ZZZZZ"}]},
            "Unknown stock",
        ),
        "a stock of another market": (
            3203,
            {"securityList": [{"market": 1, "code": "AAPL"}]},
            "Unknown stock",
        ),
        "too many stocks at once": (3203, {"securityList": stocks * 401}, "400"),
        "facts of a stock there is none of": (
            3202,
            {"securityList": [{"market": 11, "code": "US.AAPL"}]},
            "Unknown stock",
        ),
        "an order on neither side": (*place(w, trdSide=0), "not supported"),
        "an order for less than nothing": (*place(w, qty=-1), "quantity"),
        "a time there is none of": (*place(w, timeInForce=7), "not supported"),
    }


async def test_wrong_requests_are_refused_with_a_result_and_a_sentence():
    async with world() as w:
        asked = questions(w)
        told = await asyncio.to_thread(answers, w, *[(proto, body) for proto, body, _ in asked.values()])
        for name, (ret, text, body), (_, _, part) in zip(asked, told, asked.values(), strict=True):
            assert ret < 0, name
            assert part.lower() in text.lower(), name
            assert not body, name
        assert await w.opend.call("orders") == []


@pytest.mark.parametrize(("op", "extra"), [(2, {}), (1, {"qty": 1, "price": 91})])
async def test_what_is_over_is_not_changed_any_more(op, extra):
    async with world() as w:
        paper = {"trdEnv": 0, "accID": w.paper, "trdMarket": 2}
        (sent,) = await asyncio.to_thread(answers, w, place(w, price=510))
        change = {"packetID": None, "header": paper, "orderID": 0, "modifyOrderOp": op, **extra}
        ((ret, text, _),) = await asyncio.to_thread(
            answers, w, (2205, {**change, "orderIDEx": sent[2]["orderIDEx"]})
        )
        assert ret == -1
        assert "status does not allow" in text


async def test_the_eleventh_unlocking_in_thirty_seconds_is_too_many():
    async with world() as w:
        told = await asyncio.to_thread(answers, w, *[(2005, {"unlock": False})] * 11)
        assert [ret for ret, _, _ in told] == [0] * 10 + [-1]
        assert "frequent" in told[-1][1]
