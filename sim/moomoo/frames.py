"""Write and read OpenD's frames: a 44-byte header, then the message (brokers.md section 4)."""

import asyncio
import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass

Cipher = Callable[[int, bytes], bytes]
"""Turns a body into what travels, or back, by its protocol: the handshake has a cipher of its own."""


def plain(_proto: int, body: bytes) -> bytes:
    """Leave the body as it is."""
    return body


_HEAD = struct.Struct("<1s1sI2B2I20s8s")
MOST = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Hold one message as it travels."""

    proto: int
    serial: int
    body: bytes
    fmt: int = 0

    def pack(self, cipher: Cipher = plain) -> bytes:
        """Write the frame; the checksum is of the plain body, the length of the encrypted one."""
        body = cipher(self.proto, self.body)
        digest = hashlib.sha1(self.body, usedforsecurity=False).digest()
        head = _HEAD.pack(b"F", b"T", self.proto, self.fmt, 0, self.serial, len(body), digest, bytes(8))
        return head + body


async def read(reader: asyncio.StreamReader, cipher: Cipher = plain) -> Frame:
    """Read one frame. Raises ValueError for what OpenD would hang up on, EOFError at the end."""
    head = await reader.readexactly(_HEAD.size)
    first, second, proto, fmt, _, serial, length, digest, _ = _HEAD.unpack(head)
    if (first, second) != (b"F", b"T") or length > MOST:
        raise ValueError("not a frame")
    body = cipher(proto, await reader.readexactly(length))
    if hashlib.sha1(body, usedforsecurity=False).digest() != digest:
        raise ValueError("wrong checksum")
    return Frame(proto=proto, serial=serial, body=body, fmt=fmt)
