"""Let a person settle what the bot could not find out: only they can look into the broker's own app."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from domain.orders import Order, OrderState
from domain.trades import Trade
from trading import lifecycle, texts
from trading.book import AccountBook


class Finding(StrEnum):
    """Say what the owner found at the broker."""

    ABSENT = "absent"
    """The order is not there and never was."""
    MINE = "mine"
    """It is, or was, there; the owner looks after the trade from now on."""


def in_doubt(book: AccountBook, trade: Trade) -> list[Order]:
    """List the orders of a trade that wait for their owner's word."""
    return [order for order in book.of(trade) if order.state is OrderState.NEEDS_HUMAN]


async def settle(book: AccountBook, trade: Trade, finding: Finding, now: datetime) -> None:
    """Write down what the owner found. Raises IllegalTransition when nothing waits for it any more.

    An order called absent is still looked for during a day, as any other that was not sent.
    """
    doubtful = in_doubt(book, trade)
    if not doubtful:
        raise lifecycle.IllegalTransition(texts.say("nothing_in_doubt", symbol=trade.symbol))
    to = OrderState.NOT_SENT if finding is Finding.ABSENT else OrderState.CANCELLED
    code = f"settled_{finding.value}"
    if finding is Finding.MINE:  # first, so that no exit is made of what its owner looks after
        await book.amend(trade.id, lambda known: replace(known, released=True))
    await book.record(
        [lifecycle.advance(order, to, now, code=code, reason=texts.say(code)) for order in doubtful]
    )
