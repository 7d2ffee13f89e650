"""Serve the pages on a real socket: real store, vault, flows, a local Discord, and browsers to visit with."""

import contextlib
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from api.app import ApiServer, build_app
from api.deps import ApiDeps
from api.limits import Limits, Window
from api.pages.deps import PageDeps
from api.pages.discord import SignIn
from domain.broker import FieldSpec
from domain.ids import UserId
from sim.clock import DrivenClock
from sim.discord import DiscordSim
from store import open_bus, open_store
from tests.integration.bot_process import free_port
from tests.unit.wizard.linker import ALPACA, PAPER, FakeLinker, manifest
from vault.keys import KeyFile
from vault.redact import Redactor
from vault.vault import EnvelopeVault
from wizard.door import Door, Passes
from wizard.flow import External, Flow, Form, Menu, Next, Option, Progress, Step, Stop, Turn
from wizard.flows.link_account import LinkAccount
from wizard.manager import FlowManager
from wizard.texts import TEXTS

OURS = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
"""What browsers say of a form of our own: pages that send no referrer name no origin."""
ROOMY = Limits(pages=Window(100_000, 60.0), page_posts=Window(100_000, 60.0))
WORDS = {
    "web.keys.title": "Keys",
    "web.keys.body": "Type them.",
    "web.keys.open": "Type",
    "web.authorize.title": "Sign in at {broker}",
    "web.authorize.body": "There.",
    "web.review.title": "It works. Save it?",
    "web.review.body": "Yes?",
    "web.review.pick": "Yes?",
    "abort.web": "Stopped.",
}


class PanelFace:
    """Be a panel: remember each turn, and do the work of a moment, as the one in Discord does."""

    def __init__(self, flows: FlowManager, user: UserId) -> None:
        self.flows, self.user = flows, user
        self.turns: list[Turn] = []

    async def follow(self, turn: Turn) -> Turn:
        self.turns.append(turn)
        while isinstance(turn.result, Progress) and not turn.result.problems:
            turn = await self.flows.answer(turn.flow_id, self.user, turn.step, {})
            self.turns.append(turn)
        return turn


def web_flow(taken: list[dict[str, str]]) -> Flow:
    """A flow with nothing but a way through a broker's sign-in."""

    async def begin(ctx):
        return Next(step="keys")

    async def show_keys(ctx):
        return Form(fields=(FieldSpec(key="app_key", label="App key", help="", secret=True),))

    async def take_keys(ctx, values):
        return Next(
            step="authorize",
            answers={"broker": "schwab", "environment": "live"},
            secrets={"app_key": values["app_key"], "app_secret": values["app_secret"]},
        )

    async def show_authorize(ctx):
        return External(url="https://example.invalid", params={"broker": "Schwab"})

    async def take_authorize(ctx, values):
        taken.append(dict(values))
        return Next(step="review", secrets={"redirect_url": values["redirect_url"]})

    async def show_review(ctx):
        return Menu(options=(Option(value="save", label="Save"),))

    async def take_review(ctx, values):
        return Stop(reason="web")

    return Flow(
        name="web",
        begin=begin,
        steps={
            "keys": Step(kind=Form, show=show_keys, take=take_keys),
            "authorize": Step(kind=External, show=show_authorize, take=take_authorize),
            "review": Step(kind=Menu, show=show_review, take=take_review),
        },
    )


class Browser:
    """Be a browser without a screen: cookies, forms, same-origin headers; redirects only where told to."""

    def __init__(self, house: "WebHouse") -> None:
        self.house = house
        self.cookies: dict[str, str] = {}
        self.page = ""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.at = ""

    async def get(self, address: str, **headers: str) -> "Browser":
        return await self._go("GET", address, headers=headers)

    async def post(self, address: str, form: dict[str, str], **headers: str) -> "Browser":
        return await self._go("POST", address, data=form, headers=headers or OURS)

    async def send(self, where: str = "/link/", **fields: str) -> "Browser":
        """Send the form of the page whose address holds ``where``, as it was given."""
        action, form = self.form(where)
        return await self.post(action, {**form, **fields})

    def form(self, where: str = "/link/") -> tuple[str, dict[str, str]]:
        for found in reversed(list(re.finditer(r"<form([^>]*)>(.*?)</form>", self.page, re.DOTALL))):
            action = re.search(r'action="([^"]*)"', found[1])[1]
            if where in action:
                hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', found[2])
                return unescape(action), {name: unescape(value) for name, value in hidden}
        raise AssertionError(f"no form for {where} in {self.page}")

    @property
    def leads_to(self) -> str:
        """Give where the page takes the browser by itself."""
        return unescape(re.search(r'http-equiv="refresh" content="0;url=([^"]*)"', self.page)[1])

    @property
    def title(self) -> str:
        return unescape(re.search(r"<h1[^>]*>(.*?)</h1>", self.page)[1])

    async def sign_in(self, user) -> "Browser":
        """Go through Discord as this person, from the page that asks for it."""
        await self.send("/sign-in")
        return await self.get(self.house.discord.agree(user, self.leads_to))

    async def _go(self, method: str, address: str, **options) -> "Browser":
        if not address.startswith("http"):
            address = self.house.url + address
        options["headers"] = {**options.get("headers", {}), "Cookie": self._sent()}
        async with self.house.http.request(method, address, allow_redirects=False, **options) as answer:
            self.page, self.status = await answer.text(), answer.status
            self.headers = dict(answer.headers)
            for cookie in answer.cookies.values():
                self.cookies[cookie.key] = cookie.value
                assert cookie["secure"], "every cookie is for encrypted connections only"
                assert cookie["httponly"]
                assert cookie["samesite"] == "Lax"
                assert (cookie["path"], cookie["domain"]) == ("/", "")
        self.at = address
        if self.status == 303:
            return await self._go("GET", self.headers["Location"])
        return self

    def _sent(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items() if value)


