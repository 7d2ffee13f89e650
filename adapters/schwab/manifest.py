"""State what Schwab is and does, as data."""

from adapters.schwab import consent, texts
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
"""Seconds to make a connection."""
READ_TIMEOUT = 15.0
"""Seconds between two bytes of an answer; the SDK's own default is 30."""
TOTAL_TIMEOUT = 25.0
"""Seconds for one request altogether."""
LOGIN_LIFE = 7 * 24 * 3600.0
"""Seconds after which a sign-in is over, whatever is renewed meanwhile."""
ACCESS_LEEWAY = 300
"""Seconds before its end at which an access token (30 minutes) is renewed."""

_TIFS = frozenset({TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK})
_STOCKS = ClassRules(
    order_types=frozenset(OrderType),
    times_in_force=_TIFS,
    bracket=BracketKind.NATIVE,
    short=True,
    extended_hours=True,
)
_OPTIONS = ClassRules(
    order_types=frozenset({OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT}),
    times_in_force=frozenset({TimeInForce.DAY, TimeInForce.GTC}),
    bracket=BracketKind.NATIVE,
)

APP_RATES = (RateRule(scope=Scope.APP_KEY, count=120, window=60.0),)
"""Everything but orders, counted over all users of one app key."""
ORDER_RATES = (RateRule(scope=Scope.ACCOUNT, count=120, window=60.0),)
"""Placing, changing and cancelling; an app may be registered with less."""

MANIFEST = BrokerManifest(
    slug="schwab",
    title=texts.TITLE,
    summary=texts.SUMMARY,
    classes={AssetClass.EQUITY: _STOCKS, AssetClass.OPTION: _OPTIONS},
    environments=(Environment.LIVE,),
    events=EventSource.STREAM,
    client_ids=ClientIds.NONE,
    settle=30.0,
    throttled_submit_sent=False,
    rates=(*APP_RATES, *ORDER_RATES),
    rate_variable="SCHWAB_RATE_LIMIT",
    session_lifetime=LOGIN_LIFE,
    auth="oauth",
    setup_url="https://developer.schwab.com/dashboard/apps",
    consent=consent.address,
    account_field="account",
    fields=(
        FieldSpec(
            key="app_key",
            label=texts.KEY_LABEL,
            help=texts.KEY_HELP,
            secret=True,
            pattern=r"[A-Za-z0-9]{20,80}",
            pattern_hint=texts.KEY_HINT,
            max_length=80,
        ),
        FieldSpec(
            key="app_secret",
            label=texts.PRIVATE_LABEL,
            help=texts.PRIVATE_HELP,
            secret=True,
            pattern=r"\S{10,80}",
            pattern_hint=texts.PRIVATE_HINT,
            max_length=80,
        ),
        FieldSpec(
            key="redirect_url",
            label=texts.LOGIN_LABEL,
            help=texts.LOGIN_HELP,
            secret=True,
            required=False,
            pattern=r"https?://\S+[?&]code=\S+",
            pattern_hint=texts.LOGIN_HINT,
            max_length=2000,
        ),
        FieldSpec(
            key="token",
            label=texts.PASTED_LABEL,
            help=texts.PASTED_HELP,
            secret=True,
            required=False,
            pattern=r"\s*\{[\s\S]+\}\s*",
            pattern_hint=texts.PASTED_HINT,
            max_length=4000,
        ),
        FieldSpec(
            key="account",
            label=texts.NUMBER_LABEL,
            help=texts.NUMBER_HELP,
            secret=False,
            required=False,
            pattern=r"\d{3,8}",
            pattern_hint=texts.NUMBER_HINT,
            max_length=8,
        ),
    ),
)
