"""Link over HTTP: keys typed on a page of our own, and through a broker's own sign-in."""

import re
from functools import partial
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import aiohttp

from tests.scenario.canary_flows import LINKED, Link, Linking, Told, rnd
from tests.scenario.canary_house import CAPITALS
from tests.scenario.canary_web import TOKEN, Visit


class WebLinking(Linking):
    """Link by panel and browser, and go on after whatever went wrong."""

    sign_in = False
    wrong: tuple[dict[str, str], ...] = ()

    async def _walk(self, turns: int) -> bool:
        self.browser = Visit(self.house.web, self.person.user)
        self.left = list(self.wrong)
        for _ in range(turns):
            await self.house.up()
            text, edits = self.panel.text, self.panel.edits
            if any(words in text for words in LINKED):
                self.told.done = True
                return True
            link = self._link()
            if not self.panel.buttons and not self.panel.selects and not link:
                return False
            if link:
                await self._visit(link)
                patience = 3.5 if self.browser.status == 200 else 0.3
                await self.until(self.house, partial(self._went_on, edits), patience)
                continue
            ix = await self._act(text)
            if ix is None:
                return False
            moved = await self._until(partial(self._moved, ix, edits))
            if not moved or self._failed(ix):
                self._note(ix)
        return False

    def _went_on(self, edits: int) -> bool:
        return self.panel.edits > edits and not self._busy()

    async def _act(self, text: str) -> Any:
        if "how to connect" in text:
            label = next(b for b in self.panel.buttons if b.startswith("Sign in") == self.sign_in)
            return await self.house.discord.click(self.person.user, self.panel, label)
        return await super()._act(text)

    def _link(self) -> str:
        found = re.search(rf"{re.escape(self.house.web.url)}/link/({TOKEN})", repr(self.panel.components))
        if found is None:
            return ""
        self.house.web.add("link", found[1])
        return found[0]

    async def _visit(self, link: str) -> None:
        """Sign in where that is asked, send the form, and go through the broker's own page and back."""
        browser = await self.browser.go(link)
        if form := browser.form("/sign-in"):
            await browser.go(*form)
            if browser.onward:
                await self._through_discord(browser)
        elif browser.form("/sign-out") and browser.status != 200:
            await browser.go(*browser.form("/sign-out"))
        for _ in range(3):
            form = browser.form("/(?:link|done)/")
            if form is None:
                break
            action, hidden = form
            names = set(re.findall(r'name="field-([^"]*)"', browser.page))
            await browser.go(action, hidden | self._typed(names))
            if browser.onward:
                return await self._through_broker(browser)
        if browser.status >= 400:
            title = re.search(r"<h1[^>]*>(.*?)</h1>", browser.page)
            self.told.failures.append(title[1] if title else str(browser.status))
        return None

    def _typed(self, names: set[str]) -> dict[str, str]:
        if not names:
            return {}
        values = {"word": "LIVE", **self.person.values}
        if "secret_key" in names and self.left:
            values |= self.left.pop(0)
            for key in ("key_id", "secret_key"):
                self.house.net.add(f"wrong {key} {len(self.house.net.names)}", values[key])
        return {f"field-{name}": values[name] for name in names if name in values}

    async def _through_discord(self, browser: Visit) -> None:
        back = self.house.discord.agree(self.person.user, browser.onward)
        self.house.web.add("code", parse_qs(urlsplit(back).query)["code"][0])
        await browser.go(back)

    async def _through_broker(self, browser: Visit) -> None:
        from adapters.kit import consent

        asked, web = browser.onward, self.house.web
        state = parse_qs(urlsplit(asked).query)["state"][0]
        web.add("state", state)
        who = "one" if self.person.broker == "schwab" else self.person.values["key_id"]
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{asked}&as={quote(who)}", allow_redirects=False) as answer,
        ):
            back = answer.headers["Location"]
        for name in ("code", "session"):
            for value in parse_qs(urlsplit(back).query).get(name, ()):
                web.add(name, value)
        if self.person.broker == "schwab":
            web.add("verifier", consent.verifier(self.person.values["app_secret"], state), sent=False)
        await browser.go(back)


class Page(Link):
    """Type wrong keys and then right ones on a page of our own."""

    linking: type[WebLinking] = WebLinking

    async def run(self) -> Told:
        self.house.web.told.clear()
        told = await self.linking(self.house, self.person).run()
        self.house.web.learn_tokens()
        return told


class WrongFirst(WebLinking):
    """Keys of a wrong form, then keys nobody has, then the right ones."""

    wrong = (
        {"key_id": "pä'\"<" + rnd(9), "secret_key": "wrong'\"<&✓ " + rnd(14)},
        {"key_id": "PK" + rnd(18, CAPITALS), "secret_key": rnd(24) + "%+/\\=;`" + rnd(8)},
    )


class WrongThenRight(Page):
    """Type wrong keys first."""

    linking = WrongFirst


class SigningIn(WebLinking):
    """Choose the broker's own sign-in where there is a choice."""

    sign_in = True


class Consent(Page):
    """Go through the broker's own sign-in."""

    linking = SigningIn

    async def wrong(self) -> str:
        accounts = await self.house.services.accounts.accounts(str(self.person.user.id))
        if self.broker == "schwab":
            return await super().wrong()
        return "" if len(accounts) == 1 else f"{len(accounts)} accounts"


WEB_FLOWS: dict[str, type[Link]] = {
    "page alpaca": WrongThenRight,
    "consent alpaca": Consent,
    "consent schwab": type("ConsentSchwab", (Consent,), {"broker": "schwab"}),
}
