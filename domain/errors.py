"""Name what can go wrong.

Every broker error has two axes, so no caller guesses: what went wrong (the class), and whether the
request reached the broker (``sent``)::

    DomainError
    ├ InvalidValue           a value that cannot be; the text says what to do
    └ BrokerError
      ├ Denied               sent=no     we refused it before the socket
      ├ Rejected             sent=yes    the broker proved it refused: InsufficientFunds, MarketClosed,
      │                                  NotTradable, DuplicateClientId
      ├ AuthFailed           sent=yes    the broker proved the credentials wrong, or expired
      ├ Throttled            sent=no|maybe, as the broker's manifest says
      ├ OutcomeUnknown       sent=maybe  timeout, reset, 5xx, a reply nobody can read
      ├ Unreachable          sent=no     the connection was never made
      └ NotFound             never by itself ends an order
"""

from enum import StrEnum


class Sent(StrEnum):
    """Say whether a request reached the broker."""

    NO = "no"
    YES = "yes"
    MAYBE = "maybe"


class DomainError(Exception):
    """Be the root of every error this project raises on purpose; the text is fit for a trader."""


class InvalidValue(DomainError, ValueError):
    """Refuse a value that cannot be."""


class BrokerError(DomainError):
    """Say what went wrong at a broker.

    ``code`` is stable and machine readable; ``text`` is one sentence a trader understands; neither ever
    holds a credential. ``retry_after`` is seconds, where the broker said so. ``choices`` are what a field may
    be, as value and label, where the login left it open which account is meant.
    """

    default_sent = Sent.YES

    def __init__(
        self,
        text: str,
        *,
        broker: str,
        operation: str,
        code: str,
        sent: Sent | None = None,
        retry_after: float | None = None,
        choices: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(text)
        self.text = text
        self.broker = broker
        self.operation = operation
        self.code = code
        self.sent = sent if sent is not None else self.default_sent
        self.retry_after = retry_after
        self.choices = choices


class Denied(BrokerError):
    """Refuse before anything is sent: unsupported, out of bounds, or expired."""

    default_sent = Sent.NO


class Rejected(BrokerError):
    """Report a refusal the broker proved."""


class InsufficientFunds(Rejected):
    """Report that buying power or available quantity is too small."""


class MarketClosed(Rejected):
    """Report that the broker does not take this order at this hour."""


class NotTradable(Rejected):
    """Report that the symbol does not exist or may not be traded."""


class DuplicateClientId(Rejected):
    """Report that the broker already has an order under this client order id: look it up, send nothing."""


class AuthFailed(BrokerError):
    """Report that the broker refused the credentials."""


class Throttled(BrokerError):
    """Report that the broker asked us to slow down."""

    default_sent = Sent.NO


class OutcomeUnknown(BrokerError):
    """Report that nobody knows whether the broker acted. Never turn this into a rejection."""

    default_sent = Sent.MAYBE


class Unreachable(BrokerError):
    """Report that no connection was made, so nothing was sent."""

    default_sent = Sent.NO


class NotFound(BrokerError):
    """Report that the broker does not know the thing asked for; absence is evidence, not proof."""


class VaultError(DomainError):
    """Report that a credential could not be sealed or opened; never says what it holds."""


class VaultUnavailable(VaultError):
    """Report that the key service does not, or will not, open or make a key now: nothing was learnt about the
    value itself, and it may well open later. ``code`` is stable and fit for a metric.
    """

    def __init__(self, text: str, *, code: str = "unavailable") -> None:
        super().__init__(text)
        self.code = code


class StoreUnavailable(DomainError):
    """Report that nothing durable can be written now: no new entries."""
