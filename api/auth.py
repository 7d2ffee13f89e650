"""Find out who asks. A token comes in a header, never in an address."""

import hmac
import ipaddress

from aiohttp import web

from api.deps import DEPS
from api.errors import Refused
from domain.accounts import ApiToken

PROTOCOL = "dte.v1"
"""What a socket speaks; a browser offers it beside ``bearer.<token>``."""
_OFFER = "bearer."
_IN_URL = frozenset({"token", "access_token", "api_key", "bearer"})


def _offered(request: web.Request) -> list[str]:
    header = request.headers.get("Sec-WebSocket-Protocol", "")
    return [offer.strip() for offer in header.split(",") if offer.strip()]


def chosen_protocols(request: web.Request) -> tuple[str, ...]:
    """Name the sub-protocol to answer with; a browser hangs up when none of its offers is taken.

    Given explicitly so that aiohttp never logs the offers, one of which is a token.
    """
    offered = _offered(request)
    if PROTOCOL in offered:
        return (PROTOCOL,)
    return tuple(offered[:1])


def _bearer(request: web.Request) -> str:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer" and token.strip():
        return token.strip()
    for offer in _offered(request):
        if offer.startswith(_OFFER):
            return offer.removeprefix(_OFFER)
    return ""


def caller(request: web.Request) -> str:
    """Name who is counted for limits: the peer's address, or whom the operator's own proxy speaks for."""
    peer = request.remote or "unknown"
    told = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    trusted = request.app[DEPS].trusted_proxies
    return told if told and any(_within(peer, network) for network in trusted) else peer


def _within(address: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network)
    except ValueError:
        return False


async def principal(request: web.Request, scope: str = "read") -> ApiToken:
    """Give the token's owner. Raises Refused 400, 401, 403 or 429."""
    if _IN_URL & {name.lower() for name in request.query}:
        raise Refused(
            400,
            "token_in_url",
            "A token in an address ends up in logs. Revoke this one, make another with /api token, and send "
            "it as 'Authorization: Bearer …'.",
        )
    deps = request.app[DEPS]
    failures, now = deps.limits.failed_logins, deps.clock.monotonic()
    if wait := failures.spent(caller(request), now):
        raise Refused(429, "too_many_attempts", "Too many wrong tokens. Wait a minute.", retry_after=wait)
    token = await deps.tokens.check(_bearer(request))
    if token is None:
        failures.take(caller(request), now)
        raise Refused(
            401, "unauthorized", "Send a personal token from /api token as 'Authorization: Bearer …'."
        )
    if scope not in token.scopes:
        raise Refused(403, "scope", f"This token may not {scope}. Make one that may with /api token.")
    return token


def require_origin(request: web.Request) -> None:
    """Refuse a browser page of another site. Programs send no Origin. Raises Refused 403."""
    origin = request.headers.get("Origin")
    if origin is not None and origin.rstrip("/") != request.app[DEPS].public_url.rstrip("/"):
        raise Refused(403, "origin", "Pages of other sites may not connect.")


def require_operator(request: web.Request) -> None:
    """Let only private addresses, or the holder of METRICS_TOKEN, read figures. Raises Refused 401 or 403."""
    expected = request.app[DEPS].metrics_token
    if expected:
        if not hmac.compare_digest(_bearer(request).encode(), expected.encode()):
            raise Refused(401, "unauthorized", "Send METRICS_TOKEN as 'Authorization: Bearer …'.")
        return
    if "X-Forwarded-For" in request.headers or not _private(request.remote):
        raise Refused(403, "private", "Set METRICS_TOKEN to read figures from outside.")


def _private(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_private
    except ValueError:
        return False
