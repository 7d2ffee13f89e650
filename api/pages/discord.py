"""Ask Discord who sits at a browser: OAuth 2, authorization code with PKCE, scope ``identify`` only.

Endpoints and methods as https://discord.com/.well-known/oauth-authorization-server lists them: S256, and the
client's secret as HTTP Basic. The token is used once, for ``GET /users/@me``, and not kept.
"""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp

from domain.ids import UserId

_TIMEOUT = aiohttp.ClientTimeout(total=8.0)


class SignInFailed(Exception):
    """Report that Discord did not say who it is; ``key`` names the words."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Be who signed in: the id counts, the name is only shown."""

    user: UserId
    name: str


class SignIn:
    """Be our side of Discord's OAuth. ``client_id`` is the application's id, asked when it is needed."""

    def __init__(
        self,
        *,
        api_url: str,
        client_id: Callable[[], str],
        client_secret: str,
        redirect_uri: str,
        hide: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._api_url = api_url.rstrip("/")
        self._client_id = client_id
        self._client_secret = client_secret
        self._redirect_uri = redirect_uri
        self._hide = hide

    def address(self, state: str, verifier: str) -> str:
        """Give the page of Discord that asks the person, and sends them back with ``state``."""
        self._hide(verifier)
        self._hide(state)
        query = {
            "response_type": "code",
            "client_id": self._client_id(),
            "scope": "identify",
            "redirect_uri": self._redirect_uri,
            "state": state,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
        }
        return f"{self._api_url}/oauth2/authorize?{urlencode(query)}"

    async def who(self, code: str, verifier: str) -> Person:
        """Trade a code for the person's id and name. Raises SignInFailed."""
        self._hide(code)
        self._hide(verifier)
        try:
            async with aiohttp.ClientSession(timeout=_TIMEOUT) as http:
                return await self._who(http, code, verifier)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise SignInFailed("discord_away") from error

    async def _who(self, http: aiohttp.ClientSession, code: str, verifier: str) -> Person:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        # Sent at once, and not only after a challenge.
        basic = base64.b64encode(f"{self._client_id()}:{self._client_secret}".encode()).decode()
        token = await _json(
            http.post(f"{self._api_url}/oauth2/token", data=form, headers={"Authorization": f"Basic {basic}"})
        )
        access = str(token.get("access_token") or "")
        for secret in (access, str(token.get("refresh_token") or "")):
            self._hide(secret)
        if "identify" not in str(token.get("scope", "")).split() or not access:
            raise SignInFailed("discord_refused")
        me = await _json(
            http.get(f"{self._api_url}/v10/users/@me", headers={"Authorization": f"Bearer {access}"})
        )
        return _person(me)


def challenge(verifier: str) -> str:
    """Give the S256 challenge of a verifier (RFC 7636)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


async def _json(asked: Any) -> dict[str, Any]:
    async with asked as answer:
        if answer.status >= 500 or answer.status == 429:
            raise SignInFailed("discord_away")
        body = await answer.json(content_type=None)
        if answer.status != 200 or not isinstance(body, dict):
            raise SignInFailed("discord_refused")
        return body


def _person(me: dict[str, Any]) -> Person:
    user = str(me.get("id", ""))
    if not (user.isascii() and user.isdigit()):
        raise SignInFailed("discord_refused")
    return Person(user=UserId(user), name=str(me.get("username") or user)[:64])
