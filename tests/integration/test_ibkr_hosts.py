"""A member's host and port reach this machine and what the operator lists, at IBKR and at moomoo alike."""

import asyncio
from types import SimpleNamespace

import pytest

from adapters.ibkr import ADAPTER as IBKR
from adapters.kit import hosts
from adapters.moomoo import ADAPTER as MOOMOO
from domain.accounts import Environment
from domain.broker import Credentials, SessionDeps
from domain.clock import SystemClock
from domain.errors import Denied, Unreachable
from domain.ids import AccountRef, UserId
from tests.integration.ibkr_world import world
from tests.support import eventually
from trading.config import TradingConfig
from trading.sessions import prepare

LIVE = "U7654321"


def deps(broker, *allowed):
    return SessionDeps(
        ref=AccountRef(user=UserId("1"), broker=broker, account="a"),
        environment=Environment.LIVE,
        clock=SystemClock(),
        gateway_hosts=allowed,
    )


@pytest.fixture
def meaning(monkeypatch):
    known = {}

    async def look_up(host, port):
        return [hosts._plain(text) for text in known.get(host, [host])]

    monkeypatch.setattr(hosts, "_addresses", look_up)
    return known


@pytest.mark.parametrize("adapter", [IBKR, MOOMOO], ids=lambda a: a.manifest.slug)
@pytest.mark.parametrize("host", ["10.0.5.7", "169.254.169.254", "gateway.lan"])
async def test_no_socket_is_opened_to_a_host_that_is_not_allowed(adapter, host, monkeypatch):
    opened = []
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "create_connection", lambda *a, **k: opened.append(a))
    fields = Credentials({"host": host, "port": "7496", "client_id": "71", "account": ""})
    with pytest.raises(Denied) as caught:
        async with adapter.open(fields, deps(adapter.manifest.slug)) as session:
            await session.verify()
    assert caught.value.code == "host_not_allowed"
    assert "GATEWAY_HOSTS" in caught.value.text
    assert not opened


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_gateway_on_this_machine_is_reached(host):
    async with world(accounts=(LIVE,)) as w:
        fields = Credentials({"host": host, "port": str(w.sim.port), "client_id": "71", "account": ""})
        async with IBKR.open(fields, deps("ibkr")) as session:
            assert session.is_connected()


async def test_a_listed_name_is_reached_at_the_address_that_was_checked(meaning):
    async with world(accounts=(LIVE,)) as w:
        meaning["tws.lan"] = ["127.0.0.1"]
        fields = Credentials({"host": "tws.lan", "port": str(w.sim.port), "client_id": "71", "account": ""})
        async with IBKR.open(fields, deps("ibkr", f"tws.lan:{w.sim.port}")) as session:
            assert session._link.ib.client.host == "127.0.0.1"


async def test_a_name_that_means_another_address_by_the_next_connection_is_refused(meaning):
    async with world(accounts=(LIVE,)) as w:
        meaning["tws.lan"] = ["127.0.0.1"]
        fields = Credentials({"host": "tws.lan", "port": str(w.sim.port), "client_id": "71", "account": ""})
        async with IBKR.open(fields, deps("ibkr", "127.0.0.1", "tws.lan")) as session:
            meaning["tws.lan"] = ["169.254.169.254"]
            w.sim.drop()
            await eventually(lambda: not session.is_connected())
            with pytest.raises(Denied):
                await session.account()


async def test_a_place_the_operator_names_for_all_is_not_a_members_and_needs_no_list():
    async with world() as w, w.open() as session:
        assert session.is_connected()
    with pytest.raises(Unreachable):
        async with w.open(endpoint="127.0.0.1:1"):
            pass


async def test_the_operators_list_reaches_every_session():
    seen = []
    adapter = SimpleNamespace(open=lambda credentials, given: seen.append(given))
    given = SimpleNamespace(
        adapters={"ibkr": adapter},
        clock=SystemClock(),
        endpoints={},
        rate_ceilings={},
        prices=None,
        quota=None,
        apps={},
        store=SimpleNamespace(paper_books=None),
        config=TradingConfig(gateway_hosts=("tws.lan:7497",)),
    )
    ref = AccountRef(user=UserId("1"), broker="ibkr", account="a")
    prepare(given, ref, Environment.PAPER, Credentials({}))
    assert seen[0].gateway_hosts == ("tws.lan:7497",)
