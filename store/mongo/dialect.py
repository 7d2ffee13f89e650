"""Write documents as native BSON: Decimal128, dates, binary; exact to the last digit and microsecond."""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, Inexact, Overflow
from typing import Any

from bson.decimal128 import Decimal128
from bson.int64 import Int64

from store.codec import WHOLE, Codec, Coder
from store.errors import Misfit
from store.scalars import DATE, as_mapping, check_bytes, check_key, decimal_from_text, finite, plain_json, utc


def _decimal_to_bson(value: Any) -> Decimal128 | str:
    """Give a Decimal128, or text for the rare number of more than its 34 digits."""
    number = finite(value)
    try:
        packed = Decimal128(number)
    except (Inexact, Overflow):
        return str(number)
    return packed if packed.to_decimal().as_tuple() == number.as_tuple() else str(number)


def _decimal_from_bson(plain: Any) -> Decimal:
    return finite(plain.to_decimal()) if type(plain) is Decimal128 else decimal_from_text(plain)


def _int_from_bson(plain: Any) -> int:
    # Numbers beyond 32 bits come back as PyMongo's own kind of int.
    return int(plain) if type(plain) is Int64 else WHOLE.decode(plain)


def _time_to_bson(value: Any) -> Any:
    """Give a BSON date; where there are microseconds, which it cannot hold, a list of the date and them."""
    moment = utc(value)
    rest = moment.microsecond % 1000
    return [moment - timedelta(microseconds=rest), rest] if rest else moment


def _time_from_bson(plain: Any) -> datetime:
    if type(plain) is list and len(plain) == 2 and type(plain[1]) is int and 0 < plain[1] < 1000:
        return utc(plain[0]) + timedelta(microseconds=plain[1])
    return utc(plain)


def _json_to_bson(value: Any) -> str:
    return json.dumps(plain_json(value), ensure_ascii=False, separators=(",", ":"))


def _json_from_bson(plain: Any) -> Any:
    try:
        return json.loads(plain)
    except (TypeError, ValueError):
        raise Misfit("JSON text is needed") from None


class BsonDialect:
    """Write every value in BSON's own type where it has one.

    Values that are JSON already, such as a message's embeds, stay JSON text: they come from strangers, and
    BSON refuses some of the keys and numbers JSON allows.
    """

    scalars: Mapping[Any, Coder] = {
        int: Coder(WHOLE.encode, _int_from_bson),
        Decimal: Coder(_decimal_to_bson, _decimal_from_bson),
        datetime: Coder(_time_to_bson, _time_from_bson),
        date: DATE,
        bytes: Coder(check_bytes, check_bytes),
        Any: Coder(_json_to_bson, _json_from_bson),
    }

    def mapping(self, value: Coder) -> Coder:
        """Write a mapping as a document, or as a list of pairs where a key means something to MongoDB."""

        def encode(items: Any) -> Any:
            pairs = [(check_key(key), value.encode(item)) for key, item in as_mapping(items)]
            return dict(pairs) if all(map(_harmless, items)) else [list(pair) for pair in pairs]

        def decode(plain: Any) -> Any:
            pairs = plain if type(plain) is list else as_mapping(plain)
            return {check_key(key): value.decode(item) for key, item in pairs}

        return Coder(encode, decode)


def _harmless(key: str) -> bool:
    return key != "" and not key.startswith("$") and "." not in key and "\0" not in key


BSON = Codec(BsonDialect())
