"""The pretend Kraken against ccxt's reading of it, Kraken's documented example, and malformed requests."""

import base64
import hashlib
import hmac
from urllib.parse import urlencode

import aiohttp
import ccxt.async_support as ccxt
import pytest

from tests.integration.kraken_world import KEY, SECRET, world

GOOD = {"ordertype": "limit", "type": "buy", "volume": "1.25", "pair": "ETHUSD", "price": "37.5"}


class Caller:
    """Sign requests by hand, as Kraken's documents say, so that the simulator is not checked by itself."""

    def __init__(self, url):
        self.url, self.nonce = url, 1_700_000_000_000

    async def call(self, name, *, key=KEY, secret=SECRET, nonce=None, **form):
        self.nonce += 1
        body = urlencode({"nonce": self.nonce if nonce is None else nonce, **form})
        headers = {
            "API-Key": key,
            "API-Sign": sign(f"/0/private/{name}", str(body.split("=")[1].split("&")[0]), body, secret),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{self.url}/0/private/{name}", data=body, headers=headers) as reply,
        ):
            assert reply.status == 200
            return await reply.json()


def sign(path, nonce, body, secret):
    digest = hashlib.sha256((nonce + body).encode()).digest()
    mac = hmac.new(base64.b64decode(secret), path.encode() + digest, hashlib.sha512)
    return base64.b64encode(mac.digest()).decode()


def test_we_sign_as_krakens_documented_example_does():
    # The published example of docs.kraken.com/api/docs/guides/spot-rest-auth.
    secret = "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="
    body = "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25"
    expected = "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="
    assert sign("/0/private/AddOrder", "1616492376594", body, secret) == expected


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"pair": "NOPEUSD"}, "EQuery:Unknown asset pair"),
        ({"pair": ""}, "EQuery:Unknown asset pair"),
        ({"ordertype": "bracket"}, "EGeneral:Invalid arguments:ordertype"),
        ({"ordertype": ""}, "EGeneral:Invalid arguments:ordertype"),
        ({"type": "short"}, "EGeneral:Invalid arguments:type"),
        ({"volume": "0"}, "EGeneral:Invalid arguments:volume"),
        ({"volume": "-1"}, "EGeneral:Invalid arguments:volume"),
        ({"volume": "many"}, "EGeneral:Invalid arguments:volume"),
        ({"volume": "NaN"}, "EGeneral:Invalid arguments:volume"),
        ({"volume": "1.000000001"}, "EGeneral:Invalid arguments:volume"),
        ({"volume": "0.00001"}, "EGeneral:Invalid arguments:volume minimum not met"),
        ({"price": "37.501"}, "EOrder:Invalid price"),
        ({"price": ""}, "EGeneral:Invalid arguments:price"),
        ({"price2": "30"}, "EGeneral:Invalid arguments:price"),
        ({"ordertype": "market"}, "EGeneral:Invalid arguments:price"),
        ({"ordertype": "stop-loss-limit"}, "EGeneral:Invalid arguments:price2"),
        ({"ordertype": "trailing-stop"}, "EGeneral:Invalid arguments:price"),
        ({"cl_ord_id": "longer than eighteen characters"}, "EGeneral:Invalid arguments:cl_ord_id"),
        ({"deadline": "soon"}, "EGeneral:Invalid arguments:deadline"),
        ({"deadline": "2020-01-01T00:00:00.000Z"}, "EService:Deadline elapsed"),
        ({"deadline": "2099-01-01T00:00:00.000Z"}, "EGeneral:Invalid arguments:deadline"),
        ({"timeinforce": "DAY"}, "EGeneral:Invalid arguments:timeinforce"),
        ({"oflags": "viqc,nonsense"}, "EGeneral:Invalid arguments:oflags"),
        ({"triggerPrice": "30"}, "EGeneral:Invalid arguments"),
        ({"volume": "1000000"}, "EOrder:Insufficient funds"),
        ({"type": "sell", "price": "370"}, "EOrder:Insufficient funds"),
        ({"volume": "0.01"}, "EOrder:Cost minimum not met"),
    ],
)
async def test_what_kraken_would_refuse_is_refused(wrong, code):
    async with world() as w:
        answer = await Caller(w.sim.url).call("AddOrder", **{**GOOD, **wrong})
        assert answer["error"][0].startswith(code)
        assert "result" not in answer
        assert w.sim.orders(KEY) == []


