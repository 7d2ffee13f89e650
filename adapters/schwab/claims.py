"""Know which orders at Schwab are ours, and find one that was sent without a reply.

Schwab keeps no client order id. An order is ours because its POST answered with its number; one whose answer
was lost is recognised by its shape (what, which way, how much, at which prices) and by when it was entered.
Two orders of one shape would be mistaken for each other, so while one is in doubt no twin of it is sent.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from domain.ports import Clock

SKEW = timedelta(seconds=5)
"""How far Schwab's clock and ours may lie apart."""
LANDING = timedelta(seconds=70)
"""How long after its sending an order may still come to be entered; no twin is sent before."""
_MEMORY = timedelta(hours=24)
_MOST = 20_000

Shape = tuple[str, str, str, Decimal, Decimal | None, Decimal | None, tuple[object, ...]]
"""Symbol, instruction, order type, quantity, limit price, stop price, shapes of the legs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Hold what recognises one order at the broker."""

    number: str
    shape: Shape
    entered: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class Doubt:
    """Be one order on its way, or in doubt."""

    client_order_id: str
    shape: Shape
    sent: datetime
    flying: bool = True
    number: str | None = None
    """What the answer called it, where that could not be checked yet."""
    replaces: str | None = None
    """The number of the order whose place it takes."""


class Ambiguous(Exception):
    """Say that several orders fit."""


class Claims:
    """Hold one account's own orders by our id, and those in doubt."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers: OrderedDict[str, str] = OrderedDict()
        self._clients: dict[str, str] = {}
        self._successors: dict[str, str] = {}
        self._doubts: dict[str, Doubt] = {}
        self._landed = asyncio.Condition()

    def number_of(self, client_order_id: str) -> str | None:
        """Give the broker's number of an order, the latest one if it was replaced."""
        return self._numbers.get(client_order_id)

    def client_of(self, number: str) -> str | None:
        """Give our id of a number."""
        return self._clients.get(number)

    def successor_of(self, number: str) -> str | None:
        """Give the number that took this one's place."""
        return self._successors.get(number)

    def doubt_of(self, client_order_id: str) -> Doubt | None:
        """Give an order in doubt."""
        return self._doubts.get(client_order_id)

    def twin_of(self, shape: Shape) -> Doubt | None:
        """Give an order of this shape that may still come to be entered."""
        now = self._clock.now()
        same = (d for d in self._doubts.values() if d.shape == shape)
        return next((d for d in same if d.flying or now < d.sent + LANDING), None)

    def sending(self, client_order_id: str, shape: Shape) -> Doubt:
        """Note that an order is about to leave."""
        self._forget_old()
        doubt = Doubt(client_order_id=client_order_id, shape=shape, sent=self._clock.now())
        self._doubts[client_order_id] = doubt
        return doubt

    async def landed(self, doubt: Doubt) -> None:
        """Note that the sending is over, however it ended; an order not claimed or dropped stays in doubt."""
        async with self._landed:
            doubt.flying = False
            self._landed.notify_all()

    def drop(self, doubt: Doubt) -> None:
        """Forget an order that provably is not at the broker."""
        self._doubts.pop(doubt.client_order_id, None)

    def claim(self, client_order_id: str, number: str) -> None:
        """Note that an order is ours. One that replaces another is found under the other's id."""
        doubt = self._doubts.pop(client_order_id, None)
        if doubt is not None and doubt.replaces is not None:
            self._succeed(doubt.replaces, number)
            return
        self._numbers[client_order_id] = number
        self._numbers.move_to_end(client_order_id)
        self._clients[number] = client_order_id
        while len(self._numbers) > _MOST:
            _, old = self._numbers.popitem(last=False)
            self._clients.pop(old, None)
            self._successors.pop(old, None)

    def _succeed(self, old: str, new: str) -> None:
        self._successors[old] = new
        client = self._clients.get(old)
        if client is not None:
            self._numbers[client] = new
            self._clients[new] = client

    async def quiet(self) -> None:
        """Wait until no order is on its way: what is read then can be told apart."""
        async with self._landed:
            await self._landed.wait_for(lambda: not any(d.flying for d in self._doubts.values()))

    def recognise(self, orders: Iterable[Seen]) -> None:
        """Claim for each order in doubt the one order that fits it."""
        known = list(orders)
        for doubt in list(self._doubts.values()):
            found = [] if doubt.flying else self._fitting(doubt, known)
            if len(found) == 1:
                self.claim(doubt.client_order_id, found[0].number)

    def find(self, doubt: Doubt, orders: Iterable[Seen]) -> str | None:
        """Give the number of the one order that fits, claimed from now on. Raises Ambiguous."""
        found = self._fitting(doubt, list(orders))
        if len(found) > 1:
            raise Ambiguous
        if not found:
            return None
        self.claim(doubt.client_order_id, found[0].number)
        return found[0].number

    def _fitting(self, doubt: Doubt, orders: list[Seen]) -> list[Seen]:
        start, end = doubt.sent - SKEW, doubt.sent + LANDING
        # Schwab gives whole seconds.
        start = start.replace(microsecond=0)
        return [
            seen
            for seen in orders
            if seen.shape == doubt.shape and start <= seen.entered <= end and seen.number not in self._clients
        ]

    def _forget_old(self) -> None:
        now = self._clock.now()
        for key, doubt in list(self._doubts.items()):
            if not doubt.flying and now > doubt.sent + _MEMORY:
                del self._doubts[key]
