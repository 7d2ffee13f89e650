"""Sign in through a broker's own page: the address that leads there, and a proof that it was us who asked.

The PKCE verifier (RFC 7636) is derived from the app's secret and the state, so that nothing has to be kept
between the two requests. An address that we did not ask for has another state or none: no proof goes with it.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode, urlsplit

_STATE = re.compile(r"[\w-]{43}", re.ASCII)
"""What our own states look like (wizard/door.py): 256 bits."""


def address(page: str, query: Mapping[str, str], *, secret: str, state: str) -> str:
    """Give the address of a sign-in page, with state and challenge."""
    proof = {"state": state, "code_challenge": _challenge(verifier(secret, state))}
    return f"{page}?{urlencode({**query, **proof, 'code_challenge_method': 'S256'})}"


def verifier(secret: str, state: str) -> str:
    """Derive the verifier of one state."""
    return _text(hmac.new(secret.encode(), f"pkce|{state}".encode(), hashlib.sha256).digest())


def answered(pasted: str) -> tuple[str, str, str]:
    """Read the address a broker sent somebody back to: the code, our state or nothing, the bare address."""
    parts = urlsplit(pasted.strip())
    query = parse_qs(parts.query)
    code, state = query.get("code", [""])[0], query.get("state", [""])[0]
    # A browser adds the slash to an address without a path; apps are registered without it.
    path = "" if parts.path == "/" else parts.path
    bare = parts._replace(path=path, query="", fragment="").geturl()
    return code, state if _STATE.fullmatch(state) else "", bare


def _challenge(verifier: str) -> str:
    return _text(hashlib.sha256(verifier.encode()).digest())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
