"""The whole way, as a member goes it: the real bot in a process of its own, its panel, a real browser."""

import contextlib
from decimal import Decimal

import pytest

from domain.clock import SystemClock
from sim.alpaca import AlpacaSim
from sim.discord import DiscordSim
from sim.market import Market
from sim.schwab import SchwabSim
from tests.integration.bot_process import bot, free_port
from tests.integration.browser import PHONE, chromium
from tests.support import eventually

ALPACA = ("PKWEBPROCESS00000001", "canary-alpaca-secret-0000000000000000000")
SCHWAB = ("CanaryAppKey" + "x" * 20, "canary-app-secret")
CONNECT = ("connect-app", "canary-connect-secret")


class Street:
    """Hold who is there: Discord, the brokers, a member, and the bot."""

    def __init__(self, discord, alpaca, schwab) -> None:
        self.discord, self.alpaca, self.schwab = discord, alpaca, schwab
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.app = discord.add_application()
        self.secret = discord.allow_sign_in(self.app, f"{self.url}/sign-in/callback")
        guild = discord.add_guild("Traders")
        self.channel, self.ana = discord.add_channel(guild, "general"), discord.add_user("ana")
        discord.join(guild, self.ana)
        alpaca.add_account(*ALPACA, cash=Decimal(1234))
        alpaca.add_app(*CONNECT, f"{self.url}/oauth/alpaca/callback")
        schwab.add_login(*SCHWAB, "12345678", cash=Decimal(5000), name="ana at schwab")
        schwab.world.apps[SCHWAB[0]].callbacks = (f"{self.url}/oauth/schwab/callback",)

    def settings(self, **more: str) -> dict[str, str]:
        return {
            "DISCORD_TOKEN": self.app.token,
            "DISCORD_API_URL": self.discord.url,
            "DISCORD_CLIENT_SECRET": self.secret,
            "PUBLIC_URL": self.url,
            "PORT": str(self.port),
            "ALPACA_API_URL": self.alpaca.url,
            "SCHWAB_API_URL": self.schwab.url,
            "BROKER_INTEGRATIONS_PREMIUM_ONLY": "false",
            **more,
        }

    async def panel(self, words: str):
        return await self.discord.wait_message(self.discord.dm(self.ana), words, timeout=30)

    async def start_linking(self, broker: str) -> None:
        """Use the command, and wait to be told where it goes on."""
        answer = await self.discord.slash(self.ana, self.channel, "broker add", broker=broker)
        await answer.wait_message("direct message", 30)

    async def pick(self, panel, value: str) -> None:
        (menu,) = panel.selects
        await self.discord.select(self.ana, panel, menu["custom_id"], value)

    def link(self, panel) -> str:
        """Give the address behind the panel's button."""
        found = [b["url"] for b in everything(panel.components) if b.get("url", "").startswith(self.url)]
        return found[0]

    async def sign_in(self, tab, address: str) -> None:
        await tab.looks(PHONE)
        await tab.open(address)
        await tab.wait_title("First, show that it is you")
        await tab.tab_to("main button")
        await tab.leave()
        await tab.wait_title("Discord (pretend)")
        await tab.tab_to(f"a[href$='as={self.ana.id}']")
        await tab.leave()


def everything(components):
    for component in components:
        yield component
        yield from everything(component.get("components", ()))


@contextlib.asynccontextmanager
async def street():
    clock = SystemClock()
    market = Market(seed=7, clock=clock)
    async with (
        DiscordSim() as discord,
        AlpacaSim(market, clock) as alpaca,
        SchwabSim(market, clock) as schwab,
    ):
        yield Street(discord, alpaca, schwab)


def nowhere(street, process, tmp_path, *secrets: str) -> None:
    """Look for what must be nowhere but sealed, and at the broker."""
    said = process.output + "".join(f"{request!r}" for request in street.discord.requests)
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    for secret in (*secrets, street.secret):
        assert secret not in said
        assert secret.encode() not in kept


@pytest.mark.timeout(180)
async def test_keys_go_from_the_page_to_the_broker_and_discord_sees_none_of_them(tmp_path):
    async with street() as s, bot(tmp_path, **s.settings(SECRETS_ON_PAGE_ONLY="true")) as process:
        await process.ready(60)
        await s.start_linking("alpaca")
        await s.pick(await s.panel("paper or live"), "paper")
        panel = await s.panel("your keys")
        assert "Enter keys" not in panel.buttons, "the owner wants them on the page only"
        async with chromium(tmp_path, scripts=False) as tab:
            await s.sign_in(tab, s.link(panel))
            await tab.wait_title("your keys")
            for field, value in zip(("key_id", "secret_key"), ALPACA, strict=True):
                await tab.tab_to(f"#field-{field}")
                await tab.type(value)
            await tab.leave()
            await tab.wait_title("It goes on in Discord", 40)
        panel = await s.panel("1,234.00 USD")
        await s.discord.click(s.ana, panel, panel.buttons[0])
        await s.panel("is linked")
        nowhere(s, process, tmp_path, *ALPACA)


@pytest.mark.timeout(180)
async def test_schwab_is_linked_through_its_own_sign_in(tmp_path):
    async with street() as s, bot(tmp_path, **s.settings()) as process:
        await process.ready(60)
        await s.start_linking("schwab")
        panel = await s.panel("your app keys")
        async with chromium(tmp_path, scripts=False) as tab:
            await s.sign_in(tab, s.link(panel))
            await tab.wait_title("your app keys")
            for field, value in (("word", "LIVE"), ("app_key", SCHWAB[0]), ("app_secret", SCHWAB[1])):
                await tab.tab_to(f"#field-{field}")
                await tab.type(value)
            await tab.leave()
            await tab.wait_title("It goes on in Discord", 40)
            panel = await s.panel("Sign in at")
            await tab.open(s.link(panel))
            await tab.wait_title("Link Charles Schwab to @ana")
            await tab.tab_to("main button")
            await tab.leave()
            await tab.wait_title("Charles Schwab (pretend)")
            await tab.tab_to("li a")
            await tab.leave()
            await tab.wait_title("It goes on in Discord", 40)
        panel = await s.panel("5,000.00 USD")
        await s.discord.click(s.ana, panel, panel.buttons[0])
        await s.panel("is linked")
        nowhere(s, process, tmp_path, *SCHWAB)
        assert "code=" not in process.output


@pytest.mark.timeout(180)
async def test_alpaca_is_linked_through_the_operators_app_without_any_key(tmp_path):
    app = {"ALPACA_OAUTH_CLIENT_ID": CONNECT[0], "ALPACA_OAUTH_CLIENT_SECRET": CONNECT[1]}
    async with street() as s, bot(tmp_path, **s.settings(**app)) as process:
        await process.ready(60)
        await s.start_linking("alpaca")
        await s.pick(await s.panel("paper or live"), "paper")
        panel = await s.panel("how to connect")
        await s.discord.click(s.ana, panel, "Sign in at Alpaca")
        await eventually(lambda: any("url" in b for b in everything(panel.components)), 15)
        async with chromium(tmp_path, scripts=False) as tab:
            await s.sign_in(tab, s.link(panel))
            await tab.wait_title("Link Alpaca to @ana")
            await tab.tab_to("main button")
            await tab.leave()
            await tab.wait_title("Alpaca (pretend)")
            await tab.tab_to("li a")
            await tab.leave()
            await tab.wait_title("It goes on in Discord", 40)
        panel = await s.panel("1,234.00 USD")
        await s.discord.click(s.ana, panel, panel.buttons[0])
        await s.panel("is linked")
        nowhere(s, process, tmp_path, CONNECT[1], *ALPACA)
