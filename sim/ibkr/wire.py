"""Frame the socket protocol of TWS: a big-endian length, then fields each ended by NUL.

Field lists at server version 176: shared/reference/brokers.md section 3.
"""

import asyncio
import struct
from decimal import Decimal

from domain.money import plain

SERVER_VERSION = 176
UNSET = "1.7976931348623157E308"
_LARGEST = 1 << 20


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


async def read_version(reader: asyncio.StreamReader) -> str | None:
    """Read the client's first message: the range of versions it speaks, not ended by NUL."""
    (length,) = struct.unpack(">I", await reader.readexactly(4))
    text = (await reader.readexactly(length)).decode() if length < 100 else ""
    return text if text.startswith("v") else None


def number(text: str) -> Decimal | None:
    """Read a number that may be missing."""
    return Decimal(text) if text else None


def _text(field: object) -> str:
    if field is None:
        return ""
    if isinstance(field, bool):
        return "1" if field else "0"
    return plain(field) if isinstance(field, Decimal) else str(field)
