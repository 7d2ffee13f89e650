"""Make pretend keys of both kinds, and check tokens as Coinbase does: signature, times, issuer, address."""

import base64
import binascii
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

_ISSUERS = {"ES256": "coinbase-cloud", "EdDSA": "cdp"}
PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """Hold an API key as its owner downloads it, and the public half that Coinbase keeps."""

    name: str
    secret: str = field(repr=False)
    public: PublicKey = field(repr=False)


def ecdsa_key() -> KeyPair:
    """Make an ES256 key: a name with its organization, and a PEM."""
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    name = f"organizations/{uuid.uuid4()}/apiKeys/{uuid.uuid4()}"
    return KeyPair(name=name, secret=pem.decode(), public=private.public_key())


def eddsa_key() -> KeyPair:
    """Make an Ed25519 key: a bare id, and base64 of the seed and the public half."""
    private = ed25519.Ed25519PrivateKey.generate()
    raw = private.private_bytes_raw() + private.public_key().public_bytes_raw()
    secret = base64.b64encode(raw).decode()
    return KeyPair(name=str(uuid.uuid4()), secret=secret, public=private.public_key())


def key_of(token: str) -> str:
    """Give the key name a token claims, or an empty text."""
    try:
        return str(_part(token, 0).get("kid") or "")
    except (ValueError, IndexError, binascii.Error):
        return ""


def is_valid(token: str, public: PublicKey, address: str | None, ahead: float = 0.0) -> bool:
    """Tell whether a token holds, ``ahead`` seconds from now, for ``"METHOD host/path"``.

    The address is None where it is bound to none.
    """
    try:
        head, body = _part(token, 0), _part(token, 1)
        signed, _, signature = token.rpartition(".")
        _check(public, str(head["alg"]), signed.encode(), _unpack(signature))
        now = time.time() + ahead
        in_time = body["nbf"] <= now + 5 and now < body["exp"] <= body["nbf"] + 120
        whose = body["sub"] == head["kid"] and body["iss"] == _ISSUERS[head["alg"]] and bool(head["nonce"])
    except (ValueError, KeyError, IndexError, TypeError, InvalidSignature):
        return False
    claimed = body.get("uri") or next(iter(body.get("uris") or ()), None)
    if isinstance(claimed, str):
        claimed = claimed.replace("http://", "")  # the SDK strips https:// only
    return bool(in_time and whose and claimed == address)


def _check(public: PublicKey, algorithm: str, message: bytes, signature: bytes) -> None:
    if isinstance(public, ed25519.Ed25519PublicKey):
        if algorithm != "EdDSA":
            raise ValueError("the wrong algorithm for this key")
        public.verify(signature, message)
        return
    if algorithm != "ES256" or len(signature) != 64:
        raise ValueError("the wrong algorithm for this key")
    halves = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    public.verify(encode_dss_signature(*halves), message, ec.ECDSA(hashes.SHA256()))


def _part(token: str, index: int) -> dict[str, Any]:
    found = json.loads(_unpack(token.split(".")[index]))
    if not isinstance(found, dict):
        raise ValueError("not a token")
    return found


def _unpack(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
