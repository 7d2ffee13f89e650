"""Refuse at the pretend Schwab what the real one would, seen without our adapter in between."""

import base64

import aiohttp
import pytest

from tests.integration.schwab_world import KEY, SECRET, world

LEG = {"instruction": "BUY", "instrument": {"assetType": "EQUITY", "symbol": "AAPL"}, "quantity": 1}
# The shape of developer.schwab.com's first example: buy a stock at a limit.
GOOD = {
    "session": "NORMAL",
    "duration": "DAY",
    "orderType": "LIMIT",
    "price": "90.00",
    "orderStrategyType": "SINGLE",
    "orderLegCollection": [LEG],
}


def changed(**changes):
    return {k: v for k, v in {**GOOD, **changes}.items() if v is not None}


def leg(**changes):
    return [{**LEG, **changes}]


def option(symbol):
    found = {"assetType": "OPTION", "symbol": symbol}
    return changed(orderLegCollection=leg(instruction="BUY_TO_OPEN", instrument=found))


MALFORMED = {
    "no session": changed(session=None),
    "odd session": changed(session="ALWAYS"),
    "odd duration": changed(duration="FOREVER"),
    "odd type": changed(orderType="MAYBE"),
    "price as a word": changed(price="cheap"),
    "price as a list": changed(price=[90]),
    "price with three decimals": changed(price="90.001"),
    "price below zero": changed(price="-1"),
    "limit without price": changed(price=None),
    "market with price": changed(orderType="MARKET"),
    "stop without stop price": changed(orderType="STOP", price=None),
    "no leg": changed(orderLegCollection=None),
    "two legs": changed(orderLegCollection=[LEG, LEG]),
    "part of a share": changed(orderLegCollection=leg(quantity=1.5)),
    "nothing": changed(orderLegCollection=leg(quantity=0)),
    "odd instruction": changed(orderLegCollection=leg(instruction="GRAB")),
    "option's word for a stock": changed(orderLegCollection=leg(instruction="BUY_TO_OPEN")),
    "no strategy": changed(orderStrategyType=None),
    "trigger without a second order": changed(orderStrategyType="TRIGGER"),
    "single with a child": changed(childOrderStrategies=[GOOD]),
    "oco with an order of its own": changed(orderStrategyType="OCO", childOrderStrategies=[GOOD, GOOD]),
    "offset without trailing": changed(stopPriceOffset=5),
    "trailing without basis": changed(orderType="TRAILING_STOP", price=None, stopPriceOffset=5),
}
REJECTED = {
    "unknown symbol": changed(orderLegCollection=leg(instrument={"assetType": "EQUITY", "symbol": "ZZZZZ"})),
    "option not padded": option("AAPL270115C00100000"),
    "selling what is not held": changed(orderLegCollection=leg(instruction="SELL")),
    "too much money": changed(orderLegCollection=leg(quantity=100_000)),
}


async def post(w, body, access=None):
    access = access or w.sim.token(w.login)["token"]["access_token"]
    headers = {"Authorization": f"Bearer {access}"}
    where = f"{w.sim.url}{w.base}/orders"
    async with aiohttp.ClientSession() as client, client.post(where, json=body, headers=headers) as reply:
        return reply.status, reply.headers.get("Location"), await reply.text()


async def test_a_good_order_is_answered_with_201_an_address_and_no_body():
    async with world() as w:
        status, where, text = await post(w, GOOD)
        assert (status, text) == (201, "")
        assert where.startswith(f"https://api.schwabapi.com{w.base}/orders/")


@pytest.mark.parametrize("name", MALFORMED)
async def test_a_malformed_order_is_a_400(name):
    async with world() as w:
        status, where, text = await post(w, MALFORMED[name])
        assert (status, where) == (400, None)
        assert "message" in text
        assert w.sim.orders("87654321") == []


@pytest.mark.parametrize("name", REJECTED)
async def test_an_order_that_cannot_be_is_taken_and_then_rejected(name):
    async with world() as w:
        assert (await post(w, REJECTED[name]))[0] == 201
        (dead,) = w.login.accounts[0].dead
        assert dead["status"] == "REJECTED"
        assert dead["statusDescription"]


async def test_a_wrong_access_token_is_a_401():
    async with world() as w:
        assert (await post(w, GOOD, access="I0.wrong"))[0] == 401


async def test_the_token_endpoint_wants_the_apps_own_secret_and_a_code_once():
    async with world() as w, aiohttp.ClientSession() as client:
        code = w.sim.redirect(w.login).split("code=")[1].split("&")[0].replace("%40", "@")
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://127.0.0.1:8182"}

        async def ask(secret, **changes):
            basic = base64.b64encode(f"{KEY}:{secret}".encode()).decode()
            where, headers = f"{w.sim.url}/v1/oauth/token", {"Authorization": f"Basic {basic}"}
            async with client.post(where, data={**form, **changes}, headers=headers) as reply:
                return reply.status

        assert await ask("wrong") == 401
        assert await ask(SECRET, grant_type="password") == 400
        assert await ask(SECRET, code="C0.other") == 400
        assert await ask(SECRET, redirect_uri="https://127.0.0.1:8182") == 200
        assert await ask(SECRET) == 400


async def test_more_than_the_apps_share_is_a_429():
    async with world(app_limit=3) as w, w.open() as session:
        for _ in range(2):
            await session.account()
        assert w.sim.world.apps[KEY].hits
        headers = {"Authorization": f"Bearer {next(iter(w.login.access))}"}
        where = f"{w.sim.url}{w.base}"
        async with aiohttp.ClientSession() as client, client.get(where, headers=headers) as reply:
            assert reply.status == 429
            assert int(reply.headers["Retry-After"]) > 0
