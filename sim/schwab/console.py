"""Run the pretend Schwab in a terminal: ``python -m sim schwab --port 9200``."""

import asyncio
import contextlib
import json
import sys
from decimal import Decimal, InvalidOperation

from domain.clock import SystemClock
from domain.errors import InvalidValue
from sim.market import Market
from sim.schwab.server import SchwabSim

KEY, SECRET = "LOCALLOCALLOCALLOCALLOCALLOCAL01", "localsecret12345"
_HELP = "type a symbol and a price, such as AAPL 195.20, to move the market; Ctrl-C ends"


async def run(port: int) -> None:
    """Serve one account until the input ends or Ctrl-C."""
    clock = SystemClock()
    market = Market(clock=clock)
    sim = SchwabSim(market, clock)
    login = sim.add_login(KEY, SECRET)
    await sim.start(port)
    _say(f"Schwab is at {sim.url}\napp key {KEY}\napp secret {SECRET}")
    _say(f"token {json.dumps(sim.token(login))}\nor address after signing in {sim.redirect(login)}\n{_HELP}")
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
