"""Sign in at Alpaca through an app of the operator's (Alpaca Connect).

docs.alpaca.markets/docs/using-oauth2-and-trading-api: authorize at app.alpaca.markets, tokens at
api.alpaca.markets for paper and live alike; a token lasts until it is withdrawn. PKCE is not offered there.
"""

import asyncio
from typing import Any
from urllib.parse import urlencode

from adapters.alpaca import texts
from adapters.kit import consent
from adapters.kit.errors import Errors, never_connected
from domain.broker import ConsentRequest, Credentials, SessionDeps

_PAGE = "https://app.alpaca.markets"
_TOKENS = "https://api.alpaca.markets"
_TIMEOUT = (3.05, 15.0)


def address(asked: ConsentRequest) -> str:
    """Give where a member signs in and agrees, for one account of the environment."""
    query = {
        "response_type": "code",
        "client_id": asked.app["client_id"] if asked.app else "",
        "redirect_uri": asked.redirect_uri,
        "scope": "account:write trading data",
        "state": asked.state,
        "env": asked.environment.value,
    }
    return f"{asked.endpoint.rstrip('/') or _PAGE}/oauth/authorize?{urlencode(query)}"


def needed(credentials: Credentials) -> bool:
    """Tell whether a sign-in is still to be exchanged for a token."""
    return bool(credentials.get("redirect_url")) and not credentials.get("token")


async def exchange(credentials: Credentials, deps: SessionDeps) -> Credentials:
    """Trade the code of a sign-in for a token, once, and have it kept. Raises AuthFailed or Unreachable.

    This is the one request of a paper session to the live host: it holds no account's key, and all that its
    path does is to give out tokens.
    """
    errors = Errors(broker="alpaca", operation="connect")
    code, _, callback = consent.answered(credentials["redirect_url"])
    if not code or deps.app is None:
        raise errors.auth(texts.SIGN_IN_REFUSED, "login_unreadable")
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": deps.app["client_id"],
        "client_secret": deps.app["client_secret"],
        "redirect_uri": callback,
    }
    url = f"{deps.endpoint.rstrip('/') or _TOKENS}/oauth/token"
    token = await asyncio.to_thread(_token, url, form, errors)
    fresh = {"token": token, "redirect_url": ""}
    if deps.on_credentials is not None:
        await deps.on_credentials(fresh)
    return Credentials({**{key: credentials[key] for key in credentials}, **fresh})


def keys(credentials: Credentials) -> dict[str, Any]:
    """Give what the SDK's clients are opened with."""
    if credentials.get("token"):
        return {"oauth_token": credentials["token"]}
    return {"api_key": credentials["key_id"], "secret_key": credentials["secret_key"]}


def owner(credentials: Credentials) -> str:
    """Give what tells accounts apart before anything is asked."""
    return credentials.get("token") or credentials.get("key_id") or credentials.get("redirect_url")


def _token(url: str, form: dict[str, str], errors: Errors) -> str:
    from requests import Session  # comes with the SDK
    from requests.exceptions import RequestException

    try:
        with Session() as session:
            session.trust_env = False
            answer = session.post(url, data=form, timeout=_TIMEOUT, allow_redirects=False)
            body = answer.json()
    except (RequestException, ValueError) as error:
        code = "unreachable" if never_connected(error) else "login_unreachable"
        # Not chained: the SDK's exception carries the request, and the request carries the secret.
        raise errors.unreachable(texts.SIGN_IN_UNREACHABLE, code) from None
    if answer.status_code >= 500:
        raise errors.unreachable(texts.SIGN_IN_UNREACHABLE, "login_unreachable")
    found = body.get("access_token") if isinstance(body, dict) else None
    if answer.status_code != 200 or not isinstance(found, str) or not found:
        raise errors.auth(texts.SIGN_IN_REFUSED, "code_refused")
    return found
