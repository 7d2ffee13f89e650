"""Keep paper on paper, and put a timeout on everything, at the lowest layer there is.

Whatever the code above believes, a request passes ``GuardedAdapter.send`` and a socket passes ``allowed``
before a byte leaves.
"""

from functools import cache
from typing import Any
from urllib.parse import urlsplit

from adapters.alpaca import texts
from adapters.alpaca.manifest import CONNECT_TIMEOUT, MANIFEST, READ_TIMEOUT
from adapters.kit.errors import Errors
from domain.accounts import Environment

LIVE_HOST = "api.alpaca.markets"
PAPER_HOST = "paper-api.alpaca.markets"
DATA_HOST = "data.alpaca.markets"
POOL_SIZE = 64


def allowed(url_or_host: str, environment: Environment, endpoint: str) -> bool:
    """Tell whether an address may be reached: the environment's own hosts, the data host, the override.

    The live trading host is never allowed to a paper session, not even as the override.
    """
    host = _host(url_or_host)
    if environment is Environment.PAPER and host == LIVE_HOST:
        return False
    own = PAPER_HOST if environment is Environment.PAPER else LIVE_HOST
    return host in {own, DATA_HOST} if not endpoint else host == _host(endpoint)


def trading_url(environment: Environment, endpoint: str) -> str:
    """Give the base address of the trading API."""
    own = PAPER_HOST if environment is Environment.PAPER else LIVE_HOST
    return endpoint.rstrip("/") or f"https://{own}"


def stream_url(environment: Environment, endpoint: str) -> str:
    """Give the address of the trade_updates socket."""
    return "ws" + trading_url(environment, endpoint).removeprefix("http") + "/stream"


def data_url(endpoint: str) -> str:
    """Give the base address of the market data API."""
    return endpoint.rstrip("/") or f"https://{DATA_HOST}"


def refuse(environment: Environment, address: str, endpoint: str) -> None:
    """Raise Denied, with nothing sent, where an address is not allowed."""
    if not allowed(address, environment, endpoint):
        errors = Errors(broker=MANIFEST.slug, operation="connect")
        raise errors.denied(texts.PAPER_STAYS_PAPER, "wrong_environment")


def make_adapter(environment: Environment, endpoint: str) -> Any:
    """Make the transport shared by every session of one environment: one pool of warm connections."""
    return _adapter_class()(environment, endpoint)


def _host(url_or_host: str) -> str:
    host = urlsplit(url_or_host if "//" in url_or_host else f"//{url_or_host}").hostname or ""
    return host.lower().rstrip(".")


@cache
def _adapter_class() -> Any:
    from requests.adapters import HTTPAdapter  # comes with the SDK

    class GuardedAdapter(HTTPAdapter):
        """Refuse wrong hosts and unlimited waits. Never retries: that is decided above, for reads only."""

        def __init__(self, environment: Environment, endpoint: str) -> None:
            self._environment = environment
            self._endpoint = endpoint
            super().__init__(pool_connections=4, pool_maxsize=POOL_SIZE, max_retries=0)

        def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
            refuse(self._environment, request.url, self._endpoint)
            kwargs["timeout"] = kwargs.get("timeout") or (CONNECT_TIMEOUT, READ_TIMEOUT)
            return super().send(request, *args, **kwargs)

        def close(self) -> None:
            """Stay open: sessions share this. ``dispose`` closes it."""

        def dispose(self) -> None:
            """Close the pooled connections."""
            super().close()

    return GuardedAdapter
