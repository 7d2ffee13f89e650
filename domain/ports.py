"""Name what the verbs need from the outside, so that they never import it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from domain.accounts import (
    ApiToken,
    FlowState,
    Follow,
    GuildSettings,
    KillSwitch,
    LinkedAccount,
    Notice,
    PaperBook,
    RiskLimits,
    Source,
    Tally,
    WebPass,
)
from domain.events import Event
from domain.instruments import Instrument
from domain.orders import Order
from domain.portfolio import Quote
from domain.signals import InboxMessage
from domain.trades import Trade

if TYPE_CHECKING:
    from domain.broker import Credentials


class Record(Protocol):
    """Be anything stored: an id, a version for compare-and-set, and declared indexes.

    ``INDEXES`` names attributes or properties (text, bool, int or datetime) that ``find`` may ask for;
    ``UNIQUE`` lists tuples of attributes that must not repeat together. Optional attributes may be None.
    """

    COLLECTION: ClassVar[str]
    INDEXES: ClassVar[tuple[str, ...]]
    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]]

    @property
    def id(self) -> str:
        """Give the primary key."""

    @property
    def version(self) -> int:
        """Give the version read; a fresh value has 0."""


R = TypeVar("R", bound=Record)


class Repository(Protocol[R]):
    """Store one kind of record. Every method returns only after the write is durable."""

    async def insert(self, value: R) -> bool:
        """Insert at version 0; False when the id or a unique tuple is taken."""

    async def insert_many(self, values: Sequence[R]) -> int:
        """Insert all in one durable write, passing over those already there; give how many were new."""

    async def get(self, key: str) -> R | None:
        """Give the record, or None."""

    async def find(
        self,
        where: Mapping[str, Any] | None = None,
        *,
        order_by: str = "id",
        descending: bool = False,
        limit: int = 1000,
    ) -> Sequence[R]:
        """Give records whose declared index fields equal ``where``; a tuple or set value means any of them.

        ``order_by`` is ``id`` or a declared index. Raises InvalidValue for an undeclared field.
        """

    async def compare_and_set(self, value: R) -> R | None:
        """Write ``value`` if the stored version still is ``value.version``.

        Gives the value with version + 1, or None when somebody else wrote first.
        """

    async def delete(self, key: str) -> bool:
        """Remove; False when it was not there."""


class Journal(Repository[Order], Protocol):
    """Store orders together with what happened to them."""

    async def record(self, changes: Sequence[tuple[Order, Sequence[Event]]]) -> Sequence[Order | None]:
        """Compare-and-set each order and append its events, both or neither even across a kill.

        An order with version 0 that is not stored yet is inserted. Gives each new order, or None where the
        compare-and-set lost (its events are then not appended).
        """

    async def open(self, trade: Trade, orders: Sequence[tuple[Order, Sequence[Event]]]) -> bool:
        """Insert a new trade, its orders and their events in one durable write, all or nothing across a kill.

        Orders are written at the version they have. False where the trade or one of the orders is there
        already; nothing is written then.
        """


class EventLog(Protocol):
    """Number events per account, without gaps and without repeats."""

    async def append(self, events: Sequence[Event]) -> Sequence[Event]:
        """Append those whose id is new; give all with their sequence."""

    async def since(self, account_key: str, sequence: int, limit: int = 1000) -> Sequence[Event]:
        """Give events after ``sequence``, in order."""

    async def for_trade(self, trade: str) -> Sequence[Event]:
        """Give one trade's events, in order."""

    async def last_sequence(self, account_key: str) -> int:
        """Give the account's highest sequence, 0 when it has none."""


class Leases(Protocol):
    """Let one process at a time own a name, with an epoch that only rises."""

    async def acquire(self, name: str, holder: str, ttl: float) -> int | None:
        """Take or renew the lease; give its epoch, or None while another holds it."""

    async def release(self, name: str, holder: str) -> None:
        """Give the lease up."""


class PaperBooks(Repository[PaperBook], Protocol):
    """Store paper accounts."""


