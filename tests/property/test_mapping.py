"""Round-trip every record through both dialects, down to the bytes each engine keeps."""

import dataclasses
import os
import types
import typing
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum

import bson
import orjson
import pytest
from bson.codec_options import CodecOptions
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from domain.errors import InvalidValue
from domain.orders import OrderRequest, OrderType
from domain.signals import Reading
from store.errors import Misfit, UnreadableRecord
from store.mongo.dialect import BSON
from store.repository import Rows
from store.scalars import JSON
from store.specs import ALL

EXAMPLES = 1000 if os.environ.get("SOAK") else 25
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
KEYS = TEXT | st.sampled_from(["$set", "a.b", "", "$", ".", "x\0"])
PLACES = st.integers(0, 18)
DECIMALS = st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places), st.integers(-(10**18), 10**18), PLACES
) | st.builds(lambda digits, places: Decimal(f"{digits}E-{places}"), st.integers(10**33, 10**36), PLACES)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=-5)), timezone(timedelta(hours=5, minutes=30))])
TIMES = st.datetimes(
    datetime(1971, 1, 1),  # noqa: DTZ001 - the zone is drawn
    datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=ZONES,
).map(lambda moment: moment.replace(fold=0))
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
LEAVES = {
    str: TEXT,
    int: st.integers(-(2**31), 2**63 - 1),
    bool: st.booleans(),
    Decimal: DECIMALS,
    datetime: TIMES,
    date: st.dates(),
    bytes: st.binary(max_size=40),
    types.NoneType: st.none(),
    typing.Any: JSON_VALUES,
}


def values(hint, depth=0):
    """Draw values of a type hint; written apart from the codec, so that one checks the other."""
    if hint in LEAVES:
        return LEAVES[hint]
    if isinstance(hint, typing.NewType):
        return values(hint.__supertype__, depth)
    if dataclasses.is_dataclass(hint):
        return instances(hint, depth)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        return st.one_of([values(part, depth) for part in parts])
    if origin is tuple and parts[1:] == (...,):
        most = 0 if parts[0] is Reading and depth >= 1 else 3
        return st.lists(values(parts[0], depth + 1), max_size=most).map(tuple) if most else st.just(())
    if origin is tuple:
        return st.tuples(*(values(part, depth) for part in parts))
    assert origin is Mapping, hint
    return st.dictionaries(KEYS, values(parts[1], depth), max_size=3)


def instances(kind, depth):
    hints = typing.get_type_hints(kind)
    drawn = {}
    for field in dataclasses.fields(kind):
        drawn[field.name] = values(hints[field.name], depth)
    if kind is OrderRequest:
        return st.fixed_dictionaries(drawn).map(sensible)
    return st.builds(kind, **drawn)


def sensible(drawn):
    """Bring the drawn parts of a request to where they do not contradict each other."""
    for name, value in drawn.items():
        if isinstance(value, Decimal):
            drawn[name] = abs(value) or Decimal("0.01")
    one = Decimal("1.50")
    drawn["quantity"], drawn["notional"] = (drawn["quantity"], None) if drawn["quantity"] else (None, one)
    drawn["limit_price"] = drawn["limit_price"] or one
    drawn["stop_price"] = drawn["stop_price"] or one
    if drawn["order_type"] is OrderType.TRAILING_STOP:
        drawn["trail_percent"], drawn["trail_amount"] = one, None
    return OrderRequest(**drawn)


class JsonBytes:
    """Go all the way to text and back."""

    codec = JSON

    def pack(self, document):
        return orjson.dumps(document)

    def unpack(self, body):
        return orjson.loads(body)


class BsonBytes:
    """Go all the way to BSON and back."""

    codec = BSON

    def pack(self, document):
        return bson.encode(document)

    def unpack(self, body):
        return bson.decode(body, CodecOptions(tz_aware=True, tzinfo=UTC))


ENGINES = [pytest.param(JsonBytes(), id="json"), pytest.param(BsonBytes(), id="bson")]
SPECS = [pytest.param(spec, id=spec.name) for spec in ALL]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("spec", SPECS)
def test_every_record_comes_back_equal_to_the_last_digit(spec, engine):
    rows = Rows(spec, engine)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],  # records are wide: shrinking one takes minutes
        print_blob=True,
    )
    @given(instances(spec.type, 0).filter(lambda value: value.id))
    def check(value):
        found = rows.to_value(rows.to_row(value))
        assert found == value
        # Equal is not enough for money: 1.5 equals 1.50. Times come back in UTC, the same moment.
        assert repr(found) == repr(value) or "timezone(" in repr(value)

    check()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("spec", SPECS)
