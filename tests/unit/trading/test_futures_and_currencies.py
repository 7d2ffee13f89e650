"""A held future is meant by its root and by its month; money counts in dollars."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.instruments import AssetClass, Instrument
from domain.signals import Reading, ReadingKind
from trading import amend, planner
from trading.texts import say

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


def test_only_what_is_quoted_in_dollars_is_sized_in_dollars():
    assert frozenset({"USD", "USDT", "USDC"}) == planner._DOLLARS
    assert "USDJPY is quoted in JPY" in say("other_currency", symbol="USDJPY", currency="JPY")
