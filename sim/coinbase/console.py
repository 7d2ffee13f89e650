"""Run the pretend Coinbase in a terminal: ``python -m sim coinbasepro --port 9200``."""

import asyncio
import contextlib
import sys
from decimal import Decimal, InvalidOperation

from domain.clock import SystemClock
from domain.errors import InvalidValue
from sim.coinbase.auth import ecdsa_key
from sim.coinbase.server import CoinbaseSim
from sim.market import Market

_HELP = "type a pair and a price, such as BTCUSD 65100, to move the market; Ctrl-C ends"


async def run(port: int) -> None:
    """Serve one account, under a key made for this run, until the input ends or Ctrl-C."""
    market = Market(clock=SystemClock())
    sim = CoinbaseSim(market, SystemClock())
    key = ecdsa_key()
    sim.add_account(key)
    await sim.start(port)
    _say(f"Coinbase is at {sim.url}\nkey name {key.name}\nprivate key\n{key.secret}\n{_HELP}")
    try:
        while line := await asyncio.to_thread(sys.stdin.readline):
            _move(market, line.split())
        await asyncio.Event().wait()  # no terminal: serve until killed
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await sim.stop()


def _move(market: Market, words: list[str]) -> None:
    try:
        symbol, price = words
        quote = market.move(symbol.upper(), Decimal(price))
    except (ValueError, InvalidOperation, InvalidValue):
        _say(_HELP)
    else:
        _say(f"{quote.symbol} {quote.bid} / {quote.ask}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
