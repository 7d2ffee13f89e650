"""An address in the environment sends a broker's sessions to another server, streams included, or is refused.

Settings are read from the environment, the process is put together from them as it is when it runs, and the
account is linked and served as a member's is. Nothing hands an adapter its address by hand.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal

import httpx
import pytest

from adapters.schwab import guard as schwab_guard
from bot.compose import build
from bot.settings import Settings, load
from domain.accounts import Environment
from domain.broker import Credentials
from domain.errors import Denied, Sent
from domain.ids import AccountRef, UserId
from domain.instruments import AssetClass, InstrumentQuery
from domain.orders import OrderRequest, OrderType, Side, TimeInForce
from tests.integration import (
    alpaca_world,
    coinbasepro_world,
    ibkr_world,
    kraken_world,
    moomoo_world,
    schwab_world,
)
from tests.support import eventually
from trading.sessions import prepare
from vault.redact import Redactor

ANA = UserId("424242424242424242")
PAPER, LIVE = Environment.PAPER, Environment.LIVE
NOBODY = {"host": "127.0.0.1", "port": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Be another server: where it is, who is known there, and what arrived."""

    address: str
    environment: Environment
    fields: Mapping[str, str]
    symbol: str
    bodies: Callable[[], int]
    listeners: Callable[[], int]


@asynccontextmanager
async def alpaca():
    async with alpaca_world.world() as w:
        keys = {"key_id": alpaca_world.KEY, "secret_key": alpaca_world.SECRET}
        yield Server(
            address=w.sim.url,
            environment=PAPER,
            fields=keys,
            symbol="AAPL",
            bodies=lambda: len(w.sim.posted()),
            listeners=lambda: int(w.sim.streams.open(alpaca_world.KEY)),
        )


@asynccontextmanager
async def ibkr():
    async with ibkr_world.world(patience=5) as w:
        yield Server(
            address=f"tcp://{w.sim.address}",
            environment=PAPER,
            fields={**NOBODY, "client_id": "71", "account": ""},
            symbol="AAPL",
            bodies=lambda: len(w.placed()),
            listeners=lambda: len(w.sim.clients),  # everything is told over the one socket
        )


@asynccontextmanager
async def schwab():
    async with schwab_world.world() as w:
        token = json.dumps(w.sim.token(w.login))
        yield Server(
            address=w.sim.url,
            environment=LIVE,
            fields={"app_key": schwab_world.KEY, "app_secret": schwab_world.SECRET, "token": token},
            symbol="AAPL",
            bodies=lambda: len(w.sim.posted()),
            listeners=w.sim.streams.listening,
        )


@asynccontextmanager
async def moomoo():
    async with moomoo_world.world() as w:
        yield Server(
            address=f"tcp://{w.opend.endpoint}",
            environment=PAPER,
            fields=NOBODY,
            symbol="AAPL",
            bodies=lambda: len(w.bodies()),
            listeners=lambda: w.opend.ask("connections"),  # everything is told over the one socket
        )


@asynccontextmanager
async def kraken():
    async with kraken_world.world() as w:
        yield Server(
            address=w.sim.url,
            environment=LIVE,
            fields={"api_key": kraken_world.KEY, "private_key": kraken_world.SECRET},
            symbol="ETHUSD",
            bodies=lambda: len(w.sim.posted()),
            listeners=w.sim.streams.listeners,
        )


@asynccontextmanager
async def coinbasepro():
    async with coinbasepro_world.world() as w:
        key = coinbasepro_world.KEY
        yield Server(
            address=w.sim.url,
            environment=LIVE,
            fields={"key_name": key.name, "private_key": key.secret},
            symbol="ETHUSD",
            bodies=lambda: len(w.sim.posted()),
            listeners=w.sim.streams.open,
        )


SERVERS = {make.__name__: make for make in (alpaca, coinbasepro, ibkr, kraken, moomoo, schwab)}


