"""Import ccxt late, and bend its Coinbase class where its own answers would be guesses.

ccxt reads an HTTP status it does not know as a network error that may be tried again, and a refusal as what
its text resembles (shared/reference/brokers.md section 5). Here every answer that is not a JSON object with a
good status is raised as ``Answered``, as it came; ``errors`` names it.
"""

import logging
from collections.abc import Mapping
from functools import cache
from typing import Any

from adapters.coinbasepro import guard


class Answered(Exception):
    """Carry an answer that is no success: the status, the headers, and the JSON object, if it was one."""

    def __init__(self, status: int, headers: Mapping[str, str], body: Mapping[str, Any] | None) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.headers = headers
        self.body = body


@cache
def client_class() -> Any:
    """Give the SDK's class, guarded. The import takes most of a second."""
    import ccxt.async_support as ccxt

    # At DEBUG it prints the headers, and they hold the token.
    logger = logging.getLogger("adapters.coinbasepro.sdk")
    logger.setLevel(logging.INFO)

    class Guarded(ccxt.coinbase):  # type: ignore[misc]
        """Reach Coinbase only, and tell what it answered."""

        endpoint = ""

        async def fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
            guard.refuse(url, self.endpoint)
            return await super().fetch(url, method, headers, body)

        def handle_errors(
            self,
            code: int,
            reason: str,
            url: str,
            method: str,
            headers: Any,
            body: str,
            response: Any,
            requestHeaders: Any,  # noqa: N803 - the SDK's names
            requestBody: Any,  # noqa: N803
        ) -> None:
            if code in {200, 201} and isinstance(response, dict):
                return
            raise Answered(code, headers or {}, response if isinstance(response, dict) else None)

    Guarded.logger = logger
    return Guarded


def make(name: str, secret: str, *, endpoint: str, session: Any, ssl_context: Any, timeout: float) -> Any:
    """Make one account's client on the shared transport. Raises ValueError when the key cannot sign."""
    from adapters.coinbasepro.keys import is_eddsa

    client = client_class()(
        {
            "apiKey": name,
            "secret": secret,
            "session": session,
            "enableRateLimit": False,  # ours ranks cancels before reads; the SDK's is one queue
            "timeout": int(timeout * 1000),
            "options": {"v2CloudAPiKey": is_eddsa(secret), "maxRetriesOnFailure": 0},
            "urls": {"api": {"rest": guard.rest_url(endpoint)}},
        }
    )
    client.ssl_context = ssl_context
    client.endpoint = endpoint
    try:
        token(client)
    except Exception:  # noqa: BLE001 - each crypto library of the SDK raises its own; none may be shown
        release(client)
        raise ValueError("the key cannot sign") from None
    return client


def token(client: Any) -> str:
    """Sign a token that is not bound to one address, as the socket wants it."""
    made: str = client.create_auth_token(client.seconds(), None, None, is_eddsa_client(client))
    return made


def is_eddsa_client(client: Any) -> bool:
    """Tell which algorithm the client's key is for."""
    return bool(client.options["v2CloudAPiKey"])


def release(client: Any) -> None:
    """Let go of the shared session. The SDK's own ``close`` sleeps a quarter of a second for nothing."""
    client.session = None
    client.closed_by_user = True
