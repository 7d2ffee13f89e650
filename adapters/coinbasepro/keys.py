"""Tidy pasted API keys: they come out of JSON files, through text boxes that change line ends."""

import base64
import binascii
import re

_PEM = re.compile(r"-----BEGIN ((?:EC )?PRIVATE KEY)-----(.*?)-----END (?:EC )?PRIVATE KEY-----", re.DOTALL)
_SEED, _PAIR = 32, 64


def key_name(pasted: str) -> str:
    """Give the key name without quotes and spaces around it."""
    return pasted.strip().strip('"').strip()


def private_key(pasted: str) -> str:
    r"""Give the private key as the SDK wants it: a PEM with real lines, or base64 without spaces.

    Takes ``\n`` written out, lines lost to spaces, and quotes around it. Raises ValueError for anything that
    is no key; the text of the error holds nothing of it.
    """
    text = pasted.replace("\\n", "\n").strip().strip('"').strip()
    found = _PEM.search(text)
    if found is not None:
        body = re.sub(r"\s+", "", found[2])
        lines = [body[i : i + 64] for i in range(0, len(body), 64)]
        return "\n".join((f"-----BEGIN {found[1]}-----", *lines, f"-----END {found[1]}-----", ""))
    packed = re.sub(r"\s+", "", text)
    try:
        size = len(base64.b64decode(packed, validate=True))
    except (binascii.Error, ValueError):
        raise ValueError("not a private key") from None
    if size not in {_SEED, _PAIR}:
        raise ValueError("not a private key")
    return packed


def is_eddsa(secret: str) -> bool:
    """Tell an Ed25519 key (base64) from an ECDSA one (PEM)."""
    return not secret.startswith("-----BEGIN")
