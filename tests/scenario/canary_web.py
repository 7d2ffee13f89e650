"""Be the way of secrets over HTTP: what is set up for it, and a browser that looks at every reply it gets."""

import re
import secrets
from typing import Any

import aiohttp

from tests.servers import free_port

TOKEN = r"[\w-]{43}"
OURS = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}


class Web:
    """Hold what the bot is told of the pages, and what may be shown where."""

    def __init__(self, house: Any) -> None:
        self.house = house
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = f"connect-{secrets.token_hex(4)}"
        self.replies = 0
        self.told: list[str] = []
        """What the bot was sent by browsers lately, the newest last."""

    def secrets(self) -> dict[str, str]:
        """Give the operator's secrets, and make Discord and Alpaca know them."""
        house = self.house
        signing_in = house.discord.allow_sign_in(house.app, f"{self.url}/sign-in/callback")
        connect = secrets.token_urlsafe(30)
        house.alpaca.add_app(self.client, connect, f"{self.url}/oauth/alpaca/callback")
        return {"DISCORD_CLIENT_SECRET": signing_in, "ALPACA_OAUTH_CLIENT_SECRET": connect}

    def settings(self) -> dict[str, str]:
        """Give the rest of the settings. A trusted proxy lets each visit be somebody else's."""
        self._listen()
        return {
            "PUBLIC_URL": self.url,
            "PORT": str(self.port),
            "ALPACA_OAUTH_CLIENT_ID": self.client,
            "TRUSTED_PROXIES": "127.0.0.1/32",
        }

    def _listen(self) -> None:
        """Note a form as known to the bot when it has read it, and not before."""
        from api.pages import masks

        reading = masks.sent

        async def sent(request: Any) -> Any:
            form = await reading(request)
            self.told += [value for value in form.values() if isinstance(value, str) and len(value) > 7]
            return form

        masks.sent = sent

    def without_links(self, text: str) -> str:
        """Leave out what a panel must show: the address behind its button."""
        return re.sub(rf"""["']url["']: ["']{re.escape(self.url)}/link/{TOKEN}["']""", "", text)

    def add(self, kind: str, secret: str, *, sent: bool = True) -> None:
        """Look for a secret of the way from now on; ``sent``: the bot is about to be sent it, or made it."""
        self.house.net.add(f"{kind} {len(self.house.net.names)}", secret)
        if sent:
            self.told.append(secret)

    def learn_tokens(self) -> None:
        """Look for every code and token that Discord and the brokers gave out."""
        house = self.house
        consents = house.discord._server.oauth.consents
        found = [*consents.tokens, *house.alpaca.consent._tokens]
        for app in house.schwab.world.apps.values():
            for login in app.logins:
                found += [*login.refresh, *login.access]
        for token in found:
            self.add("token", token, sent=False)


class Visit:
    """Be one browser with its cookies. Every reply is searched; what a page must hold is left out first."""

    def __init__(self, web: Web, user: Any) -> None:
        self.web, self.user = web, user
        self.cookies: dict[str, str] = {}
        self.page, self.status, self.at = "", 0, ""
        self.caller = f"10.{secrets.randbelow(250)}.{secrets.randbelow(250)}.{secrets.randbelow(250)}"

    async def go(self, address: str, form: dict[str, str] | None = None) -> "Visit":
        """Open an address, or send a form to it; follow ways of our own."""
        address = address if address.startswith("http") else self.web.url + address
        sent = "; ".join(f"{name}={value}" for name, value in self.cookies.items() if value)
        headers = {"Cookie": sent, "X-Forwarded-For": self.caller, **(OURS if form is not None else {})}
        method = "GET" if form is None else "POST"
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
            http.request(method, address, data=form, headers=headers, allow_redirects=False) as answer,
        ):
            self.page, self.status, self.at = await answer.text(), answer.status, address
            told = [(name, value) for name, value in answer.headers.items() if name != "Set-Cookie"]
            cookies = {each.key: each.value for each in answer.cookies.values()}
        self._keep(cookies)
        self._search(told)
        onward = dict(told).get("Location", "")
        return await self.go(onward) if self.status == 303 else self

    def form(self, where: str) -> tuple[str, dict[str, str]] | None:
        """Give the last form of the page that goes to ``where``, and its hidden fields."""
        found = re.findall(rf'<form[^>]*action="({where}[^"]*)"[^>]*>(.*?)</form>', self.page, re.DOTALL)
        if not found:
            return None
        action, body = found[-1]
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', body))
        if "proof" in hidden:
            self.web.add("proof", hidden["proof"])
        return action, hidden

    @property
    def onward(self) -> str:
        """Give where the page takes the browser by itself, elsewhere than to us."""
        from html import unescape

        found = re.search(r'http-equiv="refresh" content="0;url=([^"]*)"', self.page)
        return unescape(found[1]) if found else ""

    def _keep(self, cookies: dict[str, str]) -> None:
        from api.pages import session

        for name, value in cookies.items():
            self.cookies[name] = value
            for token in re.findall(TOKEN, value.partition(".")[0]):
                self.web.add("cookie", token)
                if name == session.SIGN_IN:
                    self.web.add("state", session.state_of(token))
                    self.web.add("verifier", session.verifier_of(token))

    def _search(self, headers: list[tuple[str, str]]) -> None:
        """Search a reply: a page that went well holds links, a proof, and the way to where it leads."""
        text = f"{self.status} {headers!r} {self.page}"
        for token in re.findall(rf"/(?:link|done)/({TOKEN})", text):
            self.web.add("link", token)
        text = re.sub(rf"/?(link|done)/{TOKEN}", "", text)
        if self.status == 200:
            text = re.sub(r'name="proof" value="[0-9a-f]{64}"', "", text)
            text = re.sub(r'(content="0;url=|href=")http[^"]*', "", text) if self.onward else text
        self.web.replies += 1
        self.web.house.net.search(f"the reply to {self.at.partition('?')[0][-60:-43]}", text)
