"""Be Alpaca's sign-in for apps: a page that asks whose account it is, and tokens for what was agreed to."""

import html
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from aiohttp import web

from sim.alpaca.state import SimAccount

PATHS = frozenset({"/oauth/authorize", "/oauth/token"})
SCOPE = "account:write trading data"
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Alpaca (pretend)</title>
<style>body{{font:1rem/1.5 system-ui;max-width:30rem;margin:3rem auto;padding:0 1rem}}a{{font:inherit}}
li{{margin:.75rem 0}}</style>
<h1>Alpaca (pretend)</h1><p>The app {app} wants to trade for you. With which account?</p>
<ul>{people}</ul><p><a href="{no}">Deny</a></p></html>"""


@dataclass(slots=True, kw_only=True)
class SimConnectApp:
    """Hold one registered app."""

    secret: str = field(repr=False)
    callbacks: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class _Code:
    app: str
    account: SimAccount
    callback: str


class ConsentApi:
    """Serve the page and the tokens; ``accounts`` lists those there are."""

    def __init__(self, accounts: Callable[[], list[SimAccount]]) -> None:
        self._accounts = accounts
        self.apps: dict[str, SimConnectApp] = {}
        self._codes: dict[str, _Code] = {}
        self._tokens: dict[str, SimAccount] = {}

    def routes(self) -> list[web.RouteDef]:
        """Give the routes."""
        return [web.get("/oauth/authorize", self.ask), web.post("/oauth/token", self.token)]

    def by_token(self, token: str) -> SimAccount | None:
        """Give the account a token is for."""
        return self._tokens.get(token)

    async def ask(self, request: web.Request) -> web.Response:
        """Answer GET /oauth/authorize: the page, or, with ``as=`` an account's key, the way back."""
        query, app = request.query, self.apps.get(request.query.get("client_id", ""))
        back = query.get("redirect_uri", "")
        if app is None or back not in app.callbacks or query.get("response_type") != "code":
            return web.Response(status=400, text="invalid client_id, redirect_uri or response_type")
        offered = [each for each in self._accounts() if each.live == (query.get("env") == "live")]
        chosen = next((each for each in offered if each.key == query.get("as")), None)
        if chosen is None:
            return web.Response(text=self._page(request, offered), content_type="text/html")
        code = secrets.token_hex(16)
        self._codes[code] = _Code(app=query["client_id"], account=chosen, callback=back)
        told = urlencode({"code": code, "state": query.get("state", "")})
        return web.Response(status=302, headers={"Location": f"{back}?{told}"})

    async def token(self, request: web.Request) -> web.Response:
        """Answer POST /oauth/token."""
        form = await request.post()
        app = self.apps.get(str(form.get("client_id")))
        if app is None or app.secret != form.get("client_secret"):
            return web.json_response({"code": 40110000, "message": "client not authorized"}, status=401)
        code = self._codes.pop(str(form.get("code")), None)
        right = code is not None and (code.app, code.callback) == (
            form.get("client_id"),
            form.get("redirect_uri"),
        )
        if code is None or not right or form.get("grant_type") != "authorization_code":
            return web.json_response({"code": 40010000, "message": "invalid grant"}, status=400)
        token = secrets.token_hex(16)
        self._tokens[token] = code.account
        return web.json_response({"access_token": token, "token_type": "bearer", "scope": SCOPE})

    def _page(self, request: web.Request, offered: list[SimAccount]) -> str:
        people = "".join(
            f'<li><a href="{html.escape(f"{request.raw_path}&as={quote(each.key)}")}">'
            f"Account {html.escape(each.number)}</a></li>"
            for each in offered
        )
        denied = urlencode({"error": "access_denied", "state": request.query.get("state", "")})
        no = html.escape(f"{request.query['redirect_uri']}?{denied}")
        return _PAGE.format(app=html.escape(request.query["client_id"]), people=people, no=no)
