"""Keep one sign-in alive: the token of schwab-py, renewed once for all who wait, and its two ends.

The access token lasts 30 minutes and is renewed by the SDK's OAuth client, under its lock. The sign-in itself
lasts seven days from the moment it was made; nothing prolongs it (shared/reference/brokers.md section 2).
"""

import hashlib
import json
import logging
import warnings
from collections.abc import Mapping
from typing import Any

from adapters.kit import consent
from adapters.kit.errors import Errors, never_connected
from adapters.schwab import guard, texts
from adapters.schwab.manifest import ACCESS_LEEWAY, LOGIN_LIFE
from adapters.schwab.shared import Shared
from domain.broker import Credentials, SessionDeps
from domain.errors import BrokerError

_log = logging.getLogger(__name__)


class Login:
    """Own the SDK's OAuth client of one session."""

    def __init__(self, shared: Shared, credentials: Credentials, deps: SessionDeps) -> None:
        self._shared, self._credentials, self._deps = shared, credentials, deps
        self._oauth: Any = None
        self._metadata: Any = None

    async def open(self, transport: Any, errors: Errors) -> Any:
        """Build the SDK's client, exchanging a pasted address first. Raises AuthFailed or Unreachable."""
        found = self._credentials.get("token").strip() or self._shared.exchanged(self._code_digest())
        if not found and not self._credentials.get("redirect_url"):
            raise errors.auth(texts.NO_LOGIN, "no_login")
        wrapped = _read(found, errors) if found else None
        self._oauth = self._make_oauth(transport, wrapped["token"] if wrapped else None)
        if wrapped is None:
            wrapped = await self._exchange(errors)
        return self._make_client(wrapped)

    @property
    def created(self) -> float:
        """Give when the sign-in was made, in seconds since 1970."""
        return float(self._metadata.creation_timestamp)

    @property
    def left(self) -> float:
        """Give the seconds until the sign-in is over."""
        return self.created + LOGIN_LIFE - self._deps.clock.now().timestamp()

    @property
    def access(self) -> str:
        """Give the access token in use."""
        return str(self._oauth.token["access_token"])

    async def ready(self, errors: Errors) -> None:
        """Have an access token that lasts; whoever comes while it is renewed waits for the same one."""
        if self.left <= 0:
            raise errors.auth(texts.LOGIN_OVER, "login_expired")
        try:
            await self._oauth.ensure_active_token(self._oauth.token)
        except Exception as error:  # noqa: BLE001 - an SDK may raise anything; _name() names it
            raise self._name(error, errors) from None

    def distrust(self, access: str) -> None:
        """Renew before the next request, unless another has done so since ``access`` was used."""
        if self.access == access:
            self._oauth.token["expires_at"] = 0

    def _make_oauth(self, transport: Any, token: Mapping[str, Any] | None) -> Any:
        from authlib.integrations.httpx_client import AsyncOAuth2Client  # type: ignore[import-untyped]

        return AsyncOAuth2Client(
            self._credentials["app_key"],
            client_secret=self._credentials["app_secret"],
            token=dict(token) if token else None,
            # Without it the SDK cannot renew and dies after 30 minutes (schwab-py issue 222).
            token_endpoint=guard.TOKEN_URL,
            update_token=self._renewed,
            leeway=ACCESS_LEEWAY,
            transport=transport,
            trust_env=False,
        )

    def _make_client(self, wrapped: Mapping[str, Any]) -> Any:
        from schwab.auth import TokenMetadata
        from schwab.client import AsyncClient

        self._metadata = TokenMetadata(
            dict(wrapped["token"]), wrapped["creation_timestamp"], lambda *_, **__: None
        )
        self._metadata.token = self._oauth.token
        return AsyncClient(self._credentials["app_key"], self._oauth, token_metadata=self._metadata)

    async def _renewed(self, token: Mapping[str, Any], **_: object) -> None:
        """Take over a renewed token, and have it kept. A keeper that fails must not cost the request."""
        self._metadata.wrapped_token_write_func()(token)
        await self._keep({"token": json.dumps(self._metadata.wrap_token_in_metadata(dict(token)))})

    async def _keep(self, fields: Mapping[str, str]) -> None:
        if self._deps.on_credentials is None:
            return
        try:
            await self._deps.on_credentials(fields)
        except Exception as error:  # noqa: BLE001 - the renewed token works, kept or not
            _log.warning("a renewed Schwab token could not be kept: %s", type(error).__name__)

    async def _exchange(self, errors: Errors) -> dict[str, Any]:
        """Trade the code in the pasted address for a token: it works once, within 30 seconds."""
        code, state, callback = consent.answered(self._credentials["redirect_url"])
        if not code:
            raise errors.auth(texts.BAD_LOGIN, "login_unreadable")
        proof = {"code_verifier": consent.verifier(self._credentials["app_secret"], state)} if state else {}
        try:
            token = await self._oauth.fetch_token(
                guard.TOKEN_URL, grant_type="authorization_code", code=code, redirect_uri=callback, **proof
            )
        except Exception as error:  # noqa: BLE001 - likewise
            raise self._name(error, errors, exchanging=True) from None
        wrapped = {"creation_timestamp": int(self._deps.clock.now().timestamp()), "token": dict(token)}
        text = json.dumps(wrapped)
        self._shared.remember_exchange(self._code_digest(), text)
        await self._keep({"token": text, "redirect_url": ""})
        return wrapped

    def _code_digest(self) -> str:
        pasted = self._credentials.get("redirect_url").strip()
        return hashlib.sha256(pasted.encode()).hexdigest() if pasted else ""

    def _name(self, error: Exception, errors: Errors, *, exchanging: bool = False) -> BrokerError:
        """Name what went wrong while renewing: nothing else was sent, so this is never an unknown outcome."""
        if isinstance(error, BrokerError):
            return error
        kind = getattr(error, "error", None)
        if kind in {"invalid_client", "unauthorized_client"}:
            return errors.auth(texts.APP_REFUSED, "app_refused")
        if kind is not None or (type(error).__name__ == "HTTPStatusError" and _status(error) < 500):
            if exchanging:
                return errors.auth(texts.CODE_REFUSED, "code_refused")
            return errors.auth(texts.LOGIN_REFUSED, "login_refused")
        code = "unreachable" if never_connected(error) else "login_unreachable"
        return errors.unreachable(texts.LOGIN_UNREACHABLE, code)


