"""Run the pretend Kraken in a terminal: ``python -m sim kraken --port 9104``."""

import asyncio
import contextlib
import sys
from decimal import Decimal, InvalidOperation

from domain.clock import SystemClock
from domain.errors import InvalidValue
from sim.kraken.server import KrakenSim
from sim.market import Market

KEY, SECRET = (
    "LocalLocalLocalLocalLocalLocalLocalLocalLocalLocalKey1",
    "bG9jYWwtc2VjcmV0LWZvci10aGUtcHJldGVuZC1rcmFrZW4tbm90LWEtcmVhbC1vbmUtYXQtYWxsLTAxMjM0NTY3ODk=",
)
_HELP = "type a symbol and a price, such as BTCUSD 64000, to move the market; Ctrl-C ends"


async def run(port: int) -> None:
    """Serve one account until the input ends or Ctrl-C."""
    clock = SystemClock()
    market = Market(clock=clock)
    sim = KrakenSim(market, clock)
    sim.add_account(KEY, SECRET)
    await sim.start(port)
    _say(f"Kraken is at {sim.url}\nAPI key {KEY}\nprivate key {SECRET}\n{_HELP}")
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
