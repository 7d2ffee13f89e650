"""Describe who is linked to what, which channels are sources, and who follows them how."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from domain.ids import AccountRef, AuthorId, ChannelId, GuildId, UserId
from domain.tiers import Tier
from domain.trades import Mode


class Environment(StrEnum):
    """Tell pretend money from real money."""

    PAPER = "paper"
    LIVE = "live"


class AccountStatus(StrEnum):
    """Say whether a linked account may be used."""

    ACTIVE = "active"
    PAUSED = "paused"
    NEEDS_REAUTH = "needs_reauth"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedAccount:
    """Link one member to one account at one broker.

    ``sealed`` holds each credential field as an opaque blob of the vault; ``options`` holds fields that are
    not secret. ``id`` is ``AccountRef.account``.
    """

    COLLECTION: ClassVar[str] = "accounts"
    INDEXES: ClassVar[tuple[str, ...]] = ("user", "broker", "status")
    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = (("user", "name"),)

    id: str
    version: int = 0
    user: UserId
    broker: str
    name: str
    environment: Environment
    sealed: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    options: Mapping[str, str] = field(default_factory=dict)
    status: AccountStatus = AccountStatus.ACTIVE
    is_default: bool = False
    number_masked: str = ""
    linked_at: datetime
    """When these keys were taken: a later time means other keys."""
    verified_at: datetime | None = None
    expires_at: datetime | None = None
    """When the broker stops taking them, where it says so."""

    @property
    def ref(self) -> AccountRef:
        """Point at this account."""
        return AccountRef(user=self.user, broker=self.broker, account=self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Name one channel whose listed authors are read. ``id`` is ``guild/channel``."""

    COLLECTION: ClassVar[str] = "sources"
    INDEXES: ClassVar[tuple[str, ...]] = ("guild",)
    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = ()

    id: str
    version: int = 0
    guild: GuildId
    channel: ChannelId
    authors: tuple[AuthorId, ...]
    webhooks: tuple[str, ...] = ()
    added_by: UserId
    added_at: datetime