def load_sdk(errors: Errors) -> None:
    """Import the SDK, a quarter of a second; call it off the loop. Raises Denied where it cannot be used."""
    try:
        # Recorded, and so not shown: Authlib overrules a filter while it is imported.
        with warnings.catch_warnings(record=True):
            import httpx
            import schwab.auth
            import schwab.streaming  # noqa: F401 - warns on its first import
            from authlib.integrations.httpx_client import AsyncOAuth2Client
    except ImportError as error:
        raise errors.denied(texts.NOT_INSTALLED, "not_installed") from error
    if not issubclass(AsyncOAuth2Client, httpx.AsyncClient):
        # Authlib prefers httpx2 where it finds it; the guard's transport does not fit that (schwab-py #268).
        raise errors.denied(texts.HTTPX2, "httpx2_installed")
    for name in ("schwab.client.base", "schwab.client.asynchronous", "schwab.streaming", "schwab.auth"):
        # At DEBUG the SDK prints answers and stream frames, and the first frame holds the access token.
        logging.getLogger(name).setLevel(logging.INFO)


def _status(error: Exception) -> int:
    return int(getattr(getattr(error, "response", None), "status_code", 500))


def _read(text: str, errors: Errors) -> dict[str, Any]:
    """Read a token as schwab-py stores it."""
    try:
        wrapped = json.loads(text)
        token = wrapped["token"]
        whole = token["access_token"] and token["refresh_token"] and int(wrapped["creation_timestamp"])
    except (ValueError, KeyError, TypeError):
        whole = None
    if not whole:
        raise errors.auth(texts.BAD_LOGIN, "login_unreadable")
    return {"creation_timestamp": int(wrapped["creation_timestamp"]), "token": dict(token)}
