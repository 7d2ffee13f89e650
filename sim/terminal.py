"""Let a person move the market of a broker's simulator from the terminal it runs in."""

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable
from decimal import Decimal, InvalidOperation

from domain.errors import InvalidValue
from sim.market import Market


async def obey(market: Market, stop: Callable[[], Awaitable[None]], *, greeting: str, example: str) -> None:
    """Say where the simulator is, then take ``SYMBOL PRICE`` lines until Ctrl-C; ``stop`` ends it.

    Without a terminal it serves until it is killed.
    """
    hint = f"type a symbol and a price, such as {example}, to move the market; Ctrl-C ends"
    _say(f"{greeting}\n{hint}")
    try:
        while line := await asyncio.to_thread(sys.stdin.readline):
            _move(market, line.split(), hint)
        await asyncio.Event().wait()
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await stop()


def _move(market: Market, words: list[str], hint: str) -> None:
    try:
        symbol, price = words
        quote = market.move(symbol.upper(), Decimal(price))
    except (ValueError, InvalidOperation, InvalidValue):
        _say(hint)
    else:
        _say(f"{quote.symbol} {quote.bid} / {quote.ask}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
