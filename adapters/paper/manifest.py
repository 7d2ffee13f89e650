"""State what the paper broker is and does, as data."""

from dataclasses import replace
from decimal import Decimal

from adapters.paper import texts
from adapters.paper.costs import FeeModel, FeeRate
from domain.accounts import Environment
from domain.broker import BracketKind, BrokerManifest, ClassRules, ClientIds, EventSource, FieldSpec
from domain.instruments import AssetClass
from domain.orders import OrderType, TimeInForce

START_CASH = Decimal(100_000)
FEES = FeeModel(
    rates={
        # What Alpaca's lowest crypto tier and a usual option broker charge; shares are free at both.
        AssetClass.CRYPTO: FeeRate(basis_points=Decimal(25)),
        AssetClass.OPTION: FeeRate(per_unit=Decimal("0.65")),
    }
)

_ALL = ClassRules(
    order_types=frozenset(OrderType),
    times_in_force=frozenset({TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK}),
    bracket=BracketKind.NATIVE,
)

MANIFEST = BrokerManifest(
    slug="paper",
    title=texts.TITLE,
    summary=texts.SUMMARY,
    classes={
        AssetClass.EQUITY: replace(_ALL, fractional=True, notional=True, short=True, extended_hours=True),
        AssetClass.OPTION: _ALL,
        AssetClass.CRYPTO: replace(_ALL, fractional=True, notional=True),
    },
    environments=(Environment.PAPER,),
    events=EventSource.STREAM,
    client_ids=ClientIds.UNIQUE,
    # A submit is in the book before it is answered, and nothing acts on it later.
    settle=1.0,
    throttled_submit_sent=False,
    auth="none",
    fields=(
        FieldSpec(
            key="start_cash",
            label=texts.CASH_LABEL,
            help=texts.CASH_HELP,
            secret=False,
            required=False,
            pattern=r"[1-9]\d{0,7}(\.\d{1,2})?",
            pattern_hint=texts.CASH_HINT,
            default=str(START_CASH),
            max_length=11,
        ),
    ),
)
