"""Check the parts of the codec no record of today needs, and what it must not say."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import pytest

from domain.errors import InvalidValue
from store.codec import Codec
from store.errors import Misfit
from store.scalars import JSON, JsonDialect
from store.specs import ACCOUNTS, key_kind
from store.sqlite.engine import SqliteEngine


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    kind: Literal["a", "b", 1]
    either: Decimal | str | None = None
    pair: tuple[int, str] = (1, "x")
    empty: tuple[int, ...] = ()


def test_literals_unions_and_pairs_come_back():
    coder = JSON.of(Odd)
    for odd in (Odd(kind="a"), Odd(kind=1, either="1.5"), Odd(kind="b", either=Decimal("1.5"), empty=(2,))):
        assert coder.decode(coder.encode(odd)) == odd


@pytest.mark.parametrize(
    "plain",
    [
        {"kind": "c"},
        {"kind": True},
        {"kind": "a", "either": "1"},
        {"kind": "a", "pair": [1]},
        {"kind": ["a"]},
    ],
)
def test_what_a_type_does_not_allow_is_refused(plain):
    with pytest.raises(Misfit):
        JSON.of(Odd).decode(plain)


def test_nothing_is_written_for_defaults_that_say_nothing():
    assert JSON.of(Odd).encode(Odd(kind="a")) == {"kind": "a", "pair": [1, "x"]}


@pytest.mark.parametrize("hint", [float, set[str], Mapping[int, str], object])
def test_a_type_nobody_taught_it_is_a_mistake_of_the_program(hint):
    with pytest.raises(TypeError):
        Codec(JsonDialect()).of(hint)


def test_a_field_that_cannot_be_ordered_cannot_be_indexed():
    with pytest.raises(TypeError, match="cannot be indexed"):
        key_kind(Odd, "either")


def test_a_refusal_never_quotes_the_value():
    coder = JSON.of(ACCOUNTS.type)
    with pytest.raises(Misfit) as refused:
        coder.decode({"id": "a", "sealed": {"key": "hunter2!"}})
    assert "hunter2" not in str(refused.value.as_unreadable("accounts/a"))
    assert "sealed" in refused.value.path


def test_numbers_json_cannot_hold_are_refused():
    with pytest.raises(Misfit):
        SqliteEngine.pack(None, {"n": 1 << 80})
    with pytest.raises(InvalidValue):
        raise Misfit("too big").as_invalid("this Order")
