"""Name things, and derive every id as a pure function of what it names.

A derived id can be recomputed if everything else is lost, and inserting the same thing twice collides
instead of duplicating.
"""

import hashlib
import uuid
from dataclasses import dataclass
from typing import NewType

UserId = NewType("UserId", str)
"""A member: their Discord snowflake as decimal text."""
GuildId = NewType("GuildId", str)
ChannelId = NewType("ChannelId", str)
MessageId = NewType("MessageId", str)
AuthorId = NewType("AuthorId", str)
"""Who posted: a user's or a webhook's snowflake."""
SignalId = NewType("SignalId", str)
TradeId = NewType("TradeId", str)
OrderId = NewType("OrderId", str)
"""Our own id of one order intent, never the broker's."""
ClientOrderId = NewType("ClientOrderId", str)
"""What the broker is given and echoes: a UUID in its 36-character form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRef:
    """Point at one member's account at one broker.

    ``account`` is our own opaque id of the link, not the broker's account number.
    """

    user: UserId
    broker: str
    account: str

    @property
    def key(self) -> str:
        """Give the one-string form used as an index and as a lease name."""
        return f"{self.user}/{self.broker}/{self.account}"

    @classmethod
    def from_key(cls, key: str) -> "AccountRef":
        """Read the one-string form back. Raises ValueError when it is not one."""
        user, broker, account = key.split("/")
        return cls(user=UserId(user), broker=broker, account=account)


def _digest(*parts: str) -> bytes:
    """Hash parts with their lengths, so that no two different lists of parts share a digest."""
    hasher = hashlib.sha256()
    for part in parts:
        raw = part.encode()
        hasher.update(len(raw).to_bytes(4, "big") + raw)
    return hasher.digest()


def signal_id(guild: str, channel: str, message: str) -> SignalId:
    """Derive a signal's id from where it was posted. An edit keeps it."""
    return SignalId(_digest("signal", guild, channel, message).hex()[:32])


def trade_id(signal: str, user: str, account: str) -> TradeId:
    """Derive the id of what one signal became in one member's account."""
    return TradeId(_digest("trade", signal, user, account).hex()[:32])


def order_id(signal: str, leg: str, user: str, account: str) -> OrderId:
    """Derive an order intent's id. ``leg`` tells the orders of one trade apart."""
    return OrderId(_digest("order", signal, leg, user, account).hex()[:32])


def client_order_id(signal: str, leg: str, user: str, account: str, attempt: int) -> ClientOrderId:
    """Derive the id a broker sees: a UUIDv8 (RFC 9562) over the intent and the attempt.

    The UUID form fits every broker's field (shared/reference/brokers.md section 6).
    """
    raw = bytearray(_digest("v1", signal, leg, user, account, str(attempt))[:16])
    raw[6] = (raw[6] & 0x0F) | 0x80
    raw[8] = (raw[8] & 0x3F) | 0x80
    return ClientOrderId(str(uuid.UUID(bytes=bytes(raw))))


def event_id(order: str, version: int, index: int) -> str:
    """Derive an event's id from the order version that caused it, so a replay collides."""
    return _digest("event", order, str(version), str(index)).hex()[:32]
