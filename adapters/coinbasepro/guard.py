"""Keep requests at Coinbase's own hosts, at the lowest layer there is: before the SDK opens a connection."""

from urllib.parse import urlsplit

from adapters.coinbasepro import texts
from adapters.coinbasepro.manifest import MANIFEST
from adapters.kit.errors import Errors

REST_HOST = "api.coinbase.com"
STREAM_HOST = "advanced-trade-ws-user.coinbase.com"
_ERRORS = Errors(broker=MANIFEST.slug, operation="connect")


def rest_url(endpoint: str) -> str:
    """Give the base address of the API."""
    return endpoint.rstrip("/") or f"https://{REST_HOST}"


def stream_url(endpoint: str) -> str:
    """Give the address of the socket of the user channel."""
    if not endpoint:
        return f"wss://{STREAM_HOST}"
    return "ws" + endpoint.rstrip("/").removeprefix("http") + "/ws"


def allowed(url: str, endpoint: str) -> bool:
    """Tell whether an address may be reached: Coinbase's hosts over TLS, or the override and nothing else."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if endpoint:
        own = urlsplit(endpoint)
        return (host, parts.port) == ((own.hostname or "").lower(), own.port)
    return host in {REST_HOST, STREAM_HOST} and parts.scheme in {"https", "wss"}


def refuse(url: str, endpoint: str) -> None:
    """Raise Denied, with nothing sent, where an address is not allowed."""
    if not allowed(url, endpoint):
        raise _ERRORS.denied(texts.WRONG_HOST, "wrong_host")
