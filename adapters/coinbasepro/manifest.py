"""State what Coinbase is and does, as data."""

from adapters.coinbasepro import texts
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

TIMEOUT = 10.0
"""Seconds for one request altogether."""

# Neither stop-market orders nor trailing stops exist. Brackets are SOFTWARE on purpose: Coinbase's attached
# trigger bracket is one order with two prices, takes no lone stop, and comes into being only when the whole
# entry has filled, so that a partly filled entry would rest without any protection.
_CRYPTO = ClassRules(
    order_types=frozenset({OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LIMIT}),
    times_in_force=frozenset({TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK}),
    bracket=BracketKind.SOFTWARE,
    fractional=True,
    notional=True,
)

MANIFEST = BrokerManifest(
    slug="coinbasepro",
    title=texts.TITLE,
    summary=texts.SUMMARY,
    classes={AssetClass.CRYPTO: _CRYPTO},
    # There is no pretend money at Coinbase: its sandbox answers with fixed texts.
    environments=(Environment.LIVE,),
    events=EventSource.STREAM,
    # A second order under the same id is answered with the first one.
    client_ids=ClientIds.UNIQUE,
    # A request is signed for 120 seconds: a copy that is later than that is refused at the door.
    settle=125.0,
    throttled_submit_sent=False,
    # Docs, "Advanced Trade REST API rate limits": private by user, public by IP address.
    rates=(
        RateRule(scope=Scope.ACCOUNT, count=30, window=1.0),
        RateRule(scope=Scope.IP, count=10, window=1.0),
    ),
    rate_variable="COINBASEPRO_RATE_LIMIT",
    setup_url="https://portal.cdp.coinbase.com/access/api",
    fields=(
        FieldSpec(
            key="key_name",
            label=texts.KEY_LABEL,
            help=texts.KEY_HELP,
            secret=True,
            pattern=r"\s*(organizations/[\w-]{8,64}/apiKeys/)?[\w-]{16,64}\s*",
            pattern_hint=texts.KEY_HINT,
            max_length=200,
        ),
        FieldSpec(
            key="private_key",
            label=texts.PRIVATE_LABEL,
            help=texts.PRIVATE_HELP,
            secret=True,
            pattern=(
                r"[\s\"]*(-----BEGIN (EC )?PRIVATE KEY-----[\s\S]{60,600}-----END (EC )?PRIVATE KEY-----"
                r"|[A-Za-z0-9+/=\s]{43,120})(\\n|[\s\"])*"
            ),
            pattern_hint=texts.PRIVATE_HINT,
            max_length=800,
        ),
    ),
)