class WebHouse:
    """Hold what a test turns and looks at."""

    def __init__(self, discord: DiscordSim, store, bus, folder: Path, limits: Limits, manifests=None) -> None:
        self.discord, self.store = discord, store
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        self.clock = DrivenClock()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.app = discord.add_application()
        self.secret = discord.allow_sign_in(self.app, f"{self.url}/sign-in/callback")
        self.ana, self.ben = discord.add_user("ana"), discord.add_user("ben")
        key = folder / "key"
        if not key.exists():
            KeyFile.create(key)
        self.vault = EnvelopeVault(KeyFile(key), self.clock)
        self.linker = FakeLinker(self.clock)
        self.taken: list[dict[str, str]] = []
        flows = (LinkAccount(self.linker, self.linker).flow(), web_flow(self.taken))
        self.flows = FlowManager(flows, store.flows, self.vault, self.clock)
        self.redactor = Redactor()
        self.passes = Passes(store.passes, self.clock, self.redactor.glimpse)
        self.door = Door(self.passes, self.url)
        self.face = PanelFace(self.flows, self.user(self.ana))
        self.manifests = manifests or [manifest("schwab", "Schwab", (), ()), ALPACA, PAPER]
        self.pages = PageDeps(
            flows=self.flows,
            face=self.face,
            passes=self.passes,
            sign_in=SignIn(
                api_url=discord.url,
                client_id=lambda: str(self.app.id),
                client_secret=self.secret,
                redirect_uri=f"{self.url}/sign-in/callback",
                hide=self.redactor.glimpse,
            ),
            brokers={each.slug: each for each in self.manifests},
            public_url=self.url,
            hide=self.redactor.glimpse,
        )
        self.deps = ApiDeps(
            store=store,
            bus=bus,
            tokens=None,
            gate=None,
            brokers=lambda: self.manifests,
            recovered=lambda: True,
            gateway_up=lambda: True,
            clock=self.clock,
            limits=limits,
            public_url=self.url,
            pages=self.pages,
        )
        self.server = self.serve()

    def serve(self) -> ApiServer:
        return ApiServer(build_app(self.deps), "127.0.0.1", self.port)

    def user(self, person) -> UserId:
        return UserId(str(person.id))

    def browser(self) -> Browser:
        return Browser(self)

    async def at_keys(self, person=None) -> str:
        """Start linking, up to the step that asks for keys; give the flow's id."""
        user = self.user(person or self.ana)
        turn = await self.flows.start("link_account", user, {"broker": "alpaca"})
        turn = await self.flows.answer(turn.flow_id, user, "environment", {"choice": "paper"})
        assert turn.step == "credentials"
        return turn.flow_id

    async def at_consent(self, person=None, app_key="K" * 32, app_secret="S" * 16) -> str:
        """Start the flow that goes through a broker's sign-in, up to there."""
        user = self.user(person or self.ana)
        turn = await self.flows.start("web", user)
        keys = {"app_key": app_key, "app_secret": app_secret}
        return (await self.flows.answer(turn.flow_id, user, "keys", keys)).flow_id

    async def form_link(self, flow: str, person=None) -> str:
        user = self.user(person or self.ana)
        return urlsplit(await self.door.form(flow_id=flow, user=user, step="credentials")).path

    async def consent_link(self, flow: str, person=None, broker="schwab") -> str:
        user = self.user(person or self.ana)
        address = await self.door.consent(flow_id=flow, user=user, step="authorize", broker=broker)
        return urlsplit(address).path


@contextlib.asynccontextmanager
async def web_house(folder: Path, limits: Limits = ROOMY, **options) -> AsyncIterator[WebHouse]:
    """Run the pages, and close everything after."""
    before = dict(TEXTS)
    TEXTS.update(WORDS)
    store, bus = await open_store(data_dir=folder / "data"), await open_bus(None)
    try:
        async with DiscordSim() as discord:
            house = WebHouse(discord, store, bus, folder, limits, **options)
            await house.server.start()
            try:
                yield house
            finally:
                await house.server.stop()
                await house.http.close()
    finally:
        await bus.close()
        await store.close()
        TEXTS.clear()
        TEXTS.update(before)
