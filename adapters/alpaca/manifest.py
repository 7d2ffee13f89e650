"""State what Alpaca is and does, as data."""

from adapters.alpaca import consent, texts
from domain.accounts import Environment
from domain.broker import (
    BracketKind,
    BrokerManifest,
    ClassRules,
    ClientIds,
    EventSource,
    FieldSpec,
    RateRule,
    Scope,
)
from domain.instruments import AssetClass
from domain.orders import OrderType, TimeInForce

CONNECT_TIMEOUT = 3.05
"""Seconds to make a connection; just above a multiple of TCP's 3 s resend."""
READ_TIMEOUT = 15.0
"""Seconds between two bytes of an answer. The SDK itself has no timeout at all."""
TOTAL_TIMEOUT = 25.0
"""Seconds for one request altogether, whatever trickles in."""

_STOCKS = ClassRules(
    order_types=frozenset(OrderType),
    times_in_force=frozenset(TimeInForce),
    bracket=BracketKind.NATIVE,
    fractional=True,
    notional=True,
    short=True,
    extended_hours=True,
)
# Order types and times in force of crypto: docs.alpaca.markets/docs/crypto-trading.
_CRYPTO = ClassRules(
    order_types=frozenset({OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LIMIT}),
    times_in_force=frozenset({TimeInForce.GTC, TimeInForce.IOC}),
    bracket=BracketKind.SOFTWARE,
    fractional=True,
    notional=True,
)
# Stop and stop-limit since 2026-08-27, GTC since 2026-08-28: docs.alpaca.markets/us/changelog. No brackets,
# no amounts, no extended hours: docs.alpaca.markets/us/docs/options-trading-overview. Orders of several legs
# are not sent, for nothing here names them; nor are options written, that is, sold to open.
_OPTIONS = ClassRules(
    order_types=frozenset({OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT}),
    times_in_force=frozenset({TimeInForce.DAY, TimeInForce.GTC}),
    bracket=BracketKind.SOFTWARE,
)

MANIFEST = BrokerManifest(
    slug="alpaca",
    title=texts.TITLE,
    summary=texts.SUMMARY,
    classes={AssetClass.EQUITY: _STOCKS, AssetClass.OPTION: _OPTIONS, AssetClass.CRYPTO: _CRYPTO},
    environments=(Environment.PAPER, Environment.LIVE),
    events=EventSource.STREAM,
    # A second order under the same id is refused with 422, even after the first was cancelled.
    client_ids=ClientIds.UNIQUE,
    settle=20.0,
    throttled_submit_sent=False,
    rates=(RateRule(scope=Scope.ACCOUNT, count=200, window=60.0),),
    rate_variable="ALPACA_RATE_LIMIT",
    setup_url="https://app.alpaca.markets/paper/dashboard/overview",
    consent=consent.address,
    consent_app=True,
    fields=(
        FieldSpec(
            key="key_id",
            label=texts.KEY_LABEL,
            help=texts.KEY_HELP,
            secret=True,
            pattern=r"[A-Z0-9]{16,40}",
            pattern_hint=texts.KEY_HINT,
            max_length=40,
        ),
        FieldSpec(
            key="secret_key",
            label=texts.PRIVATE_LABEL,
            help=texts.PRIVATE_HELP,
            secret=True,
            pattern=r"\S{20,100}",
            pattern_hint=texts.PRIVATE_HINT,
            max_length=100,
        ),
    ),
)
