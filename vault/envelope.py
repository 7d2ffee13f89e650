"""Seal and open one value under one data key.

A sealed value is::

    "TB" | version 2 | suite 1 | sealed at 8 | key id | wrapped data key | salt 32 | commitment 32 | nonce 12
    | text, tag

Key id and wrapped key carry a two-byte length. HKDF-SHA512 over the data key and the salt gives the
encryption key and the commitment: AES-GCM alone does not commit to its key, so the commitment is compared
first. Every other byte before the text is authenticated together with the binding. Key id and wrapped key
are held by the commitment: whatever stands there must unwrap to the very data key the value was sealed with.
So a wrapping key can be changed without opening the value. Version 1 had no time, and authenticated these two
as well. See docs/adr/0004-envelope.md.
"""

import hmac
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.errors import VaultError
from vault import texts
from vault.binding import Binding

MAGIC = b"TB"
FIRST = 1
VERSION = 2
SUITE = 1
KEY = 32
SALT = 32
COMMITMENT = 32
NONCE = 12
TAG = 16
_TIME = 8
_LONGEST_ID = 512
_INFO = b"discord-trade-exec envelope 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Hold what precedes the sealed text, which begins at ``size``.

    ``sealed_at`` is microseconds since 1970, 0 where a version 1 value does not say. ``authenticated`` is
    what of the header the text's tag covers.
    """

    version: int
    sealed_at: int
    key_id: str
    wrapped: bytes
    salt: bytes
    commitment: bytes
    nonce: bytes
    authenticated: bytes
    size: int


def seal(plain: bytes, *, key: bytes, key_id: str, wrapped: bytes, binding: Binding, at: int = 0) -> bytes:
    """Seal ``plain`` under the 32-byte data key, which travels inside as ``wrapped``; ``at`` is its time."""
    salt = os.urandom(SALT)
    encryption, commitment = _derive(key, salt)
    nonce = os.urandom(NONCE)
    front = MAGIC + bytes((VERSION, SUITE)) + at.to_bytes(_TIME, "big")
    back = salt + commitment + nonce
    text = AESGCM(encryption).encrypt(nonce, plain, front + back + binding.canonical())
    return front + _sized(key_id.encode()) + _sized(wrapped) + back + text


def read_header(blob: bytes) -> Header:
    """Read what precedes the text. Raises VaultError when this is not a sealed value."""
    if len(blob) < 4 or blob[:2] != MAGIC or blob[2] not in {FIRST, VERSION} or blob[3] != SUITE:
        raise VaultError(texts.ALTERED)
    version = blob[2]
    start = 4 if version == FIRST else 4 + _TIME
    key_id, at = _take(blob, start)
    wrapped, at = _take(blob, at)
    end = at + SALT + COMMITMENT + NONCE
    if len(blob) < end + TAG or not key_id.isascii() or len(key_id) > _LONGEST_ID:
        raise VaultError(texts.ALTERED)
    return Header(
        version=version,
        sealed_at=int.from_bytes(blob[4:start], "big"),
        key_id=key_id.decode("ascii"),
        wrapped=wrapped,
        salt=blob[at : at + SALT],
        commitment=blob[at + SALT : at + SALT + COMMITMENT],
        nonce=blob[end - NONCE : end],
        authenticated=blob[:end] if version == FIRST else blob[:start] + blob[at:end],
        size=end,
    )


def unseal(blob: bytes, *, header: Header, key: bytes, binding: Binding) -> bytes:
    """Open a sealed value. Raises VaultError when a byte, the key or the binding is not as it was sealed."""
    encryption, commitment = _derive(key, header.salt)
    if not hmac.compare_digest(commitment, header.commitment):
        raise VaultError(texts.ALTERED)
    try:
        return AESGCM(encryption).decrypt(
            header.nonce, blob[header.size :], header.authenticated + binding.canonical()
        )
    except InvalidTag:
        raise VaultError(texts.ALTERED) from None


def fits(header: Header, key: bytes) -> bool:
    """Tell whether this is the data key a value was sealed with, without opening the value."""
    return hmac.compare_digest(_derive(key, header.salt)[1], header.commitment)


def rewrapped(blob: bytes, header: Header, *, key_id: str, wrapped: bytes) -> bytes:
    """Give the same sealed value with its data key wrapped otherwise; the text is not opened.

    Raises VaultError for version 1, whose text vouches for the wrapping as well: seal it anew instead.
    """
    if header.version == FIRST:
        raise VaultError(texts.ALTERED)
    kept = header.size - SALT - COMMITMENT - NONCE
    return blob[: 4 + _TIME] + _sized(key_id.encode()) + _sized(wrapped) + blob[kept:]


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
        raise VaultError(texts.ALTERED)
    return blob[at + 2 : end], end
