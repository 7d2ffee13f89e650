"""Stand a broker's simulator up in a process of its own: many accounts, no rate limits, a pipe to ask by."""

import asyncio
import base64
import contextlib
import hashlib
import json
import multiprocessing
import resource
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from domain.clock import SystemClock

CASH = Decimal(10**9)
PRICE = "50"
"""Far below the market: the order rests."""
QUOTES = {"AAPL": ("99", "100"), "ETHUSD": ("99", "100")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Be where one account is, and what its owner types in."""

    address: str
    fields: Mapping[str, str] = field(default_factory=dict)
    paper: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Be a simulator that runs, seen from its own process."""

    places: list[Place]
    requests: Callable[[], int]
    listeners: Callable[[], int]


class Simulator:
    """Be the other process, seen from here."""

    def __init__(self, broker: str, accounts: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(broker, accounts, theirs), daemon=True)
        self._process.start()
        self.places: list[Place] = self._pipe.recv()

    def ask(self, what: str) -> int:
        """Ask for the number of ``requests`` that arrived, or of ``listeners`` to order updates."""
        self._pipe.send(what)
        return self._pipe.recv()

    def stop(self) -> None:
        self._process.terminate()
        self._process.join(5)


def lift_file_limit() -> None:
    """Let this process hold as many sockets as it may."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _serve(broker: str, accounts: int, pipe: Any) -> None:
    lift_file_limit()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_stand(broker, accounts, pipe))


async def _stand(broker: str, accounts: int, pipe: Any) -> None:
    stand = await STANDS[broker](accounts)
    pipe.send(stand.places)
    while True:
        pipe.send(getattr(stand, await asyncio.to_thread(pipe.recv))())


def _market() -> Any:
    from sim.market import Market

    market = Market(clock=SystemClock())
    for symbol, (bid, ask) in QUOTES.items():
        market.set(symbol, Decimal(bid), Decimal(ask))
    return market


async def _alpaca(accounts: int) -> Stand:
    from sim.alpaca import AlpacaSim

    sim = AlpacaSim(_market(), SystemClock(), rate_limit=None)
    keys = [f"PK{number:018}" for number in range(accounts)]
    secret = "a-pretend-secret-for-the-benchmark-000000"
    for key in keys:
        sim.add_account(key, secret, CASH)
    await sim.start()
    return Stand(
        places=[Place(address=sim.url, fields={"key_id": k, "secret_key": secret}, paper=True) for k in keys],
        requests=lambda: len(sim.requests),
        listeners=lambda: sum(map(sim.streams.open, keys)),
    )


async def _schwab(accounts: int) -> Stand:
    from sim.schwab import SchwabSim

    sim = SchwabSim(_market(), SystemClock(), app_limit=None, order_limit=None)
    places, secret = [], "pretendsecret123"
    await sim.start()
    for number in range(accounts):
        key = f"BENCH{number:027}"  # each member registers an app: the limit on reads is the app's
        login = sim.add_login(key, secret, f"{10_000_000 + number}", cash=CASH, name=key)
        token = sim.token(login)
        places.append(
            Place(address=sim.url, fields={"app_key": key, "app_secret": secret, "token": json.dumps(token)})
        )
    return Stand(places=places, requests=lambda: len(sim.requests), listeners=sim.streams.listening)


async def _kraken(accounts: int) -> Stand:
    from sim.kraken import KrakenSim

    sim = KrakenSim(_market(), SystemClock(), counter=None)
    keys = [f"Bench{number:051}" for number in range(accounts)]
    secret = base64.b64encode(b"a pretend private key for the benchmark, of sixty-four bytes....").decode()
    for key in keys:
        sim.add_account(key, secret, CASH)
    await sim.start()
    return Stand(
        places=[Place(address=sim.url, fields={"api_key": key, "private_key": secret}) for key in keys],
        requests=lambda: len(sim.requests),
        listeners=sim.streams.listeners,
    )


async def _coinbasepro(accounts: int) -> Stand:
    from sim.coinbase import CoinbaseSim
    from sim.coinbase.auth import ecdsa_key

    sim = CoinbaseSim(_market(), SystemClock(), rate_limit=None)
    keys = [ecdsa_key() for _ in range(accounts)]
    for key in keys:
        sim.add_account(key, CASH)
    await sim.start()
    return Stand(
        places=[
            Place(address=sim.url, fields={"key_name": key.name, "private_key": key.secret}) for key in keys
        ],
        requests=lambda: len(sim.requests),
        listeners=sim.streams.open,
    )


async def _ibkr(accounts: int) -> Stand:
    """Stand up a TWS for each account, as in life: all in this one process, each at a port of its own."""
    from sim.ibkr import IbkrSim

    sims = [IbkrSim(_market(), SystemClock(), accounts=(f"DU{n:07}",), cash=CASH) for n in range(accounts)]
    for sim in sims:
        await sim.start()
    return Stand(
        places=[
            Place(address=sim.address, fields={"client_id": "71", "account": ""}, paper=True) for sim in sims
        ],
        requests=lambda: sum(len(sim.requests) for sim in sims),
        listeners=lambda: sum(len(sim.clients) for sim in sims),
    )


async def _moomoo(accounts: int) -> Stand:
    """Stand up an OpenD for each account, as in life: all in this one process, each at a port of its own."""
    from sim.moomoo.server import OpenDServer
    from sim.moomoo.state import World

    def world() -> World:
        made = World(
            SystemClock(),
            cash=CASH,
            password_md5=hashlib.md5(b"", usedforsecurity=False).hexdigest(),
            paper_rules=False,
            limits=False,
        )
        for symbol, (bid, ask) in QUOTES.items():
            made.market.set(symbol, Decimal(bid), Decimal(ask))
        return made

    servers = [OpenDServer(world()) for _ in range(accounts)]
    ports = [await server.start() for server in servers]
    return Stand(
        places=[Place(address=f"127.0.0.1:{port}", paper=True) for port in ports],
        requests=lambda: sum(len(server.world.requests) for server in servers),
        listeners=lambda: sum(c.subscribed != set() for server in servers for c in server.connections),
    )


STANDS: Mapping[str, Callable[[int], Awaitable[Stand]]] = {
    "alpaca": _alpaca,
    "ibkr": _ibkr,
    "schwab": _schwab,
    "moomoo": _moomoo,
    "kraken": _kraken,
    "coinbasepro": _coinbasepro,
}