def test_a_field_from_the_future_is_refused_by_name(spec, engine):
    rows = Rows(spec, engine)
    row = rows.to_row(one(spec))
    body = engine.unpack(row.body)
    body["invented"] = "x"
    with pytest.raises(UnreadableRecord, match=f"invented of {spec.name}/{row.id} cannot be read"):
        rows.to_value(dataclasses.replace(row, body=engine.pack(body)))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("spec", SPECS)
def test_a_document_written_before_optional_fields_existed_still_reads(spec, engine):
    rows = Rows(spec, engine)
    value = one(spec)
    row = rows.to_row(value)
    optional = {field.name for field in dataclasses.fields(spec.type) if has_default(field)}
    body = {name: item for name, item in engine.unpack(row.body).items() if name not in optional}
    found = rows.to_value(dataclasses.replace(row, body=engine.pack(body)))
    for field in dataclasses.fields(spec.type):
        if field.name in body:
            assert getattr(found, field.name) == getattr(value, field.name)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("spec", SPECS)
def test_a_document_that_lacks_what_it_needs_is_refused(spec, engine):
    rows = Rows(spec, engine)
    row = rows.to_row(one(spec))
    needed = [
        field.name
        for field in dataclasses.fields(spec.type)
        if not has_default(field) and field.name not in spec.held
    ]
    for name in needed:
        body = engine.unpack(row.body)
        del body[name]
        with pytest.raises(UnreadableRecord, match=f"{name} is missing"):
            rows.to_value(dataclasses.replace(row, body=engine.pack(body)))


def has_default(field):
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def one(spec):
    """Give one fixed record of a spec, simple but complete."""
    simple = {
        str: "x",
        int: 1,
        bool: True,
        Decimal: Decimal("1.5"),
        bytes: b"x",
        datetime: datetime(2026, 3, 2, tzinfo=UTC),
        date: date(2026, 3, 2),
        types.NoneType: None,
    }

    def make(hint):
        while isinstance(hint, typing.NewType):
            hint = hint.__supertype__
        if hint in simple:
            return simple[hint]
        if isinstance(hint, type) and issubclass(hint, Enum):
            return OrderType.MARKET if hint is OrderType else next(iter(hint))
        if dataclasses.is_dataclass(hint):
            hints = typing.get_type_hints(hint)
            needed = {f.name: make(hints[f.name]) for f in dataclasses.fields(hint) if not has_default(f)}
            return hint(**needed, **({"quantity": Decimal(1)} if hint is OrderRequest else {}))
        return () if typing.get_origin(hint) is tuple else {}

    return make(spec.type)


@pytest.mark.parametrize("codec", [pytest.param(JSON, id="json"), pytest.param(BSON, id="bson")])
@settings(max_examples=50, deadline=None, database=None)
@given(junk=JSON_VALUES)
def test_junk_is_refused_and_never_crashes(codec, junk):
    for spec in ALL:
        with pytest.raises(Misfit):
            codec.of(spec.type).decode(junk)


def test_an_unknown_enum_member_is_refused_with_its_path():
    from domain.trades import Trade

    spec = next(spec for spec in ALL if spec.type is Trade)
    rows = Rows(spec, JsonBytes())
    row = rows.to_row(one(spec))
    body = {**orjson.loads(row.body), "side": "sideways"}
    with pytest.raises(
        UnreadableRecord, match="side of trades/x cannot be read: this version does not know that Side"
    ):
        rows.to_value(dataclasses.replace(row, body=orjson.dumps(body)))


def test_a_time_without_its_zone_is_refused():
    spec = next(spec for spec in ALL if spec.name == "switches")
    value = dataclasses.replace(one(spec), raised_at=datetime(2026, 3, 2))  # noqa: DTZ001 - that is the mistake
    with pytest.raises(
        InvalidValue, match="raised_at of this KillSwitch cannot be stored: a time needs its zone"
    ):
        Rows(spec, JsonBytes()).to_row(value)