class SizeKind(StrEnum):
    """Say how a follower's size is meant."""

    FIXED = "fixed"
    """An amount in the account's currency."""
    PERCENT = "percent"
    """A share of the account's equity, 5 meaning 5 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """Let one member follow one source with one account. ``id`` is ``user/guild/channel``."""

    COLLECTION: ClassVar[str] = "follows"
    INDEXES: ClassVar[tuple[str, ...]] = ("user", "source")
    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = ()

    id: str
    version: int = 0
    user: UserId
    guild: GuildId
    channel: ChannelId
    account: str
    mode: Mode
    size_kind: SizeKind
    size: Decimal
    created_at: datetime

    @property
    def source(self) -> str:
        """Give the id of the source it follows."""
        return f"{self.guild}/{self.channel}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildSettings:
    """Hold one server's choices. ``id`` is the guild id. @everyone never gives a tier."""

    COLLECTION: ClassVar[str] = "guilds"
    INDEXES: ClassVar[tuple[str, ...]] = ()
    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = ()

    id: GuildId
    version: int = 0
    premium_roles: tuple[str, ...] = ()
    pro_roles: tuple[str, ...] = ()
    basic_roles: tuple[str, ...] = ()

    def roles_of(self, tier: Tier) -> tuple[str, ...]:
        """Give the role ids that give a tier; none gives the free one."""
        return {
            Tier.FREE: (),
            Tier.BASIC: self.basic_roles,
            Tier.PRO: self.pro_roles,
            Tier.PREMIUM: self.premium_roles,
        }[tier]

    @property
    def sells(self) -> bool:
        """Tell whether any role gives a tier."""
        return bool(self.premium_roles or self.pro_roles or self.basic_roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskLimits:
    """Hold one member's limits; ``id`` is the member's id. Money in the account's currency."""

    COLLECTION: ClassVar[str] = "risk_limits"
    INDEXES: ClassVar[tuple[str, ...]] = ()
    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = ()

    id: str
    version: int = 0
    max_order_notional: Decimal = Decimal(1000)
    max_open_positions: int = 10
    entry_max_age: int = 30
    """Seconds after posting in which an entry may still be sent."""
    exit_max_age: int = 300
    duplicate_window: int = 60
    """Seconds in which the same symbol and side is not entered again."""


class SwitchMode(StrEnum):
    """Name what a kill switch stops. Cancels and exits always pass."""

    HALT = "halt"
    """No entries."""
    REDUCE = "reduce"
    """Only orders that reduce risk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KillSwitch:
    """Stop entries for a scope until lifted.

    ``id`` is the scope: ``global``, ``guild:…``, ``author:…``, ``user:…`` or ``account:…``.
    """

    COLLECTION: ClassVar[str] = "switches"
    INDEXES: ClassVar[tuple[str, ...]] = ()
    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = ()

    id: str
    version: int = 0
    mode: SwitchMode
    reason: str
    raised_by: str
    raised_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowState:
    """Keep a half-done wizard. Secrets are in ``sealed`` only; ``answers`` holds none."""

    COLLECTION: ClassVar[str] = "flows"
    INDEXES: ClassVar[tuple[str, ...]] = ("user", "expires_at")
    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = ()

    id: str
    version: int = 0
    user: UserId
    flow: str
    step: str
    answers: Mapping[str, str] = field(default_factory=dict)
    sealed: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    channel: str = ""
    message: str = ""
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """Let a member's program in. ``id`` is the SHA-256 of the token in hex; the token is shown once."""

    COLLECTION: ClassVar[str] = "api_tokens"
    INDEXES: ClassVar[tuple[str, ...]] = ("user",)
    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = ()

    id: str
    version: int = 0
    user: UserId
    scopes: tuple[str, ...] = ("read",)
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Remember the one message a member sees for one trade. ``id`` is the trade's id.

    ``sequence`` is the last event it shows: what is behind is rendered again at start.
    """

    COLLECTION: ClassVar[str] = "notices"
    INDEXES: ClassVar[tuple[str, ...]] = ("user",)
    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = ()

    id: str
    version: int = 0
    user: UserId
    channel: str = ""
    message: str = ""
    sequence: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperBook:
    """Persist one paper account. ``state`` is the paper broker's own JSON; ``id`` is the account's key."""

    COLLECTION: ClassVar[str] = "paper_books"
    INDEXES: ClassVar[tuple[str, ...]] = ()
    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = ()

    id: str
    version: int = 0
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Count one thing on one UTC day. ``id`` is ``2026-11-22/name``; names hold internal ids at most."""

    COLLECTION: ClassVar[str] = "tallies"
    INDEXES: ClassVar[tuple[str, ...]] = ("day",)
    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = ()

    id: str
    version: int = 0
    day: str
    name: str
    count: int


class PassKind(StrEnum):
    """Say what a secret that a browser carries is good for."""

    FORM = "form"
    """A one-time link to the form of a flow's step."""
    CONSENT = "consent"
    """A one-time link that leads through a broker's sign-in."""
    STATE = "state"
    """What the broker must send back, once."""
    RECEIPT = "receipt"
    """A page that tells how it went on."""
    SESSION = "session"
    """A browser that is signed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPass:
    """Let one browser do one thing for a short time. ``id`` is the SHA-256 of its secret in hex.

    ``cookie`` is the hash of the cookie it is tied to, where it is; ``note`` says what was wrong the last
    time, as JSON without any secret.
    """

    COLLECTION: ClassVar[str] = "web_passes"
    INDEXES: ClassVar[tuple[str, ...]] = ("user", "expires_at")
    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = ()

    id: str
    version: int = 0
    kind: PassKind
    user: UserId
    name: str = ""
    flow: str = ""
    step: str = ""
    broker: str = ""
    cookie: str = ""
    note: str = ""
    used: bool = False
    created_at: datetime
    expires_at: datetime
