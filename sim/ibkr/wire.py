"""Frame the socket protocol of TWS: a big-endian length, then fields each ended by NUL.

Field lists at server version 176: shared/reference/brokers.md section 3. From 177 on orders carry one field
less (faProfile), and at 178 an execution one more; what is written here is written at 176 and fitted then.
"""

import asyncio
import re
import struct
from decimal import Decimal

from domain.money import plain

SERVER_VERSION = 178
OLDEST = 157
PLACE_ORDER = 115
"""Fields of placeOrder up to version 176."""
_FA_PROFILE = {"3": (PLACE_ORDER, 42), "5": (136, 31), "101": (101, 28)}
"""Messages that have it: how many fields they are with it, and where an empty one stands."""
UNSET = "1.7976931348623157E308"
_LARGEST = 1 << 20
_RANGE = re.compile(r"v(\d{2,4})\.\.(\d{2,4})(?: .*)?")


def frame(*fields: object) -> bytes:
    """Write one message."""
    body = "".join(f"{_text(field)}\0" for field in fields).encode()
    return struct.pack(">I", len(body)) + body


def template(line: str, values: dict[int, object]) -> bytes:
    """Write one message from a comma-separated template with some fields replaced."""
    fields: list[object] = [UNSET if field == "M" else field for field in line.split(",")]
    for index, value in values.items():
        fields[index] = value
    return frame(*fields)


async def read(reader: asyncio.StreamReader) -> list[str] | None:
    """Read one message, or None when the peer has gone."""
    try:
        (length,) = struct.unpack(">I", await reader.readexactly(4))
        if length > _LARGEST:
            return None
        body = await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return body.decode().split("\0")[:-1]


async def read_version(reader: asyncio.StreamReader) -> int | None:
    """Read the range of versions a client speaks, which is not ended by NUL; give the highest both know."""
    (length,) = struct.unpack(">I", await reader.readexactly(4))
    text = (await reader.readexactly(length)).decode() if length < 100 else ""
    found = _RANGE.fullmatch(text)
    if found is None or int(found[1]) > SERVER_VERSION or int(found[2]) < OLDEST:
        return None
    return min(int(found[2]), SERVER_VERSION)


def fitted(data: bytes, version: int) -> bytes:
    """Give whole messages, written at version 176, as a client of another version reads them."""
    if version <= 176:
        return data
    done, rest = b"", data
    while len(rest) >= 4 and len(rest) >= 4 + (length := struct.unpack(">I", rest[:4])[0]):
        done += _refit(rest[: 4 + length], version)
        rest = rest[4 + length :]
    return done + rest


def _refit(message: bytes, version: int) -> bytes:
    fields = message[4:].split(b"\0")[:-1]
    kind = fields[0].decode(errors="replace") if fields else ""
    count, index = _FA_PROFILE.get(kind, (0, 0))
    if count == len(fields):
        del fields[index]
    elif kind == "11" and version >= 178:
        fields.append(b"0")
    else:
        return message
    body = b"".join(field + b"\0" for field in fields)
    return struct.pack(">I", len(body)) + body


def as_at_176(fields: list[str], version: int) -> list[str]:
    """Give a request's fields where they stand at version 176."""
    count, index = _FA_PROFILE["3"]
    if version <= 176 or fields[:1] != ["3"] or len(fields) != count - 1:
        return fields
    return [*fields[:index], "", *fields[index:]]


def number(text: str) -> Decimal | None:
    """Read a number that may be missing."""
    return Decimal(text) if text else None


def _text(field: object) -> str:
    if field is None:
        return ""
    if isinstance(field, bool):
        return "1" if field else "0"
    return plain(field) if isinstance(field, Decimal) else str(field)