class Store(Protocol):
    """Be all that is durable."""

    @property
    def inbox(self) -> Repository[InboxMessage]:
        """Keep every message that was accepted."""

    @property
    def trades(self) -> Repository[Trade]:
        """Keep what signals became in accounts."""

    @property
    def orders(self) -> Journal:
        """Keep orders and what happened to them."""

    @property
    def events(self) -> EventLog:
        """Keep numbered events."""

    @property
    def accounts(self) -> Repository[LinkedAccount]:
        """Keep linked accounts."""

    @property
    def sources(self) -> Repository[Source]:
        """Keep channels that are read."""

    @property
    def follows(self) -> Repository[Follow]:
        """Keep who follows what."""

    @property
    def guilds(self) -> Repository[GuildSettings]:
        """Keep servers' choices."""

    @property
    def limits(self) -> Repository[RiskLimits]:
        """Keep members' limits."""

    @property
    def switches(self) -> Repository[KillSwitch]:
        """Keep kill switches."""

    @property
    def flows(self) -> Repository[FlowState]:
        """Keep half-done wizards."""

    @property
    def tokens(self) -> Repository[ApiToken]:
        """Keep personal API tokens."""

    @property
    def notices(self) -> Repository[Notice]:
        """Keep messages members see."""

    @property
    def paper_books(self) -> PaperBooks:
        """Keep paper accounts."""

    @property
    def tallies(self) -> Repository[Tally]:
        """Keep daily counts."""

    @property
    def passes(self) -> Repository[WebPass]:
        """Keep what lets browsers in."""

    @property
    def leases(self) -> Leases:
        """Keep who owns what."""

    async def ping(self) -> None:
        """Prove that a write works; raises StoreUnavailable when not."""

    async def close(self) -> None:
        """Flush and close."""


class Clock(Protocol):
    """Tell the time; tests drive it."""

    def now(self) -> datetime:
        """Give the time, aware, in UTC."""

    def monotonic(self) -> float:
        """Give seconds that never go back."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class PriceSource(Protocol):
    """Give prices to those that have none of their own: the paper broker and the planner."""

    async def quote(self, instrument: Instrument) -> Quote | None:
        """Give the latest bid and ask, or None where there is no such price.

        Raises Unreachable when it cannot be asked right now: that is no reason to call a symbol unknown.
        """


class Vault(Protocol):
    """Seal credentials, each bound to whose it is and what it is for."""

    async def seal(
        self, *, user: str, broker: str, account: str, fields: Mapping[str, str]
    ) -> Mapping[str, bytes]:
        """Seal each field under one fresh data key."""

    async def open(
        self, *, user: str, broker: str, account: str, sealed: Mapping[str, bytes]
    ) -> "Credentials":
        """Open every field. Raises VaultError when a blob is altered, swapped or its key is out of reach."""

    async def forget(self, *, user: str, broker: str, account: str) -> None:
        """Drop cached keys of one account."""


class RoleSource(Protocol):
    """Tell who has which roles."""

    async def roles(self, guild: str, user: str) -> frozenset[str] | None:
        """Give the member's role ids, empty when not a member, None when nobody knows right now."""


class SkuSource(Protocol):
    """Tell who bought what in Discord itself."""

    async def skus(self, user: str) -> frozenset[str] | None:
        """Give the ids of the products a member owns now, None when nobody knows right now."""


class Notifier(Protocol):
    """Tell members what happened to their trades: one message a trade, edited as it progresses."""

    async def trade_changed(self, trade: Trade, orders: Sequence[Order], events: Sequence[Event]) -> None:
        """Show the trade as it stands. Must not raise; must not block the caller for long."""

    async def account_changed(self, user: str, event: Event) -> None:
        """Tell that an account is blocked, needs a person, or works again."""


class EventBus(Protocol):
    """Carry journaled events to who listens, in this process or in all of them."""

    async def publish(self, events: Sequence[Event]) -> None:
        """Hand events on; never blocks on a slow listener."""

    def subscribe(self, account_keys: frozenset[str] | None = None) -> AsyncIterator[Event]:
        """Yield events of these accounts, or of all, from now on; ends when the bus closes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Answer who asked for leave to send: with a ticket, or, where it is empty, with seconds to wait."""

    ticket: str
    wait: float
    processes: int
    """How many processes asked for the same lately, this one included."""


class SharedQuota(Protocol):
    """Count requests against a limit that a broker keeps for all processes together: an app key, an address.

    A slot is taken before sending and counts for one window more after the answer. A process that dies gives
    its slots back after ``hold`` seconds and a window. Every method raises StoreUnavailable when nobody can
    be asked; the caller then keeps to a share of its own.
    """

    async def take(self, name: str, *, limit: int, window: float, hold: float) -> Leave:
        """Take one of ``limit`` slots of ``name``, or tell when to ask again; the caller waits, not this."""

    async def give_back(self, name: str, ticket: str, *, after: float) -> None:
        """Free a slot ``after`` seconds from now."""

    async def block(self, name: str, seconds: float) -> None:
        """Let nobody take a slot for some seconds: the broker has said so."""
