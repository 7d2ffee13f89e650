"""Make ccxt's Kraken as we use it: shared connection, shared markets, no limiter, no interpretation.

Measured costs of the defaults: shared/reference/brokers.md section 5. The endpoints are called by their own
names (``privatePostAddOrder``): ccxt signs, counts nonces and carries them, and what goes out is exactly what
we wrote. Its unified ``create_order`` would drop ``triggerPrice`` and send a market order instead of a stop.
"""

import logging
from collections.abc import Mapping
from functools import cache
from typing import Any

from adapters.kraken import guard
from adapters.kraken.errors import Refused


@cache
def _exchange_class() -> Any:
    import ccxt.async_support as ccxt

    # At DEBUG ccxt prints every request with its headers, and they hold the key.
    quiet = logging.getLogger("adapters.kraken.requests")
    quiet.setLevel(logging.INFO)

    class Kraken(ccxt.kraken):  # type: ignore[misc]
        """Tell answers apart by status and code, not by ccxt's error tree."""

        logger = quiet

        def handle_errors(self, *answer: Any) -> None:
            """Raise Refused for everything that is not Kraken's yes."""
            code, headers, body = answer[0], answer[4], answer[6]
            codes = _codes(body)
            if code != 200 or codes:
                raise Refused(code, codes or (), _seconds(headers))
            if codes is None:
                raise Refused(code, ())

        def __repr__(self) -> str:
            return "Kraken(***)"

        __str__ = __repr__

    return Kraken


def make(session: Any, ssl_context: Any, loop: Any, endpoint: str, keys: tuple[str, str] | None) -> Any:
    """Make an instance on a shared HTTP session; without keys for public data only."""
    url = guard.rest_url(endpoint)
    config: dict[str, Any] = {
        "session": session,
        "ssl_context": ssl_context,
        "asyncio_loop": loop,
        "enableRateLimit": False,
        "timeout": int(guard.TIMEOUT * 1000),
        "urls": {"api": {"public": url, "private": url}},
    }
    if keys is not None:
        config |= {"apiKey": keys[0], "secret": keys[1]}
    exchange = _exchange_class()(config)
    # These would keep copies of bodies, and bodies hold what the member trades.
    exchange.enableLastHttpResponse = exchange.enableLastJsonResponse = False
    return exchange


def drop(exchange: Any) -> None:
    """Let an instance go. Its own ``close`` would sleep a quarter of a second and owns nothing here."""
    exchange.closed_by_user = True
    exchange.session = None
    exchange.apiKey = exchange.secret = ""


def _codes(body: object) -> list[str] | None:
    """Read Kraken's error codes; warnings are none. None when the body is not an answer of Kraken's."""
    if not isinstance(body, dict) or not isinstance(body.get("error"), list):
        return None
    codes = [str(code) for code in body["error"] if not str(code).startswith("W")]
    return codes if codes or "result" in body else None


def _seconds(headers: Mapping[str, str] | None) -> float | None:
    value = next((v for k, v in (headers or {}).items() if k.lower() == "retry-after"), "")
    return float(value) if value.isdecimal() else None
