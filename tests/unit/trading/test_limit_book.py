"""A member's own limits: between bounds, for them alone, and over defaults."""

from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from domain.errors import InvalidValue
from store import open_store
from trading.config import TradingConfig
from trading.limits import BOUNDS, LimitBook


@dataclass
class Deps:
    store: object
    config: TradingConfig = field(default_factory=TradingConfig)


@pytest.fixture
async def book(tmp_path):
    store = await open_store(data_dir=tmp_path / "data")
    yield LimitBook(Deps(store))
    await store.close()


async def test_what_was_not_set_stays_as_the_default_and_others_keep_theirs(book):
    saved = await book.set("1", {"max_order_notional": Decimal("2500.50")})
    assert (saved.id, saved.max_order_notional, saved.max_open_positions) == ("1", Decimal("2500.50"), 10)
    again = await book.set("1", {"entry_max_age": Decimal(60)})
    assert (again.max_order_notional, again.entry_max_age) == (Decimal("2500.50"), 60)
    assert await book.of("1") == again
    assert await book.of("2") == book.defaults


@pytest.mark.parametrize("name", BOUNDS)
async def test_beyond_the_bounds_nothing_is_saved(book, name):
    bound = BOUNDS[name]
    for value in (Decimal(bound.low) - Decimal("0.01"), Decimal(bound.high + 1), Decimal(-1)):
        with pytest.raises(InvalidValue, match="between"):
            await book.set("1", {name: value})
    assert await book.of("1") == book.defaults
    for value in (bound.low, bound.high):
        assert getattr(await book.set("1", {name: Decimal(value)}), name) == value


def test_every_default_lies_within_its_bounds():
    limits = TradingConfig().limits
    assert all(bound.low <= getattr(limits, name) <= bound.high for name, bound in BOUNDS.items())
