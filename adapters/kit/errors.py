"""Make broker errors without repeating who and what, and prove what can be proven of a failed send."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from domain.errors import (
    AuthFailed,
    BrokerError,
    Denied,
    DuplicateClientId,
    InsufficientFunds,
    MarketClosed,
    NotFound,
    NotTradable,
    OutcomeUnknown,
    Rejected,
    Throttled,
    Unreachable,
)

E = TypeVar("E", bound=BrokerError)

# Raised by HTTP clients before a connection exists; each of these is raised nowhere else.
_NEVER_CONNECTED = frozenset(
    {"NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "ConnectTimeout", "ConnectError"}
    | {"ClientConnectorError", "ClientConnectorDNSError"}
)


# What a trader is to do, or what the bot does, where a sentence leaves it to ``{next}``: after a question,
# and after something that was to change an account.
_CHANGES = frozenset({"submit", "cancel", "replace", "close_position", "set_stop_loss", "set_take_profit"})
_NEXT: Mapping[type[BrokerError], tuple[str, str]] = {
    OutcomeUnknown: (
        "Nothing was changed there. Try again in a minute.",
        "Whether it acted is being checked, and nothing is sent twice.",
    ),
    Unreachable: (
        "Try again in a minute; if it stays so, tell whoever runs this bot.",
        "It is tried again.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Make the errors of one operation at one broker; ``{next}`` in a text becomes what happens now."""

    broker: str
    operation: str

    def during(self, operation: str) -> "Errors":
        """Give the same for another operation."""
        return replace(self, operation=operation)

    def denied(self, text: str, code: str, choices: tuple[tuple[str, str], ...] = ()) -> Denied:
        """Refuse before anything is sent."""
        refused = self._make(Denied, text, code)
        refused.choices = choices
        return refused

    def rejected(self, text: str, code: str) -> Rejected:
        """Report a refusal."""
        return self._make(Rejected, text, code)

    def funds(self, text: str, code: str = "insufficient_funds") -> InsufficientFunds:
        """Report too little money, or too few shares free to sell."""
        return self._make(InsufficientFunds, text, code)

    def closed(self, text: str, code: str = "market_closed") -> MarketClosed:
        """Report that the market does not take this now."""
        return self._make(MarketClosed, text, code)

    def not_tradable(self, text: str, code: str = "not_tradable") -> NotTradable:
        """Report a symbol that is not there or not traded."""
        return self._make(NotTradable, text, code)

    def duplicate(self, text: str, code: str = "duplicate_client_id") -> DuplicateClientId:
        """Report that the broker has an order under this id."""
        return self._make(DuplicateClientId, text, code)

    def auth(self, text: str, code: str = "auth_failed") -> AuthFailed:
        """Report refused credentials."""
        return self._make(AuthFailed, text, code)

    def not_found(self, text: str, code: str = "not_found") -> NotFound:
        """Report that the broker does not know it."""
        return self._make(NotFound, text, code)

    def unknown(self, text: str, code: str) -> OutcomeUnknown:
        """Report that nobody knows whether the broker acted."""
        return self._make(OutcomeUnknown, text, code)

    def unreachable(self, text: str, code: str = "unreachable") -> Unreachable:
        """Report that no connection was made."""
        return self._make(Unreachable, text, code)

    def throttled(self, text: str, retry_after: float | None = None) -> Throttled:
        """Report that the broker, or our own limit, says slow down."""
        return Throttled(
            text, broker=self.broker, operation=self.operation, code="rate_limited", retry_after=retry_after
        )

    def _make(self, kind: type[E], text: str, code: str) -> E:
        ask, change = _NEXT.get(kind, ("", ""))
        text = text.replace("{next}", change if self.operation in _CHANGES else ask).strip()
        return kind(text, broker=self.broker, operation=self.operation, code=code)


def never_connected(error: BaseException) -> bool:
    """Tell whether a failed call provably never had a connection, so that nothing was sent.

    Follows only what the HTTP clients themselves chain (``reason``, the first argument, ``__cause__``): an
    unrelated ``__context__`` proves nothing. False means "nobody knows", never "it was sent".
    """
    seen: set[int] = set()
    current: object = error
    while isinstance(current, BaseException) and id(current) not in seen:
        seen.add(id(current))
        if type(current).__name__ in _NEVER_CONNECTED:
            return True
        if isinstance(current, ConnectionRefusedError | socket.gaierror):
            return True
        first = current.args[0] if current.args else None
        current = getattr(current, "reason", None) or (
            first if isinstance(first, BaseException) else current.__cause__
        )
    return False
