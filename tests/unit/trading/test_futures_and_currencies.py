"""A held future is meant by its root and by its month; money counts in dollars."""

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import pytest

from domain.accounts import RiskLimits
from domain.instruments import AssetClass, Instrument
from domain.orders import OrderType, Side
from domain.signals import Reading, ReadingKind
from sim.clock import DrivenClock
from tests.unit.trading.builders import NATIVE
from trading import amend, planner
from trading.denial import DeniedByUs
from trading.lookups import Instruments
from trading.views import ManualOrder
from trading.wishes import from_manual

ES = Instrument(symbol="ESH26", asset_class=AssetClass.FUTURE, broker_symbol="1@CME", multiplier=Decimal(50))


class Held:
    def __init__(self, instrument):
        self.symbol, self.instrument = instrument.symbol, instrument


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("ES", True),
        ("ESH26", True),
        ("ESH6", True),
        ("ESH2026", True),
        ("ESM6", False),
        ("ESH7", False),
        ("MES", False),
        ("E", False),
        ("ESH", False),
        ("NQH6", False),
    ],
)
def test_a_held_future_is_meant_by_its_root_and_its_own_month(said, meant):
    reading = Reading(kind=ReadingKind.EXIT, symbol=said)
    assert amend.concerns(Held(ES), reading) is meant


def test_a_share_is_not_meant_by_a_part_of_its_name():
    share = replace(ES, symbol="ESH26", asset_class=AssetClass.EQUITY)
    assert not amend.concerns(Held(share), Reading(kind=ReadingKind.EXIT, symbol="ES"))


YEN = Instrument(symbol="USDJPY", asset_class=AssetClass.FOREX, broker_symbol="1@IDEALPRO", currency="JPY")


async def priced(instrument):
    async def resolve(query):
        return instrument

    manifest = SimpleNamespace(slug="ibkr", title="IBKR", classes={instrument.asset_class: NATIVE})
    session = SimpleNamespace(manifest=manifest, resolve=resolve)
    deps = SimpleNamespace(clock=DrivenClock(), adapters={"ibkr": SimpleNamespace(manifest=manifest)})
    account = SimpleNamespace(broker="ibkr")
    plans = planner.Planner(deps, account, None, Instruments(deps.clock))
    wish = from_manual(
        ManualOrder(
            user="1",
            guild=None,
            account="a",
            key="k",
            symbol=instrument.symbol,
            side=Side.BUY,
            order_type=OrderType.LIMIT,
            quantity=Decimal(1),
            limit_price=Decimal(150),
        ),
        deps.clock.now(),
        RiskLimits(id="x"),
    )
    return await plans._price(session, wish)


async def test_what_is_quoted_in_yen_is_not_sized_in_dollars():
    with pytest.raises(DeniedByUs) as caught:
        await priced(YEN)
    assert caught.value.denial.code == "other_currency"
    assert "USDJPY is quoted in JPY" in caught.value.denial.reason


@pytest.mark.parametrize("currency", ["USD", "USDT", "USDC"])
async def test_what_is_quoted_in_dollars_of_any_kind_is(currency):
    assert (await priced(replace(YEN, currency=currency))).reference == Decimal(150)
