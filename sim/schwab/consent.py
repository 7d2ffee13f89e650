"""Be Schwab's sign-in page: a click says who signs in, and the browser goes back with a code."""

import html
import secrets
from urllib.parse import quote, urlencode

from aiohttp import web

from sim.schwab.state import SimApp, SimLogin, World

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Charles Schwab (pretend)</title>
<style>body{{font:1rem/1.5 system-ui;max-width:30rem;margin:3rem auto;padding:0 1rem}}a,button{{font:inherit}}
li{{margin:.75rem 0}}</style>
<h1>Charles Schwab (pretend)</h1><p>The app {app} wants to trade with your accounts. Who are you?</p>
<ul>{people}</ul><p><a href="{no}">Do not agree</a></p></html>"""


class ConsentApi:
    """Serve the page, and make codes."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Give the routes."""
        return [web.get("/v1/oauth/authorize", self.ask)]

    async def ask(self, request: web.Request) -> web.Response:
        """Answer GET /v1/oauth/authorize: the page, or, with ``as=`` a person, the way back."""
        query = request.query
        app = self._world.apps.get(query.get("client_id", ""))
        back = query.get("redirect_uri", "")
        if (
            app is None
            or query.get("response_type") != "code"
            or (app.callbacks and back not in app.callbacks)
        ):
            return web.Response(status=400, text="invalid client_id, redirect_uri or response_type")
        person = next((login for login in app.logins if login.name == query.get("as")), None)
        if person is not None:
            return web.Response(status=302, headers={"Location": self.back(person, back, dict(query))})
        return web.Response(text=self._page(app, request, back), content_type="text/html")

    def back(self, login: SimLogin, callback: str, query: dict[str, str]) -> str:
        """Give where a person's browser is sent after agreeing."""
        code = f"C0.{secrets.token_hex(12)}@"
        login.codes[code] = callback
        if "code_challenge" in query:
            login.challenges[code] = query["code_challenge"]
        told = {"code": code, "session": secrets.token_hex(8)}
        if "state" in query:
            told["state"] = query["state"]
        return f"{callback}?{urlencode(told)}"

    def _page(self, app: SimApp, request: web.Request, back: str) -> str:
        people = "".join(
            f'<li><a href="{html.escape(f"{request.raw_path}&as={quote(login.name)}")}">'
            f"Sign in as {html.escape(login.name)}</a></li>"
            for login in app.logins
        )
        denied = urlencode({"error": "access_denied", "state": request.query.get("state", "")})
        return _PAGE.format(
            app=html.escape(app.key[:6]) + "…", people=people, no=html.escape(f"{back}?{denied}")
        )
