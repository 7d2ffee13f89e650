"""State what moomoo is and does, as data."""

from adapters.moomoo import texts
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

PROBE_TIMEOUT = 3.05
"""Seconds to reach OpenD's port at all."""
CONNECT_TIMEOUT = 10.0
"""Seconds for OpenD's handshake; the SDK itself would wait for ever."""
QUERY_TIMEOUT = 12.0
"""Seconds until the SDK gives a request up; it looks once a second."""
TOTAL_TIMEOUT = 20.0
"""Seconds for one call altogether: placing an order is up to four requests."""

SPACING = {"place": 0.02, "modify": 0.04}
"""Seconds between two requests, whatever the quota (shared/reference/brokers.md section 4)."""

RATES = {
    "place": RateRule(scope=Scope.ACCOUNT, count=15, window=30.0),
    "modify": RateRule(scope=Scope.ACCOUNT, count=20, window=30.0),
    # Only with refresh_cache; what OpenD has cached costs nothing.
    "orders": RateRule(scope=Scope.ACCOUNT, count=10, window=30.0),
    "positions": RateRule(scope=Scope.ACCOUNT, count=10, window=30.0),
    "funds": RateRule(scope=Scope.ACCOUNT, count=10, window=30.0),
    "history": RateRule(scope=Scope.ACCOUNT, count=10, window=30.0),
    "quotes": RateRule(scope=Scope.ACCOUNT, count=60, window=30.0),
}
"""Each protocol has a limit of its own."""

MANIFEST = BrokerManifest(
    slug="moomoo",
    title=texts.TITLE,
    summary=texts.SUMMARY,
    classes={
        AssetClass.EQUITY: ClassRules(
            order_types=frozenset(OrderType),
            times_in_force=frozenset({TimeInForce.DAY, TimeInForce.GTC}),
            # There are no attached orders: legs are separate and tied by us.
            bracket=BracketKind.SOFTWARE,
            extended_hours=True,
        )
    },
    environments=(Environment.PAPER, Environment.LIVE),
    events=EventSource.STREAM,
    # The id travels in the order's remark, which nobody checks for uniqueness.
    client_ids=ClientIds.ECHOED,
    settle=30.0,
    throttled_submit_sent=False,
    rates=(RATES["place"], RATES["modify"], RATES["orders"]),
    rate_variable="MOOMOO_RATE_LIMIT",
    auth="gateway",
    account_field="account_id",
    setup_url="https://openapi.moomoo.com/moomoo-api-doc/en/quick/opend-base.html",
    fields=(
        FieldSpec(
            key="host",
            label=texts.HOST_LABEL,
            help=texts.HOST_HELP,
            secret=False,
            pattern=r"[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,251}[A-Za-z0-9])?",
            pattern_hint=texts.HOST_HINT,
            default="127.0.0.1",
            max_length=253,
        ),
        FieldSpec(
            key="port",
            label=texts.PORT_LABEL,
            help=texts.PORT_HELP,
            secret=False,
            pattern=r"[1-9][0-9]{0,4}",
            pattern_hint=texts.PORT_HINT,
            default="11111",
            max_length=5,
        ),
        FieldSpec(
            key="account_id",
            label=texts.ACCOUNT_LABEL,
            help=texts.ACCOUNT_HELP,
            secret=False,
            required=False,
            pattern=r"[0-9]{1,20}",
            pattern_hint=texts.ACCOUNT_HINT,
            max_length=20,
        ),
        FieldSpec(
            key="unlock_password",
            label=texts.PASSWORD_LABEL,
            help=texts.PASSWORD_HELP,
            secret=True,
            required=False,
            pattern=r"\S{1,64}",
            pattern_hint=texts.PASSWORD_HINT,
            max_length=64,
        ),
        FieldSpec(
            key="rsa_file",
            label=texts.RSA_LABEL,
            help=texts.RSA_HELP,
            secret=False,
            required=False,
            pattern=r"/\S{1,198}",
            pattern_hint=texts.RSA_HINT,
            max_length=200,
        ),
    ),
)
