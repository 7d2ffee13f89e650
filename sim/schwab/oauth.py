"""Answer the token endpoint as Schwab does."""

import base64
import hashlib
import secrets
from urllib.parse import parse_qs

from aiohttp import web

from sim.schwab.state import ACCESS_LIFE, LOGIN_LIFE, Json, SimApp, SimLogin, World


class OAuthApi:
    """Give out tokens."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Give the routes."""
        return [web.post("/v1/oauth/token", self.token)]

    async def token(self, request: web.Request) -> web.Response:
        """Answer POST /v1/oauth/token."""
        app = self._app(request.headers.get("Authorization", ""))
        if app is None:
            return _refuse(401, "invalid_client", "Unauthorized")
        form = {k: v[0] for k, v in parse_qs((await request.read()).decode()).items()}
        if form.get("grant_type") == "authorization_code":
            return self._exchange(app, form)
        if form.get("grant_type") == "refresh_token":
            return self._renew(app, form)
        return _refuse(400, "unsupported_grant_type", "Bad Request: grant_type")

    def issue(self, login: SimLogin, refresh: str | None = None) -> Json:
        """Give out an access token, and a refresh token with a fresh sign-in."""
        now = self._world.clock.now().timestamp()
        if refresh is None:
            refresh = "R-" + secrets.token_urlsafe(24)
            login.refresh[refresh] = now
        access = "I0." + secrets.token_urlsafe(24)
        login.access[access] = now + ACCESS_LIFE
        return {
            "expires_in": ACCESS_LIFE,
            "token_type": "Bearer",
            "scope": "api",
            "refresh_token": refresh,
            "access_token": access,
            "id_token": "not.a.jwt",
        }

    def _exchange(self, app: SimApp, form: dict[str, str]) -> web.Response:
        for login in app.logins:
            callback = login.codes.pop(form.get("code", ""), None)
            asked = login.challenges.pop(form.get("code", ""), "")
            if callback is not None and callback == form.get("redirect_uri") and _proved(asked, form):
                return web.json_response(self.issue(login))
        return _refuse(400, "unsupported_token_type", "400 Bad Request: Bad authorization code")

    def _renew(self, app: SimApp, form: dict[str, str]) -> web.Response:
        given, now = form.get("refresh_token", ""), self._world.clock.now().timestamp()
        for login in app.logins:
            made = login.refresh.get(given)
            if made is not None and now < made + LOGIN_LIFE:
                login.renewals += 1
                return web.json_response(self.issue(login, given))
        text = '400 Bad Request: "{"error":"refresh_token_authentication_error"}"'
        return _refuse(400, "unsupported_token_type", text)

    def _app(self, header: str) -> SimApp | None:
        kind, _, value = header.partition(" ")
        try:
            key, _, secret = base64.b64decode(value).decode().partition(":")
        except ValueError:
            return None
        app = self._world.apps.get(key)
        return app if app and kind == "Basic" and app.secret == secret else None


def _proved(challenge: str, form: dict[str, str]) -> bool:
    hashed = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    return not challenge or base64.urlsafe_b64encode(hashed).rstrip(b"=").decode() == challenge


def _refuse(status: int, error: str, text: str) -> web.Response:
    return web.json_response({"error": error, "error_description": text}, status=status)
