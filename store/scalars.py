"""Write exact numbers, times and bytes as JSON text, and share what both dialects check alike."""

import base64
import binascii
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from store.codec import Codec, Coder
from store.errors import Misfit


def utc(value: Any) -> datetime:
    """Give an aware time in UTC. Raises Misfit for anything else."""
    if type(value) is not datetime:
        raise Misfit(f"a time is needed, not {type(value).__name__}")
    if value.tzinfo is UTC:
        return value
    if value.utcoffset() is None:
        raise Misfit("a time needs its zone")
    return value.astimezone(UTC)


def finite(value: Any) -> Decimal:
    """Give an exact, finite number. Raises Misfit for floats and all that is not a number."""
    if type(value) is not Decimal:
        raise Misfit(f"an exact number is needed, not {type(value).__name__}")
    if not value.is_finite():
        raise Misfit("a number must be finite")
    return value


def plain_json(value: Any) -> Any:
    """Give ``value`` back when it is JSON all the way down; a tuple becomes a list."""
    if value is None or type(value) in {str, bool, int}:
        return value
    if type(value) is float and math.isfinite(value):
        return value
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    if isinstance(value, Mapping) and all(type(key) is str for key in value):
        return {key: plain_json(item) for key, item in value.items()}
    raise Misfit(f"only JSON values are stored here, not {type(value).__name__}")


def decimal_from_text(plain: Any) -> Decimal:
    """Read a number written as text."""
    try:
        return finite(Decimal(plain)) if type(plain) is str else finite(None)
    except InvalidOperation:
        raise Misfit("an exact number is needed") from None


def _time_from_text(plain: Any) -> datetime:
    try:
        return utc(datetime.fromisoformat(plain))
    except (TypeError, ValueError):
        raise Misfit("a time is needed") from None


def _date_to_text(value: Any) -> str:
    if type(value) is not date:
        raise Misfit(f"a date is needed, not {type(value).__name__}")
    return value.isoformat()


def _date_from_text(plain: Any) -> date:
    try:
        return date.fromisoformat(plain)
    except (TypeError, ValueError):
        raise Misfit("a date is needed") from None


def check_bytes(value: Any) -> bytes:
    """Give bytes back, refuse all else."""
    if type(value) is not bytes:
        raise Misfit(f"bytes are needed, not {type(value).__name__}")
    return value


def _bytes_from_text(plain: Any) -> bytes:
    try:
        return base64.b64decode(plain, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise Misfit("bytes in base64 are needed") from None


DATE = Coder(_date_to_text, _date_from_text)


class JsonDialect:
    """Write what JSON has no word for as text: decimals, ISO times in UTC, base64."""

    scalars: Mapping[Any, Coder] = {
        Decimal: Coder(lambda value: str(finite(value)), decimal_from_text),
        datetime: Coder(lambda value: utc(value).isoformat(), _time_from_text),
        date: DATE,
        bytes: Coder(lambda value: base64.b64encode(check_bytes(value)).decode("ascii"), _bytes_from_text),
        Any: Coder(plain_json, plain_json),
    }

    def mapping(self, value: Coder) -> Coder:
        """Write a mapping as an object."""
        return Coder(
            lambda items: {check_key(key): value.encode(item) for key, item in as_mapping(items)},
            lambda plain: {check_key(key): value.decode(item) for key, item in as_mapping(plain)},
        )


def as_mapping(value: Any) -> Any:
    """Give the items of a mapping, refuse all else."""
    if not isinstance(value, Mapping):
        raise Misfit(f"a mapping is needed, not {type(value).__name__}")
    return value.items()


def check_key(key: Any) -> str:
    """Give a text key back, refuse all else."""
    if type(key) is not str:
        raise Misfit("only text can be a key")
    return key


JSON = Codec(JsonDialect())
