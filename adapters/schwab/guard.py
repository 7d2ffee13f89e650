"""Keep every request on Schwab's own address, or on the one that stands in for it, at the lowest layer.

The SDK has its address built in; a shared httpx transport sends it elsewhere, token refreshes included.
"""

from functools import cache
from typing import Any
from urllib.parse import urlsplit

from adapters.kit.errors import Errors
from adapters.schwab import texts
from adapters.schwab.manifest import MANIFEST
from adapters.schwab.pools import make_pools
from domain.accounts import Environment

HOST = "api.schwabapi.com"
TOKEN_URL = f"https://{HOST}/v1/oauth/token"
_STREAM_HOSTS = (".schwab.com", ".schwabapi.com")
_ERRORS = Errors(broker=MANIFEST.slug, operation="connect")


def check_environment(environment: Environment) -> None:
    """Raise Denied for a paper session: there is no paper here, whatever the address."""
    if environment is not Environment.LIVE:
        raise _ERRORS.denied(texts.NO_PAPER, "wrong_environment")


def check_stream(url: str, endpoint: str) -> None:
    """Raise Denied where the stream's address, which the broker tells us, is not the broker's."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if endpoint:
        good = host == urlsplit(endpoint).hostname and parts.scheme in {"ws", "wss"}
    else:
        good = parts.scheme == "wss" and host.endswith(_STREAM_HOSTS)
    if not good:
        raise _ERRORS.denied(texts.WRONG_HOST, "wrong_host")


def make_transport(environment: Environment, endpoint: str) -> Any:
    """Make the transport that all sessions of one address share: warm connections and one TLS context."""
    return _transport_class()(environment, endpoint)


@cache
def _transport_class() -> Any:
    import httpx  # comes with the SDK

    class GuardedTransport(httpx.AsyncBaseTransport):
        """Refuse other hosts, and send what is meant for Schwab to its stand-in where there is one."""

        def __init__(self, environment: Environment, endpoint: str) -> None:
            self._environment = environment
            self._base = httpx.URL(endpoint) if endpoint else None
            self._inner = make_pools()

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            check_environment(self._environment)
            if request.url.host != HOST or request.url.scheme != "https":
                raise _ERRORS.denied(texts.WRONG_HOST, "wrong_host")
            if self._base is not None:
                base = self._base
                path = base.raw_path.rstrip(b"/") + request.url.raw_path
                request.url = request.url.copy_with(
                    scheme=base.scheme, host=base.host, port=base.port, raw_path=path
                )
                request.headers["Host"] = base.netloc.decode()
            response: httpx.Response = await self._inner.handle_async_request(request)
            return response

        async def aclose(self) -> None:
            """Stay open: sessions share this. ``dispose`` closes it."""

        async def dispose(self) -> None:
            """Close the pooled connections."""
            await self._inner.aclose()

    return GuardedTransport
