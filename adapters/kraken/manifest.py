"""State what Kraken is and does, as data."""

from adapters.kraken import texts
from domain.accounts import Environment
from domain.broker import (
    BracketKind,
    BrokerManifest,
    ClassRules,
    ClientIds,
    EventSource,
    FieldSpec,
    Lane,
    RateRule,
    Scope,
)
from domain.instruments import AssetClass
from domain.orders import OrderType, TimeInForce

DEADLINE = 5.0
"""Seconds after which Kraken's engine must not take an order any more (docs: 2 to 60)."""
SETTLE = 9.0
"""The deadline, and four seconds for a clock of ours that runs ahead."""

COUNTER, DECAY = 15.0, 0.33
"""The REST counter of the lowest tier, per API key, and what it loses each second."""
PAIR_COUNTER, PAIR_DECAY = 60.0, 1.0
"""The engine's own counter of the lowest tier, per API key and pair."""

_COINS = ClassRules(
    order_types=frozenset(OrderType),
    times_in_force=frozenset({TimeInForce.GTC, TimeInForce.IOC}),
    # One conditional close per order at most, so never a stop and a target that are tied.
    bracket=BracketKind.SOFTWARE,
    fractional=True,
    notional=True,
)

MANIFEST = BrokerManifest(
    slug="kraken",
    title=texts.TITLE,
    summary=texts.SUMMARY,
    classes={AssetClass.CRYPTO: _COINS},
    environments=(Environment.LIVE,),
    events=EventSource.STREAM,
    client_ids=ClientIds.UNIQUE_WHILE_OPEN,
    settle=SETTLE,
    throttled_submit_sent=False,
    rates=(
        RateRule(
            scope=Scope.ACCOUNT, count=int(COUNTER), window=COUNTER / DECAY, lanes=frozenset({Lane.READ})
        ),
    ),
    rate_variable="KRAKEN_RATE_LIMIT",
    setup_url="https://pro.kraken.com/app/settings/api",
    fields=(
        FieldSpec(
            key="api_key",
            label=texts.KEY_LABEL,
            help=texts.KEY_HELP,
            secret=True,
            pattern=r"[A-Za-z0-9+/=]{40,80}",
            pattern_hint=texts.KEY_HINT,
            max_length=80,
        ),
        FieldSpec(
            key="private_key",
            label=texts.PRIVATE_LABEL,
            help=texts.PRIVATE_HELP,
            secret=True,
            pattern=r"[A-Za-z0-9+/]{40,126}={0,2}",
            pattern_hint=texts.PRIVATE_HINT,
            max_length=128,
        ),
    ),
)
