"""Let requests go to Kraken, or to the override, and nowhere else: checked by the HTTP session itself.

ccxt follows redirects, and would carry the key and send a POST a second time. Here a redirect is an error.
"""

from typing import Any
from urllib.parse import urlsplit

from adapters.kit.errors import Errors
from adapters.kraken import texts
from adapters.kraken.manifest import MANIFEST
from domain.accounts import Environment

HOST = "api.kraken.com"
STREAM_HOST = "ws-auth.kraken.com"
TIMEOUT = 10.0
"""Seconds for one request. Longer than the deadline of an order, shorter than any patience."""
_ERRORS = Errors(broker=MANIFEST.slug, operation="connect")


def refuse(environment: Environment) -> None:
    """Raise Denied, with nothing sent, for any environment but live: Kraken has no other."""
    if environment is not Environment.LIVE:
        raise _ERRORS.denied(texts.LIVE_ONLY, "wrong_environment")


def rest_url(endpoint: str) -> str:
    """Give the base address of the REST API."""
    return endpoint.rstrip("/") or f"https://{HOST}"


def stream_url(endpoint: str) -> str:
    """Give the address of the private WebSocket, version 2."""
    if not endpoint:
        return f"wss://{STREAM_HOST}/v2"
    return "ws" + endpoint.rstrip("/").removeprefix("http") + "/v2"


def allowed(host: str, endpoint: str) -> bool:
    """Tell whether a host may be reached."""
    own = {_host(endpoint)} if endpoint else {HOST, STREAM_HOST}
    return host.lower().rstrip(".") in own


def tracing(endpoint: str) -> Any:
    """Make the trace that the HTTP session calls before each request and on each redirect."""
    import aiohttp

    async def start(_: Any, __: Any, params: Any) -> None:
        if not allowed(params.url.host or "", endpoint):
            raise _ERRORS.denied(texts.WRONG_HOST, "wrong_host")

    async def redirect(_: Any, __: Any, ___: Any) -> None:
        raise _ERRORS.unknown(texts.UNREADABLE, "redirected")

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(start)
    trace.on_request_redirect.append(redirect)
    return trace


def _host(address: str) -> str:
    return (urlsplit(address if "//" in address else f"//{address}").hostname or "").lower().rstrip(".")
