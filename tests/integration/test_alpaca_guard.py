"""Paper means paper: whatever the code above believes, no byte leaves for the live host."""

from decimal import Decimal

import pytest

from adapters.alpaca import guard
from adapters.alpaca.stream import TradeFeed
from domain.accounts import Environment
from domain.broker import Credentials
from domain.errors import Denied, Sent
from tests.integration.alpaca_world import KEY, SECRET, world

D = Decimal
LIVE = [
    "https://api.alpaca.markets",
    "http://api.alpaca.markets",
    "https://API.Alpaca.Markets",
    "https://api.alpaca.markets.",
    "https://api.alpaca.markets:443/v2",
    "https://user@api.alpaca.markets",
]


@pytest.mark.parametrize("address", LIVE)
async def test_a_paper_session_told_to_use_the_live_address_never_opens(address):
    async with world() as w:
        with pytest.raises(Denied) as refused:
            async with w.open(endpoint=address):
                pass
        assert refused.value.sent is Sent.NO


@pytest.mark.parametrize("address", LIVE)
def test_the_transport_itself_refuses_the_live_host(address):
    import requests

    session = requests.Session()
    for endpoint in ("", "http://127.0.0.1:1", address):
        session.mount("https://", guard.make_adapter(Environment.PAPER, endpoint))
        session.mount("http://", guard.make_adapter(Environment.PAPER, endpoint))
        with pytest.raises(Denied):
            session.post(f"{address}/v2/orders", json={})


async def test_a_client_whose_address_was_changed_behind_our_back_is_still_stopped():
    async with world() as w, w.open() as session:
        session._client.trading._base_url = "https://api.alpaca.markets"
        with pytest.raises(Denied):
            await session.account()


async def test_a_redirect_to_the_live_host_is_not_followed():
    import requests

    async with world() as w, w.open() as session:
        from sim.faults import FaultAction

        headers = {"Location": "https://api.alpaca.markets/v2/account"}
        w.faults.add("GET /v2/account", FaultAction.STATUS, times=9, status=302, headers=headers)
        http = session._client._session
        assert isinstance(http, requests.Session)
        import asyncio

        with pytest.raises(Denied):
            await asyncio.to_thread(http.get, f"{w.sim.url}/v2/account")


@pytest.mark.parametrize("address", LIVE)
async def test_the_stream_refuses_the_live_host(address):
    feed = TradeFeed(Credentials({"key_id": KEY, "secret_key": SECRET}), Environment.PAPER, address)
    queue = feed.join()
    try:
        assert isinstance(await queue.get(), Denied)
    finally:
        await feed.close()


def test_without_an_override_each_environment_has_its_own_hosts():
    paper, live = Environment.PAPER, Environment.LIVE
    assert guard.allowed("https://paper-api.alpaca.markets/v2/orders", paper, "")
    assert guard.allowed("https://data.alpaca.markets/v2/stocks", paper, "")
    assert not guard.allowed("https://api.alpaca.markets/v2/orders", paper, "")
    assert guard.allowed("https://api.alpaca.markets/v2/orders", live, "")
    assert not guard.allowed("https://paper-api.alpaca.markets/v2/orders", live, "")
    assert not guard.allowed("https://evil.example/api.alpaca.markets", live, "")
    assert guard.stream_url(paper, "") == "wss://paper-api.alpaca.markets/stream"
    assert guard.stream_url(live, "") == "wss://api.alpaca.markets/stream"
    assert guard.stream_url(paper, "http://127.0.0.1:9/") == "ws://127.0.0.1:9/stream"


async def test_the_override_carries_trading_data_and_the_stream():
    async with world() as w, w.open() as session:
        client = session._client
        assert {c._base_url for c in (client.trading, client.stocks, client.coins, client.options)} == {
            w.sim.url
        }
