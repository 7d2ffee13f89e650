"""Hold the contract every broker adapter keeps, the paper one included.

An adapter is a ``BrokerAdapter``: static data (the manifest) and ``open``, which gives a session for one
account. Every session passes the same contract suite (tests/contract) through its real SDK.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from domain.accounts import Environment
from domain.ids import AccountRef, ClientOrderId
from domain.instruments import AssetClass, Instrument, InstrumentQuery
from domain.orders import OrderReport, OrderRequest, OrderState, OrderType, TimeInForce
from domain.portfolio import AccountState, Fees, Position, Quote
from domain.ports import Clock, PaperBooks, PriceSource, SharedQuota


class BracketKind(StrEnum):
    """Say how protective legs come about."""

    NATIVE = "native"
    """One request; the broker makes and ties the legs."""
    ATTACHED = "attached"
    SOFTWARE = "software"
    """The legs are separate orders that we tie."""
    NONE = "none"


class EventSource(StrEnum):
    """Say how order updates reach us."""

    STREAM = "stream"
    POLL = "poll"


class ClientIds(StrEnum):
    """Say what a broker does with a client order id (shared/reference/reliability.md section 1.2)."""

    UNIQUE = "unique"
    """A second order under it is refused, or answered with the first: sending again is asking."""
    UNIQUE_WHILE_OPEN = "unique_while_open"
    ECHOED = "echoed"
    NONE = "none"


class Scope(StrEnum):
    """Say what a broker counts a rate limit against."""

    ACCOUNT = "account"
    APP_KEY = "app_key"
    CONNECTION = "connection"
    IP = "ip"


class Lane(StrEnum):
    """Rank requests that wait for quota, most urgent first."""

    CANCEL = "cancel"
    EXIT = "exit"
    ENTRY = "entry"
    READ = "read"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRule:
    """Allow ``count`` requests in any ``window`` seconds for one ``scope``. Empty ``lanes`` means all."""

    scope: Scope
    count: int
    window: float
    lanes: frozenset[Lane] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """Describe one thing the wizard asks. ``label`` ≤ 45 characters, ``help`` ≤ 100 (Discord's limits)."""

    key: str
    label: str
    help: str
    secret: bool
    required: bool = True
    pattern: str = ".+"
    pattern_hint: str = ""
    """What is wrong and what to do, when the pattern does not match."""
    choices: tuple[tuple[str, str], ...] = ()
    """Value and label; empty for free text."""
    default: str = ""
    live_default: str = ""
    """Filled in instead for an account with real money, where that differs."""
    max_length: int = 200
    entity: str = ""
    """What is picked rather than typed, where it can be: ``channel``, ``user`` or ``role``.

    The value is up to ``most`` ids, with spaces between them.
    """
    most: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRules:
    """Say what a broker does for one asset class."""

    order_types: frozenset[OrderType]
    times_in_force: frozenset[TimeInForce]
    bracket: BracketKind = BracketKind.NONE
    fractional: bool = False
    notional: bool = False
    short: bool = False
    replace: bool = True
    extended_hours: bool = False


class Credentials:
    """Carry credential fields to an adapter; prints as stars and is never a dataclass."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def __getitem__(self, key: str) -> str:
        return self._values[key]

    def get(self, key: str, default: str = "") -> str:
        """Give a field, or the default."""
        return self._values.get(key, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __repr__(self) -> str:
        return f"Credentials({', '.join(sorted(self._values))}=***)"

    __str__ = __repr__

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("credentials are not pickled")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRequest:
    """Say how a broker's sign-in page shall send a member back.

    ``credentials`` is what is known of the account so far; ``app`` is the operator's own app at the broker
    (``client_id``, ``client_secret``), where signing in goes through one; ``endpoint`` overrides the broker's
    address.
    """

    redirect_uri: str
    state: str
    environment: Environment
    credentials: Credentials
    app: Credentials | None = None
    endpoint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerManifest:
    """State what a broker is and does, as data. Nothing here needs its SDK."""

    slug: str
    title: str
    summary: str
    """One line for the wizard: what it offers, costs and needs."""
    classes: Mapping[AssetClass, ClassRules]
    environments: tuple[Environment, ...]
    events: EventSource
    client_ids: ClientIds
    settle: float
    """Seconds after which a request that got no reply can no longer land."""
    throttled_submit_sent: bool
    """Whether a submit answered with 429 may have been accepted."""
    fields: tuple[FieldSpec, ...]
    rates: tuple[RateRule, ...] = ()
    rate_variable: str = ""
    session_lifetime: float | None = None
    auth: str = "api_key"
    beta: bool = False
    forgets_daily: str = ""
    """The time zone at whose midnight the broker forgets finished orders; empty where it keeps them.

    Not to find an order that was sent on an earlier day proves nothing then.
    """
    cancel_all_with_parent: bool = True
    """Cancelling a bracket's entry cancels its legs."""
    setup_url: str = ""
    consent: Callable[[ConsentRequest], str] | None = field(default=None, repr=False)
    """Gives the address of the broker's own sign-in page, for brokers linked through one (wizard/web.py).

    Where it sent the member back to is the credential field ``redirect_url``, which ``open`` exchanges once.
    """
    consent_app: bool = False
    """Whether that needs an app of the operator's: ``ConsentRequest.app`` and ``SessionDeps.app``."""
    account_field: str = ""
    """The field that says which account of a login with several is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDeps:
    """Hand an adapter what it may use. ``endpoint`` overrides the broker's address when not empty."""

    ref: AccountRef
    environment: Environment
    clock: Clock
    endpoint: str = ""
    rate_ceiling: int | None = None
    prices: PriceSource | None = None
    books: PaperBooks | None = None
    gateway_hosts: tuple[str, ...] = ()
    """Where a member may say a gateway of theirs runs, beside this machine: hosts, with or without a port."""
    on_credentials: Callable[[Mapping[str, str]], Awaitable[None]] | None = field(default=None, repr=False)
    """Keeps credential fields that the broker renewed, sealed; an empty text forgets a field."""
    quota: SharedQuota | None = None
    """Where limits are counted that several processes share; None counts in this process alone."""
    trial: bool = False
    """A live test only: it reads, is closed at once, and may run beside the account's own session."""
    app: Credentials | None = field(default=None, repr=False)
    """The operator's own app at the broker (``client_id``, ``client_secret``), where one is set up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Report a live test of a connection: what the wizard shows before saving."""

    state: AccountState
    accounts: tuple[str, ...] = ()
    """Masked account numbers to choose from, where the login has several."""
    choices: tuple[tuple[str, str], ...] = ()
    """Values of the manifest's ``account_field`` with what to show, where one account was taken unasked."""
    may_withdraw: bool = False
    notes: tuple[str, ...] = ()
    expires_at: datetime | None = None
    """When the broker stops taking these credentials, where it says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFilter:
    """Narrow a look at past orders."""

    since: datetime | None = None
    symbol: str | None = None
    states: frozenset[OrderState] = field(default_factory=frozenset)
    limit: int = 100


class BrokerSession(Protocol):
    """Be one open connection to one account.

    Every method raises ``domain.errors.BrokerError`` subclasses only. Reads may be retried inside; submit,
    replace and close never are. Prices and quantities are quantised to the instrument's increments before
    the SDK sees them.
    """

    @property
    def manifest(self) -> BrokerManifest:
        """Give the broker's static data."""

    async def verify(self) -> Verified:
        """Prove that the credentials work, and for what."""

    async def account(self) -> AccountState:
        """Give the account's money."""

    async def positions(self) -> Sequence[Position]:
        """Give every open position."""

    async def resolve(self, query: InstrumentQuery) -> Instrument:
        """Find the instrument a signal names. Raises NotTradable when there is none."""

    async def quote(self, instrument: Instrument) -> Quote:
        """Give the latest bid and ask. Raises NotTradable when the broker has no quote."""

    async def fees(self, request: OrderRequest) -> Fees:
        """Estimate what the order costs beside its price."""

    async def submit(self, request: OrderRequest) -> OrderReport:
        """Send the order once. Raises OutcomeUnknown whenever the broker may have it."""

    async def cancel(self, broker_order_id: str) -> None:
        """Ask for a cancel. Already cancelled or filled is success: executions decide."""

    async def replace(
        self,
        broker_order_id: str,
        *,
        quantity: Decimal | None = None,
        limit_price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> OrderReport:
        """Change a working order; the report may carry a new broker order id."""

    async def order(self, broker_order_id: str) -> OrderReport:
        """Look one order up, legs included. Raises NotFound."""

    async def find_order(self, client_order_id: ClientOrderId) -> OrderReport:
        """Look an order up by our id among open and closed ones. Raises NotFound."""

    async def open_orders(self) -> Sequence[OrderReport]:
        """Give every working order, legs nested under their parents where the broker tells."""

    async def history(self, query: HistoryFilter) -> Sequence[OrderReport]:
        """Give past orders, newest first."""

    async def set_stop_loss(
        self, instrument: Instrument, quantity: Decimal, stop: Decimal, client_order_id: ClientOrderId
    ) -> OrderReport:
        """Rest a protective stop on an open position; ``quantity`` is negative for a short."""

    async def set_take_profit(
        self, instrument: Instrument, quantity: Decimal, limit: Decimal, client_order_id: ClientOrderId
    ) -> OrderReport:
        """Rest a take-profit on an open position; ``quantity`` is negative for a short."""

    async def close_position(
        self, instrument: Instrument, client_order_id: ClientOrderId, quantity: Decimal | None = None
    ) -> OrderReport:
        """Close all of a position, or ``quantity`` of it, at the market."""

    def events(self) -> AsyncIterator[OrderReport]:
        """Yield order updates until disconnected. After a gap the caller reconciles by reading.

        The first item of a fresh connection may come at any time; ``None`` is never yielded. Raises
        OutcomeUnknown when the stream ends, so that the caller reconciles and asks again.
        """

    async def renew(self) -> None:
        """Renew what expires, where something does."""

    def is_connected(self) -> bool:
        """Tell whether the last exchange with the broker worked."""

    async def disconnect(self) -> None:
        """Close sockets. Idempotent; resting orders stay."""


class BrokerAdapter(Protocol):
    """Be one broker: its data, and how to open a session."""

    @property
    def manifest(self) -> BrokerManifest:
        """Give the broker's static data."""

    def open(self, credentials: Credentials, deps: SessionDeps) -> AbstractAsyncContextManager[BrokerSession]:
        """Open a session for one account; imports the SDK on first use, and does no I/O before entering."""