@asynccontextmanager
async def built(monkeypatch, tmp_path, **environment):
    """Put the process together from this environment alone; nothing of it is started."""
    monkeypatch.chdir(tmp_path)  # no .env of the developer
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in {"DISCORD_TOKEN": "abc.def.ghi", **environment}.items():
        monkeypatch.setenv(name, value)
    house = await build(load(), Redactor(), "0")
    try:
        yield house.trading
    finally:
        await house.trading.stop()
        await house.bus.close()
        await house.store.close()


@pytest.mark.parametrize("broker", SERVERS)
async def test_an_address_in_the_environment_is_where_sessions_and_streams_go(monkeypatch, tmp_path, broker):
    async with (
        SERVERS[broker]() as server,
        built(monkeypatch, tmp_path, **{f"{broker.upper()}_API_URL": server.address}) as trading,
    ):
        who = {"user": ANA, "broker": broker, "environment": server.environment}
        who["credentials"] = Credentials(dict(server.fields))
        verified = await trading._accounts.test_credentials(**who)
        linked = await trading._accounts.link(**who, name="Mine", verified=verified)
        actor = trading._executor.get(linked.id)
        await eventually(lambda: actor.session is not None and actor.session.is_connected())
        await eventually(lambda: server.listeners() > 0)
        await actor.session.submit(await one_order(actor.session, server.symbol))
        assert server.bodies() == 1


async def one_order(session, symbol):
    coin = symbol.endswith("USD")
    kind = AssetClass.CRYPTO if coin else AssetClass.EQUITY
    return OrderRequest(
        client_order_id=str(uuid.uuid4()),
        instrument=await session.resolve(InstrumentQuery(symbol=symbol, asset_class=kind)),
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC if coin else TimeInForce.DAY,
        quantity=Decimal(1),
        limit_price=Decimal(50),
    )


# moomoo's paper and real accounts are behind one port: there the account decides (test_moomoo_traps.py).
REAL = {
    "alpaca": ("https://api.alpaca.markets", {"key_id": "PK" + "A" * 18, "secret_key": "s" * 40}),
    "coinbasepro": ("https://api.coinbase.com", coinbasepro_world.KEY),
    "ibkr": ("tcp://127.0.0.1:7496", {"client_id": "71"}),
    "kraken": ("https://api.kraken.com", {"api_key": "k" * 56, "private_key": kraken_world.SECRET}),
    "schwab": ("https://api.schwabapi.com", {"app_key": "k" * 32, "app_secret": "s" * 16, "token": "{}"}),
}


@pytest.mark.parametrize("broker", REAL)
async def test_an_override_never_leads_a_paper_session_to_real_money(monkeypatch, tmp_path, broker):
    address, fields = REAL[broker]
    if broker == "coinbasepro":
        fields = {"key_name": fields.name, "private_key": fields.secret}
    async with built(monkeypatch, tmp_path, **{f"{broker.upper()}_API_URL": address}) as trading:
        ref = AccountRef(user=ANA, broker=broker, account="a")
        session = prepare(trading._executor._deps, ref, PAPER, Credentials(dict(fields)))
        with pytest.raises(Denied) as refused:
            async with session:
                pass
        assert refused.value.sent is Sent.NO


async def test_a_path_in_schwabs_override_is_kept():
    arrived = []

    class Inner(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            arrived.append(str(request.url))
            return httpx.Response(200)

    for endpoint in ("http://127.0.0.1:9/behind/a/proxy", "http://127.0.0.1:9"):
        transport = schwab_guard.make_transport(LIVE, endpoint)
        transport._inner = Inner()
        request = httpx.Request("GET", f"https://{schwab_guard.HOST}/trader/v1/x?a=b%2Fc")
        await transport.handle_async_request(request)
    assert arrived == [
        "http://127.0.0.1:9/behind/a/proxy/trader/v1/x?a=b%2Fc",
        "http://127.0.0.1:9/trader/v1/x?a=b%2Fc",
    ]
