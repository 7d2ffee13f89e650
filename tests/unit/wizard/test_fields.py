"""Field descriptions against what people really paste."""

import pytest

from domain.broker import FieldSpec
from wizard.fields import check, clean


def spec(**changes) -> FieldSpec:
    return FieldSpec(**({"key": "k", "label": "Key", "help": "", "secret": False} | changes))


def problems(field: FieldSpec, value: str) -> list[str]:
    return [problem.key for problem in check([field], {"k": value}).problems]


@pytest.mark.parametrize("pasted", [" AB12 ", "AB12\n", "\u200bAB12", "\ufeffAB12\u2060", "\tAB12\r\n"])
def test_space_and_invisible_characters_around_a_key_are_dropped(pasted: str):
    checked = check([spec(pattern="[A-Z0-9]{4}")], {"k": pasted})
    assert checked.plain == {"k": "AB12"}
    assert not checked.problems


def test_a_private_key_keeps_its_lines():
    assert clean("-----BEGIN-----\nabc\n-----END-----\n") == "-----BEGIN-----\nabc\n-----END-----"
    assert not problems(spec(), "-----BEGIN-----\nabc")


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        (spec(), "", ["field_missing"]),
        (spec(), "   ", ["field_missing"]),
        (spec(required=False), "", []),
        (spec(max_length=3), "abcd", ["field_long"]),
        (spec(max_length=3), "abc", []),
        (spec(pattern="[0-9]+"), "12a", ["field_odd"]),
        (spec(pattern="[0-9]+", pattern_hint="digits"), "12a", ["field_hint"]),
        (spec(choices=(("a", "A"),)), "b", ["field_choice"]),
        (spec(choices=(("a", "A"),)), "a", []),
    ],
)
def test_each_mistake_has_its_own_words(field: FieldSpec, value: str, problem: list[str]):
    assert problems(field, value) == problem


def test_secrets_and_the_rest_are_kept_apart_and_unknown_fields_dropped():
    checked = check([spec(), spec(key="s", secret=True)], {"k": "plain", "s": "hidden", "x": "y"})
    assert (checked.plain, checked.secret) == ({"k": "plain"}, {"s": "hidden"})
    assert "hidden" not in repr(checked)


def test_a_default_fills_in_only_where_nothing_is_required():
    assert check([spec(required=False, default="d")], {}).plain == {"k": "d"}
    assert problems(spec(default="d"), "") == ["field_missing"]
