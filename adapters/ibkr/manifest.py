"""State what Interactive Brokers is and does, as data."""

from adapters.ibkr import texts
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

PAPER_PORTS = frozenset({7497, 4002})
LIVE_PORTS = frozenset({7496, 4001})
GREETING = 10
"""Messages the SDK sends by itself on connecting."""

_FORCES = frozenset({TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.OPG})
_STOCKS = ClassRules(
    order_types=frozenset(OrderType),
    times_in_force=_FORCES,
    bracket=BracketKind.NATIVE,
    short=True,
    extended_hours=True,
)
_OPTIONS = ClassRules(
    order_types=frozenset({OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT}),
    times_in_force=frozenset({TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC}),
    bracket=BracketKind.SOFTWARE,
)
_AROUND_THE_CLOCK = ClassRules(
    order_types=frozenset(OrderType),
    times_in_force=frozenset({TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC}),
    bracket=BracketKind.NATIVE,
    short=True,
)

MANIFEST = BrokerManifest(
    slug="ibkr",
    title=texts.TITLE,
    summary=texts.SUMMARY,
    classes={
        AssetClass.EQUITY: _STOCKS,
        AssetClass.OPTION: _OPTIONS,
        AssetClass.FUTURE: _AROUND_THE_CLOCK,
        AssetClass.FOREX: _AROUND_THE_CLOCK,
    },
    environments=(Environment.PAPER, Environment.LIVE),
    events=EventSource.STREAM,
    # orderRef is kept and given back, but two orders may carry the same one: only orderId is checked (103).
    client_ids=ClientIds.ECHOED,
    settle=30.0,
    # TWS tells of the orders and executions since midnight, in New York where it was not told otherwise.
    forgets_daily="America/New_York",
    throttled_submit_sent=True,
    # TWS takes 50 messages a second and hangs up on who sends more: a tenth stays unused.
    rates=(RateRule(scope=Scope.CONNECTION, count=45, window=1.0),),
    rate_variable="IBKR_RATE_LIMIT",
    auth="gateway",
    account_field="account",
    setup_url="https://www.interactivebrokers.com/campus/ibkr-api-page/twsapi-doc/",
    fields=(
        FieldSpec(
            key="host",
            label=texts.HOST_LABEL,
            help=texts.HOST_HELP,
            secret=False,
            pattern=r"[A-Za-z0-9]([A-Za-z0-9.\-]{0,251}[A-Za-z0-9])?",
            pattern_hint=texts.HOST_HINT,
            default="127.0.0.1",
            max_length=253,
        ),
        FieldSpec(
            key="port",
            label=texts.PORT_LABEL,
            help=texts.PORT_HELP,
            secret=False,
            pattern=r"[1-9]\d{2,4}",
            pattern_hint=texts.PORT_HINT,
            default="7497",
            live_default="7496",
            max_length=5,
        ),
        FieldSpec(
            key="client_id",
            label=texts.CLIENT_LABEL,
            help=texts.CLIENT_HELP,
            secret=False,
            pattern=r"[1-9]\d{0,4}",
            pattern_hint=texts.CLIENT_HINT,
            default="71",
            max_length=5,
        ),
        FieldSpec(
            key="account",
            label=texts.ACCOUNT_LABEL,
            help=texts.ACCOUNT_HELP,
            secret=False,
            required=False,
            pattern=r"D?[UFI]\d{4,9}",
            pattern_hint=texts.ACCOUNT_HINT,
            max_length=12,
        ),
    ),
)
