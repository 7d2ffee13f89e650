"""Let browsers sign in: the page that asks, the token endpoint, and who a token stands for.

As Discord lists them at /.well-known/oauth-authorization-server: authorization code with PKCE (S256), client
secrets as HTTP Basic or in the form. The page lets whoever looks at it choose who they are.
"""

import base64
import hashlib
import html
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp import web

from sim.discord.errors import JSON
from sim.discord.state import BotApp, User, World

LIFE = 604_800
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Discord (pretend)</title>
<style>body{{font:1rem/1.5 system-ui;max-width:30rem;margin:3rem auto;padding:0 1rem}}a{{font:inherit}}
li{{margin:.75rem 0}}</style>
<h1>Discord (pretend)</h1><p><strong>{app}</strong> wants to know your name. Who are you?</p>
<ul>{people}</ul><p><a href="{no}">Cancel</a></p></html>"""


@dataclass(slots=True, kw_only=True)
class Grant:
    """Be one person's consent, waiting to be exchanged."""

    app: BotApp
    user: User
    redirect_uri: str
    scope: str
    challenge: str


@dataclass(slots=True, kw_only=True)
class Consents:
    """Hold codes and tokens. ``redirects`` are the addresses registered in each application's portal."""

    redirects: dict[int, set[str]] = field(default_factory=dict)
    secrets: dict[int, str] = field(default_factory=dict, repr=False)
    codes: dict[str, Grant] = field(default_factory=dict, repr=False)
    tokens: dict[str, Grant] = field(default_factory=dict, repr=False)


class Refusal(Exception):
    """Refuse with one of OAuth's errors."""

    def __init__(self, status: int, error: str, text: str = "") -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": error, "error_description": text} if text else {"error": error}


class OAuth:
    """Serve the two addresses; they are no part of the versioned API."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.consents = Consents()

    def routes(self) -> list[web.RouteDef]:
        """Give the routes."""
        return [
            web.get("/oauth2/authorize", self._ask),
            web.get("/api/oauth2/authorize", self._ask),
            web.post("/api/oauth2/token", self._token),
            web.post("/api/v10/oauth2/token", self._token),
        ]

    def register(self, app: BotApp, *redirects: str) -> str:
        """Enter redirect addresses in an application's portal; give its client secret."""
        self.consents.redirects.setdefault(app.id, set()).update(redirects)
        return self.consents.secrets.setdefault(app.id, secrets.token_urlsafe(24)[:32])

    def agree(self, user: User, address: str) -> str:
        """Agree as this person to what an authorize address asks; give where the browser is sent.

        Raises Refusal where Discord would show an error instead.
        """
        query = dict(parse_qsl(urlsplit(address).query))
        app = self._asked(query)
        code = secrets.token_urlsafe(22)[:30]
        self.consents.codes[code] = Grant(
            app=app,
            user=user,
            redirect_uri=query["redirect_uri"],
            scope=query["scope"],
            challenge=query.get("code_challenge", ""),
        )
        back = {"code": code, "iss": "https://discord.com"}
        if "state" in query:
            back["state"] = query["state"]
        return f"{query['redirect_uri']}?{urlencode(back)}"

    def who(self, authorization: str) -> User | None:
        """Tell whom a bearer token stands for."""
        kind, _, token = authorization.partition(" ")
        grant = self.consents.tokens.get(token) if kind == "Bearer" else None
        return grant.user if grant else None

    def _asked(self, query: dict[str, str]) -> BotApp:
        key = query.get("client_id", "")
        app = self._world.apps.get(int(key)) if key.isdigit() else None
        if app is None:
            raise Refusal(400, "invalid_client", "Unknown Application")
        if query.get("redirect_uri", "") not in self.consents.redirects.get(app.id, ()):
            raise Refusal(400, "invalid_request", "Invalid OAuth2 redirect_uri")
        if query.get("response_type") != "code":
            raise Refusal(400, "unsupported_response_type")
        if query.get("scope", "").split() != ["identify"]:
            raise Refusal(400, "invalid_scope")
        if query.get("code_challenge_method", "S256") != "S256":
            raise Refusal(400, "invalid_request", "code_challenge_method")
        return app

    async def _ask(self, request: web.Request) -> web.Response:
        try:
            app = self._asked(dict(request.query))
            if chosen := request.query.get("as"):
                user = self._world.users[int(chosen)]
                return web.Response(status=302, headers={"Location": self.agree(user, str(request.url))})
        except Refusal as refusal:
            return web.json_response(refusal.body, status=refusal.status)
        return web.Response(text=self._page(app, request), content_type="text/html")

    def _page(self, app: BotApp, request: web.Request) -> str:
        people = "".join(
            f'<li><a href="{html.escape(f"{request.raw_path}&as={user.id}")}">'
            f"Sign in as {html.escape(user.name)}</a></li>"
            for user in self._world.users.values()
            if not user.bot
        )
        denied = {"error": "access_denied", "state": request.query.get("state", "")}
        no = f"{request.query['redirect_uri']}?{urlencode(denied)}"
        return _PAGE.format(app=html.escape(app.name), people=people, no=html.escape(no))

    async def _token(self, request: web.Request) -> web.Response:
        try:
            return web.json_response(self._exchange(request, dict(parse_qsl(await request.text()))))
        except Refusal as refusal:
            return web.json_response(refusal.body, status=refusal.status)

    def _exchange(self, request: web.Request, form: dict[str, str]) -> JSON:
        if request.content_type != "application/x-www-form-urlencoded":
            raise Refusal(400, "invalid_request", "Content-Type")
        app = self._client(request.headers.get("Authorization", ""), form)
        if form.get("grant_type") != "authorization_code":
            raise Refusal(400, "unsupported_grant_type")
        grant = self.consents.codes.pop(form.get("code", ""), None)
        if grant is None or grant.app is not app or grant.redirect_uri != form.get("redirect_uri"):
            raise Refusal(400, "invalid_grant", 'Invalid "code" in request.')
        if grant.challenge and _challenge(form.get("code_verifier", "")) != grant.challenge:
            raise Refusal(400, "invalid_grant", 'Invalid "code_verifier" in request.')
        token = secrets.token_urlsafe(22)[:30]
        self.consents.tokens[token] = grant
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": LIFE,
            "refresh_token": secrets.token_urlsafe(22)[:30],
            "scope": grant.scope,
        }

    def _client(self, authorization: str, form: dict[str, Any]) -> BotApp:
        kind, _, value = authorization.partition(" ")
        if kind == "Basic":
            key, _, secret = base64.b64decode(value).decode().partition(":")
        else:
            key, secret = form.get("client_id", ""), form.get("client_secret", "")
        app = self._world.apps.get(int(key)) if key.isdigit() else None
        if app is None or not secret or self.consents.secrets.get(app.id) != secret:
            raise Refusal(401, "invalid_client")
        return app


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
