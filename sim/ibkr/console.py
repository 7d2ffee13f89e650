"""Run the pretend TWS in a terminal: ``python -m sim ibkr --port 7497``."""

import asyncio
import contextlib
import sys
from decimal import Decimal, InvalidOperation

from domain.clock import SystemClock
from domain.errors import InvalidValue
from sim.ibkr.server import IbkrSim
from sim.market import Market

_HELP = "type a symbol and a price, such as AAPL 195.20, to move the market; Ctrl-C ends"


async def run(port: int) -> None:
    """Serve one paper account until the input ends or Ctrl-C."""
    clock = SystemClock()
    market = Market(clock=clock)
    sim = IbkrSim(market, clock)
    await sim.start(port)
    _say(f"TWS is at {sim.address}\naccount {sim.accounts[0]}\n{_HELP}")
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
