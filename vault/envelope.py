"""Seal and open one value under one data key.

A sealed value is::

    "TB" | version 1 | suite 1 | key id | wrapped data key | salt 32 | commitment 32 | nonce 12 | text, tag

Key id and wrapped key carry a two-byte length. HKDF-SHA512 over the data key and the salt gives the
encryption key and the commitment: AES-GCM alone does not commit to its key, so the commitment is compared
first. Every byte before the text is authenticated together with the binding. See docs/adr/0004-envelope.md.
"""

import hmac
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.errors import VaultError
from vault.binding import Binding

MAGIC = b"TB"
VERSION = 1
SUITE = 1
KEY = 32
SALT = 32
COMMITMENT = 32
NONCE = 12
TAG = 16
_INFO = b"discord-trade-exec envelope 1"
_REFUSED = "A stored credential was altered, or belongs to someone else. Link the account again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Hold what precedes the sealed text. ``raw`` is every byte of it."""

    key_id: str
    wrapped: bytes
    salt: bytes
    commitment: bytes
    nonce: bytes
    raw: bytes


def seal(plain: bytes, *, key: bytes, key_id: str, wrapped: bytes, binding: Binding) -> bytes:
    """Seal ``plain`` under the 32-byte data key, which travels inside as ``wrapped``."""
    salt = os.urandom(SALT)
    encryption, commitment = _derive(key, salt)
    nonce = os.urandom(NONCE)
    header = b"".join(
        (MAGIC, bytes((VERSION, SUITE)), _sized(key_id.encode()), _sized(wrapped), salt, commitment, nonce)
    )
    return header + AESGCM(encryption).encrypt(nonce, plain, header + binding.canonical())


def read_header(blob: bytes) -> Header:
    """Read what precedes the text. Raises VaultError when this is not a sealed value."""
    if len(blob) < 4 or blob[:2] != MAGIC or blob[2] != VERSION or blob[3] != SUITE:
        raise VaultError(_REFUSED)
    key_id, at = _take(blob, 4)
    wrapped, at = _take(blob, at)
    end = at + SALT + COMMITMENT + NONCE
    if len(blob) < end + TAG or not key_id.isascii():
        raise VaultError(_REFUSED)
    return Header(
        key_id=key_id.decode("ascii"),
        wrapped=wrapped,
        salt=blob[at : at + SALT],
        commitment=blob[at + SALT : at + SALT + COMMITMENT],
        nonce=blob[end - NONCE : end],
        raw=blob[:end],
    )


def unseal(blob: bytes, *, header: Header, key: bytes, binding: Binding) -> bytes:
    """Open a sealed value. Raises VaultError when a byte, the key or the binding is not as it was sealed."""
    encryption, commitment = _derive(key, header.salt)
    if not hmac.compare_digest(commitment, header.commitment):
        raise VaultError(_REFUSED)
    try:
        return AESGCM(encryption).decrypt(
            header.nonce, blob[len(header.raw) :], header.raw + binding.canonical()
        )
    except InvalidTag:
        raise VaultError(_REFUSED) from None


def _derive(key: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """Give the encryption key and the commitment."""
    out = HKDF(algorithm=SHA512(), length=KEY + COMMITMENT, salt=salt, info=_INFO).derive(key)
    return out[:KEY], out[KEY:]


def _sized(raw: bytes) -> bytes:
    return len(raw).to_bytes(2, "big") + raw


def _take(blob: bytes, at: int) -> tuple[bytes, int]:
    size = int.from_bytes(blob[at : at + 2], "big")
    end = at + 2 + size
    if len(blob) < end:
        raise VaultError(_REFUSED)
    return blob[at + 2 : end], end
