"""Bring the people on stage, and let them click as people do."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from bot.demo.stage import Stage
from sim.discord.messages import BUTTON, SimMessage, walk
from sim.discord.replies import Reply
from sim.discord.state import Channel, User

ALPACA_KEYS = ("PKBENDEMO00000000001", "ben-demo-secret-000000000000000000000000")
PATIENCE = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Be everybody: the server's owner, the analyst, and two members."""

    owner: User
    analyst: User
    ann: User
    ben: User
    channel: Channel


def gather(stage: Stage) -> Cast:
    """Make the people and the channel, and open Ben's account at the pretend Alpaca."""
    discord = stage.discord
    people = {name: discord.add_user(name) for name in ("Olivia", "Casey", "Ann", "Ben")}
    admin = discord.add_role(stage.guild, "Owner", admin=True)
    for name, user in people.items():
        discord.join(stage.guild, user, [admin] if name == "Olivia" else [])
    stage.alpaca.add_account(*ALPACA_KEYS, cash=Decimal(100_000))
    return Cast(
        owner=people["Olivia"],
        analyst=people["Casey"],
        ann=people["Ann"],
        ben=people["Ben"],
        channel=discord.add_channel(stage.guild, "alerts"),
    )


async def until(probe: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Wait until something is so. Raises TimeoutError that says what was waited for."""
    try:
        async with asyncio.timeout(seconds):
            while not probe():  # noqa: ASYNC110 - the pretend world has no event for everything
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise TimeoutError(f"{what} did not happen within {seconds:.0f} s") from None


async def command(stage: Stage, user: User, where: Channel, path: str, /, **options: object) -> Reply:
    """Run a slash command and wait for its answer."""
    return await (await stage.discord.slash(user, where, path, **options)).wait(PATIENCE)


async def set_up(stage: Stage, cast: Cast) -> None:
    """Link both accounts, name the source, and follow it."""
    await command(stage, cast.owner, cast.channel, "channel add", channel=cast.channel, author=cast.analyst)
    await command(stage, cast.ann, cast.channel, "broker add", broker="paper", name="Practice")
    await link_alpaca(stage, cast)
    for member, account in ((cast.ann, "Practice"), (cast.ben, "Alpaca")):
        options = {
            "channel": await choice(stage, member, cast.channel, "follow", "channel", ""),
            "account": await choice(stage, member, cast.channel, "follow", "account", account),
            "size-kind": "fixed",
            "size": "1000",
            "mode": "paper",
        }
        await command(stage, member, cast.channel, "follow", **options)


async def choice(stage: Stage, user: User, where: Channel, path: str, option: str, typed: str) -> str:
    """Type into an option and take the first choice offered."""
    offered = await stage.discord.autocomplete(user, where, path, focused=option, **{option: typed})  # type: ignore[arg-type]
    if not offered:
        raise AssertionError(f"/{path} offers nothing for {option} {typed!r}")
    return str(offered[0]["value"])


async def link_alpaca(stage: Stage, cast: Cast) -> None:
    """Walk Ben through the wizard in his DMs: environment, keys, live test, name, saved."""
    await command(stage, cast.ben, cast.channel, "broker add", broker="alpaca")
    dm = stage.discord.dm(cast.ben)
    key, secret = ALPACA_KEYS
    ben = Walk(stage, cast.ben, dm)
    await ben.choose("Paper")
    await ben.fill("Enter keys", {"key": key, "secret": secret})
    await ben.choose("Save")
    await until(lambda: "is linked" in ben.panel.text, "saving Ben's Alpaca account")


class Walk:
    """Press one panel's buttons, as a person who reads labels would."""

    def __init__(self, stage: Stage, user: User, dm: Channel) -> None:
        self._stage, self._user, self._dm = stage, user, dm

    @property
    def panel(self) -> SimMessage:
        """Give the bot's latest message here."""
        return [m for m in self._stage.discord.messages(self._dm) if m.from_bot][-1]

    def _find(self, part: str) -> tuple[str, str] | None:
        """Find a button or a select's option by part of its label: its custom id, and the value chosen."""
        shown = [m for m in self._stage.discord.messages(self._dm) if m.from_bot]
        for control in walk(shown[-1].components) if shown else ():
            if control.get("type") == BUTTON and part.casefold() in control.get("label", "").casefold():
                return str(control["custom_id"]), ""
            for option in control.get("options", ()):
                if part.casefold() in option["label"].casefold():
                    return str(control["custom_id"]), str(option["value"])
        return None

    async def _wait_for(self, part: str) -> tuple[str, str]:
        await until(lambda: self._find(part) is not None, f"a button or choice called {part!r}")
        found = self._find(part)
        assert found is not None
        return found

    async def choose(self, part: str) -> None:
        """Press the button, or take the choice, whose label holds ``part``."""
        custom_id, value = await self._wait_for(part)
        if value:
            ix = await self._stage.discord.select(self._user, self.panel, custom_id, [value])
        else:
            ix = await self._stage.discord.click(self._user, self.panel, custom_id)
        await ix.wait(PATIENCE)

    async def fill(self, part: str, values: dict[str, str]) -> None:
        """Open a form and type into the fields whose labels hold these words."""
        custom_id, _ = await self._wait_for(part)
        ix = await self._stage.discord.click(self._user, self.panel, custom_id)
        modal = (await ix.wait(PATIENCE)).modal
        assert modal is not None, f"{part!r} opened no form"
        typed = {}
        for field in modal.fields:
            words = [word for word in values if word in field["label"].casefold()]
            if words:
                typed[field["custom_id"]] = values[words[-1]]
        await (await self._stage.discord.submit(self._user, ix, **typed)).wait(PATIENCE)
