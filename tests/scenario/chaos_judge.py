"""Judge a chaos run: what the broker's own book holds against what the journal says."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from domain.events import Event, EventKind
from domain.orders import LIVE, UNSETTLED, Order, OrderState
from tests.scenario.chaos_books import Held, Key, Place

DEAD = frozenset({OrderState.REJECTED, OrderState.DENIED, OrderState.NOT_SENT, OrderState.EXPIRED})
"""What a member reads as "there is no such order": nothing at the broker may say otherwise."""


@dataclass
class Verdict:
    """Count what came of it; everything listed under its name is a wrong outcome."""

    broker: str
    seed: int
    orders: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    hit: int = 0
    submits: int = 0
    unknown: int = 0
    shown: int = 0
    restarts: int = 0
    seconds: float = 0.0
    driven: float = 0.0
    states: Counter[str] = field(default_factory=Counter)
    duplicates: list[str] = field(default_factory=list)
    false_dead: list[str] = field(default_factory=list)
    unresolved: list[str] = field(default_factory=list)
    disagree: list[str] = field(default_factory=list)
    taken_back: list[str] = field(default_factory=list)
    """Called not sent for a while, and found to be there after all."""

    @property
    def resolved(self) -> int:
        return self.unknown - self.shown - len(self.unresolved)

    @property
    def clean(self) -> bool:
        wrong = (self.duplicates, self.false_dead, self.unresolved, self.disagree, self.taken_back)
        return not any(wrong)

    def row(self) -> str:
        """Give the table's line."""
        faults = ", ".join(f"{kind} {count}" for kind, count in sorted(self.faults.items()))
        cells = (
            self.broker,
            self.orders,
            f"{self.hit} of {self.submits}",
            f"{sum(self.faults.values())}: {faults}",
            len(self.duplicates),
            len(self.false_dead) + len(self.taken_back),
            f"{self.resolved} of {self.unknown}",
            self.shown,
            self.restarts,
            len(self.unresolved) + len(self.disagree),
            f"{self.seconds:.0f}",
            self.seed,
        )
        return f"| {' | '.join(map(str, cells))} |"


COLUMNS = (
    *("broker", "orders", "submits hit", "faults", "duplicates", "falsely rejected", "unknowns resolved"),
    *("shown to a person", "restarts", "left unlike the broker", "seconds", "seed"),
)
HEAD = f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}"


def judge(
    verdict: Verdict,
    place: Place,
    *,
    journal: Sequence[Order],
    events: Sequence[Event],
    book: Sequence[Held],
    submitted: Mapping[str, int],
) -> None:
    """Compare the broker's book with the journal; ``submitted`` counts the tries under each of our ids."""
    sent = [o for o in journal if o.intent.request.client_order_id in submitted]
    doubted = {e.order for e in events if e.kind is EventKind.ORDER_UNKNOWN}
    denied = {e.order for e in events if e.kind is EventKind.ORDER_NOT_SENT}
    verdict.orders, verdict.unknown = len(submitted), len(doubted)
    verdict.faults = Counter(action.value for _, action in place.taken)
    verdict.hit = place.hits()
    verdict.states = Counter(o.state.value for o in sent)
    verdict.shown = sum(o.state is OrderState.NEEDS_HUMAN for o in sent)
    verdict.unresolved = [told(o) for o in sent if o.state in UNSETTLED]
    verdict.taken_back = [told(o) for o in sent if o.id in denied and o.state is not OrderState.NOT_SENT]
    real = [h for h in book if h.state is not OrderState.REJECTED]
    _count(verdict, place, sent, real)
    _compare(verdict, place, journal, real)


def _count(verdict: Verdict, place: Place, sent: Sequence[Order], real: Sequence[Held]) -> None:
    ours: dict[Key, list[Order]] = {}
    for order in sent:
        ours.setdefault(place.key_of(order.intent.request), []).append(order)
    for key, count in Counter(h.key for h in real).items():
        asked = ours.get(key, [])
        alive = [o for o in asked if o.state not in DEAD]
        if count > len(asked):
            verdict.duplicates.append(f"{key}: {count} at the broker for {len(asked)} asked")
        elif count > len(alive):
            verdict.false_dead.append(f"{key}: {count} there, and we say {[told(o) for o in asked]}")


def _compare(verdict: Verdict, place: Place, journal: Sequence[Order], real: Sequence[Held]) -> None:
    claims = Counter(o.broker_order_id for o in journal if o.broker_order_id)
    verdict.disagree = [f"{number} is claimed {count} times" for number, count in claims.items() if count > 1]
    if place.by_shape:
        numbers = {place.number_of(h): h for h in real}
        verdict.disagree += _differences(journal, lambda o: numbers.get(o.broker_order_id or ""))
    else:
        keys = {h.key: h for h in real}
        verdict.disagree += _differences(journal, lambda o: keys.get(place.key_of(o.intent.request)))


def _differences(journal: Sequence[Order], find: Callable[[Order], Held | None]) -> list[str]:
    found = []
    for order in journal:
        if order.state not in {OrderState.FILLED, OrderState.CANCELLED} | LIVE or not order.broker_order_id:
            continue
        held = find(order)
        if held is None:
            found.append(f"{told(order)} is nowhere at the broker")
        elif held.state is not order.state or held.filled not in {None, order.filled_quantity}:
            found.append(f"{told(order)} is {held.state.value}, filled {held.filled}, at the broker")
    return found


def told(order: Order) -> str:
    """Say how an order stands, in one line."""
    request = order.intent.request
    return (
        f"{order.intent.leg} {request.side.value} {request.quantity} {request.instrument.symbol} "
        f"{request.order_type.value} {order.state.value} {order.reason_code} filled {order.filled_quantity} "
        f"{order.broker_order_id} {request.client_order_id}"
    )
