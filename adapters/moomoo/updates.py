"""Turn order pushes into reports: they arrive in the SDK's thread and are read in ours."""

import asyncio
from enum import Enum
from typing import Any

from adapters.kit.errors import Errors
from adapters.moomoo import parse, texts
from adapters.moomoo.manifest import MANIFEST
from domain.errors import BrokerError
from domain.orders import OrderReport

_QUEUE = 5000
_ERRORS = Errors(broker=MANIFEST.slug, operation="events")


class Mark(Enum):
    """Say in the queue what is no update."""

    CLOSED = "closed"


Item = OrderReport | BrokerError | Mark


class Updates:
    """Queue what happens to the orders of one account, once somebody wants to know."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Item] | None = None
        self.account = 0
        self.env = 0

    def listen(self) -> "asyncio.Queue[Item]":
        """Start to queue."""
        if self.queue is None:
            self.queue = asyncio.Queue()
        return self.queue

    def heard(self, message: Any) -> None:
        """Take one push in. Another account's is none of ours; one that cannot be read is a gap."""
        if self.queue is None:
            return
        try:
            if not message.HasField("s2c"):
                raise ValueError("not an order update")
            header = message.s2c.header
            if (header.accID, header.trdEnv) != (self.account, self.env):
                return
            row = _row(message)
            if parse.is_ours(row):
                self.tell(parse.report(row))
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
            self.tell(_ERRORS.unknown(texts.STREAM_GARBLED, "stream_unreadable"))

    def lost(self) -> None:
        """Note that the connection is gone."""
        self.tell(_ERRORS.unknown(texts.STREAM_LOST, "stream_lost"))

    def tell(self, item: Item) -> None:
        """Queue one item; who does not read in time loses the queue but learns of the gap."""
        if self.queue is None:
            return
        if self.queue.qsize() >= _QUEUE:
            while not self.queue.empty():
                self.queue.get_nowait()
            self.queue.put_nowait(_ERRORS.unknown(texts.STREAM_LOST, "stream_overflow"))
        self.queue.put_nowait(item)

    def close(self) -> None:
        """End whoever listens."""
        self.tell(Mark.CLOSED)
        self.queue = None


def _row(message: Any) -> parse.Row:
    from moomoo.trade.trade_query import UpdateOrderPush

    code, row = UpdateOrderPush.unpack_rsp(message)
    if code != 0 or not isinstance(row, dict):
        raise ValueError("not an order update")
    return row