@pytest.mark.parametrize(
    ("name", "how", "code"),
    [
        ("BalanceEx", {"key": "nobody"}, "EAPI:Invalid key"),
        ("BalanceEx", {"secret": base64.b64encode(b"wrong").decode()}, "EAPI:Invalid signature"),
        ("BalanceEx", {"nonce": "soon"}, "EAPI:Invalid nonce"),
        ("CancelOrder", {"txid": "OAAAAA-BBBBB-CCCCCC"}, "EOrder:Unknown order"),
        ("AmendOrder", {"txid": "OAAAAA-BBBBB-CCCCCC", "limit_price": "1"}, "EOrder:Unknown order"),
        ("QueryOrders", {"txid": ""}, "EOrder:Unknown order"),
        ("Nothing", {}, "EGeneral:Unknown method"),
    ],
)
async def test_calls_that_cannot_be_answered_say_why(name, how, code):
    async with world() as w:
        assert (await Caller(w.sim.url).call(name, **how))["error"] == [code]


async def test_a_nonce_is_good_once():
    async with world() as w:
        caller = Caller(w.sim.url)
        assert not (await caller.call("BalanceEx", nonce=1_800_000_000_000))["error"]
        for again in (1_800_000_000_000, 1_700_000_000_000):
            assert (await caller.call("BalanceEx", nonce=again))["error"] == ["EAPI:Invalid nonce"]


async def test_a_key_without_the_permission_is_denied():
    async with world() as w:
        w.sim.account(KEY).permissions = ("query-funds",)
        caller = Caller(w.sim.url)
        assert (await caller.call("AddOrder", **GOOD))["error"] == ["EGeneral:Permission denied"]
        assert not (await caller.call("BalanceEx"))["error"]


async def test_validating_an_order_places_none():
    async with world() as w:
        answer = await Caller(w.sim.url).call("AddOrder", **GOOD, validate="true")
        assert "txid" not in answer["result"]
        assert w.sim.orders(KEY) == []


async def test_an_id_is_taken_while_its_order_is_open_and_free_after():
    async with world() as w:
        caller = Caller(w.sim.url)
        (txid,) = (await caller.call("AddOrder", **GOOD, cl_ord_id="mine"))["result"]["txid"]
        assert (await caller.call("AddOrder", **GOOD, cl_ord_id="mine"))["error"]
        assert (await caller.call("CancelOrder", txid=txid))["result"] == {"count": 1}
        assert (await caller.call("AddOrder", **GOOD, cl_ord_id="mine"))["result"]["txid"] != [txid]


async def test_the_counter_runs_over_and_decays():
    async with world(counter=3.0, decay=50.0) as w:
        caller = Caller(w.sim.url)
        w.sim.account(KEY).counted_at = w.clock.monotonic()
        w.sim.account(KEY).counter = 60.0
        assert (await caller.call("BalanceEx"))["error"] == ["EAPI:Rate limit exceeded"]
        assert not (await caller.call("CancelOrder", txid="x"))["error"][0].startswith("EAPI")
        w.sim.account(KEY).counter = 0.0
        assert not (await caller.call("BalanceEx"))["error"]


async def test_ccxts_own_decoder_reads_every_answer_of_the_simulator():
    async with world() as w:
        url = {"public": w.sim.url, "private": w.sim.url}
        exchange = ccxt.kraken(
            {"apiKey": KEY, "secret": SECRET, "urls": {"api": url}, "enableRateLimit": False}
        )
        try:
            await exchange.load_markets()
            assert exchange.markets["BTC/USD"]["id"] == "XXBTZUSD"
            assert exchange.markets["DOGE/USD"]["altname"] == "XDGUSD"
            assert (await exchange.fetch_ticker("ETH/USD"))["ask"] == 100.0
            made = await exchange.create_order("ETH/USD", "limit", "buy", 1, 90)
            seen = await exchange.fetch_order(made["id"])
            assert (seen["status"], seen["symbol"], seen["amount"], seen["price"]) == (
                *("open", "ETH/USD"),
                *(1.0, 90.0),
            )
            bought = await exchange.create_order("ETH/USD", "market", "buy", 2)
            closed = await exchange.fetch_order(bought["id"])
            assert (closed["status"], closed["filled"], closed["average"]) == ("closed", 2.0, 100.0)
            assert [o["id"] for o in await exchange.fetch_open_orders()] == [made["id"]]
            assert bought["id"] in {o["id"] for o in await exchange.fetch_closed_orders()}
            assert (await exchange.fetch_my_trades())[0]["amount"] == 2.0
            assert (await exchange.fetch_balance())["ETH"]["total"] == 2.0
            assert (await exchange.fetch_trading_fee("ETH/USD"))["taker"] == 0.0035
            await exchange.cancel_order(made["id"])
            assert (await exchange.fetch_order(made["id"]))["status"] == "canceled"
        finally:
            await exchange.close()
