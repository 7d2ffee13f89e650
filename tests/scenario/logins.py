"""Open each broker's doors for a person who will link it: a pretend broker, and what they type."""

import base64
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from domain.ports import Clock
from sim.alpaca import AlpacaSim
from sim.coinbase import CoinbaseSim
from sim.coinbase.auth import ecdsa_key
from sim.faults import FaultAction, Faults
from sim.ibkr import IbkrSim
from sim.kraken import KrakenSim
from sim.market import Market
from sim.schwab import SchwabSim
from tests.contract import moomoo_harness

CASH = Decimal(54_321)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Be what one person knows of one account.

    ``typed`` is asked for each time anew, for some of it is good once; ``choices`` are taken where offered.
    """

    broker: str
    settings: Mapping[str, str]
    typed: Callable[[], Mapping[str, str]]
    wrong: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[str, ...] = ("paper",)
    slow: Callable[[], None] | None = None
    """Make the broker think for a while about the next test."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Give what must be nowhere but at the broker."""
        return tuple(v for v in (*self.typed().values(), *self.wrong.values()) if len(v) > 12)


@contextlib.asynccontextmanager
async def _paper(market: Market, clock: Clock) -> AsyncIterator[Login]:
    yield Login(broker="paper", settings={}, typed=dict)


@contextlib.asynccontextmanager
async def _alpaca(market: Market, clock: Clock, choice: str = "paper") -> AsyncIterator[Login]:
    faults = Faults()
    async with AlpacaSim(market, clock, faults=faults) as sim:
        key, secret = f"{'PK' if choice == 'paper' else 'AK'}LINKING0000000000001", "canary/alpaca+secret" * 2
        sim.add_account(key, secret, CASH)
        yield Login(
            broker="alpaca",
            settings={"ALPACA_API_URL": sim.url},
            typed=lambda: {"key_id": key, "secret_key": secret},
            wrong={"secret_key": "canary-wrong-alpaca-secret-0000000000000"},
            choices=(choice,),
            slow=lambda: faults.add("GET /v2/account", FaultAction.DELAY, seconds=3.0),
        )


def _alpaca_live(market: Market, clock: Clock) -> Any:
    return _alpaca(market, clock, "live")


@contextlib.asynccontextmanager
async def _kraken(market: Market, clock: Clock) -> AsyncIterator[Login]:
    async with KrakenSim(market, clock, faults=Faults()) as sim:
        key, secret = (
            "Canary" * 9,
            base64.b64encode(b"canary kraken private key, of sixty-four bytes as theirs" * 2),
        )
        sim.add_account(key, secret[:88].decode(), CASH)
        wrong = base64.b64encode(b"another canary private key, which is wrong all the way through..")
        yield Login(
            broker="kraken",
            settings={"KRAKEN_API_URL": sim.url},
            typed=lambda: {"api_key": key, "private_key": secret[:88].decode()},
            wrong={"private_key": wrong.decode()},
        )


@contextlib.asynccontextmanager
async def _coinbasepro(market: Market, clock: Clock) -> AsyncIterator[Login]:
    good, bad = ecdsa_key(), ecdsa_key()
    async with CoinbaseSim(market, clock, faults=Faults()) as sim:
        sim.add_account(good, CASH)
        yield Login(
            broker="coinbasepro",
            settings={"COINBASEPRO_API_URL": sim.url},
            typed=lambda: {"key_name": good.name, "private_key": good.secret},
            wrong={"private_key": bad.secret},
        )


@contextlib.asynccontextmanager
async def _ibkr(market: Market, clock: Clock) -> AsyncIterator[Login]:
    accounts = ("DU1234567", "DU7654321")
    async with IbkrSim(market, clock, accounts=accounts, cash=CASH) as sim:
        numbers = iter(range(71, 200))
        yield Login(
            broker="ibkr",
            settings={"IBKR_API_URL": f"tcp://{sim.address.removeprefix('tcp://')}"},
            typed=lambda: {"host": "127.0.0.1", "port": "7497", "client_id": str(next(numbers))},
            wrong={"account": "DU9999999"},
            choices=("paper", "DU1234567"),
        )


@contextlib.asynccontextmanager
async def _schwab(market: Market, clock: Clock) -> AsyncIterator[Login]:
    async with SchwabSim(market, clock) as sim:
        key, secret = "CanaryAppKey" + "x" * 20, "canary-schwab-app-secret"
        login = sim.add_login(key, secret, "12345678", "12349876", cash=CASH)

        def typed() -> Mapping[str, str]:
            return {"app_key": key, "app_secret": secret, "redirect_url": sim.redirect(login)}

        yield Login(
            broker="schwab",
            settings={"SCHWAB_API_URL": sim.url},
            typed=typed,
            wrong={"redirect_url": "https://127.0.0.1:8182/?code=C0.nothing-of-the-kind"},
            choices=("12349876",),
        )


@contextlib.asynccontextmanager
async def _moomoo(market: Market, clock: Clock) -> AsyncIterator[Login]:
    opend = moomoo_harness.process()
    await opend.call("reset", cash=str(CASH), prices={}, password=moomoo_harness.PASSWORD)
    yield Login(
        broker="moomoo",
        settings={"MOOMOO_API_URL": f"tcp://{opend.endpoint}"},
        typed=lambda: {"unlock_password": moomoo_harness.PASSWORD},
        wrong={"account_id": "123456"},
    )


LOGINS: Mapping[str, Callable[[Market, Clock], contextlib.AbstractAsyncContextManager[Login]]] = {
    "paper": _paper,
    "alpaca": _alpaca,
    "alpaca live": _alpaca_live,
    "ibkr": _ibkr,
    "schwab": _schwab,
    "moomoo": _moomoo,
    "kraken": _kraken,
    "coinbasepro": _coinbasepro,
}
