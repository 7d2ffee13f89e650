"""Be a person who links an account by reading panels, pressing buttons and filling in forms alone."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from bot.demo.stage import Stage
from domain.clock import SystemClock
from sim.discord.messages import SimMessage
from sim.discord.state import Channel, User
from sim.market import Market
from tests.scenario.logins import LOGINS, Login
from tests.support import eventually
from wizard.discord_view.ids import FORM, Aim

PATIENCE = 30.0
MOMENTS = frozenset({"test", "save"})
"""Steps at which the bot works and the person waits."""


def aims(panel: SimMessage) -> list[Aim]:
    """Read what the controls of a panel are for."""
    named = [control.get("custom_id", "") for row in _rows(panel.components) for control in row]
    return [aim for aim in map(Aim.read, named) if aim is not None]


def _rows(components) -> list[list[dict]]:
    rows = []
    for component in components:
        if component.get("type") == 1:
            rows.append(component["components"])
        rows += _rows(component.get("components", ()))
    return rows


def step_of(panel: SimMessage) -> str:
    """Name the step a panel shows; empty once it has ended."""
    found = aims(panel)
    return found[0].step if found else ""


@dataclass
class Person:
    """Be somebody at a keyboard. ``taps`` counts what they did, ``seen`` the steps they met."""

    stage: Stage
    user: User
    channel: Channel
    login: Login
    wrong: Mapping[str, str] = field(default_factory=dict)
    taps: int = 0
    seen: list[str] = field(default_factory=list)
    after: SimMessage | None = None
    asked: set[str] = field(default_factory=set)
    here: SimMessage | None = None

    async def begin(self) -> None:
        """Run the command. Its paper broker is linked at once, so that one is chosen in the panel."""
        discord = self.stage.discord
        told = discord.messages(discord.dm(self.user))
        self.after = told[-1] if told else None
        options = {} if self.login.broker == "paper" else {"broker": self.login.broker}
        asked = await discord.slash(self.user, self.channel, "broker add", **options)
        answer = await asked.wait(PATIENCE)
        if self.user.dms_closed:
            self.here = answer.message
        self.taps += 1
        await self.waiting()

    @property
    def panel(self) -> SimMessage | None:
        """Give the newest panel in their direct messages, or in the channel where those are closed."""
        if self.here is not None:
            return self.here
        discord = self.stage.discord
        shown = [m for m in discord.messages(discord.dm(self.user)) if m.from_bot]
        shown = [m for m in shown if self.after is None or m.id > self.after.id]
        return shown[-1] if shown else None

    async def waiting(self, *, moments: bool = False) -> SimMessage:
        """Wait until the panel wants something of them, or has ended."""

        def wants() -> bool:
            panel = self.panel
            if panel is None:
                return False
            step = step_of(panel)
            return moments or step not in MOMENTS or "⚠️" in panel.text

        await eventually(wants, PATIENCE)
        panel = self.panel
        assert panel is not None
        return panel

    async def act(self) -> None:
        """Do what the panel asks for."""
        panel = await self.waiting()
        step = step_of(panel)
        self.seen.append(step)
        before = (step, panel.edits)
        form = next((aim for aim in aims(panel) if aim.action == FORM), None)
        if form is not None:
            await self._fill(panel, form)
        else:
            await self._choose(panel)
        await eventually(lambda: (step_of(panel), panel.edits) != before, PATIENCE)

    async def to_the_end(self) -> SimMessage:
        """Go on until the panel has ended."""
        async with asyncio.timeout(PATIENCE * 4):
            while step_of(await self.waiting()):
                await self.act()
        return await self.waiting()

    async def _fill(self, panel: SimMessage, form: Aim) -> None:
        opened = await self.open_form(panel, form)
        await self.send_form(opened)

    async def open_form(self, panel: SimMessage, form: Aim):
        opened = await self.stage.discord.click(self.user, panel, form.custom_id)
        shown = await opened.wait(PATIENCE)
        assert shown.kind == "modal", shown
        self.asked = {control["custom_id"] for control in shown.modal.fields}
        self.taps += 1
        return opened

    async def send_form(self, opened) -> None:
        """Type what they know into the fields that are asked for."""
        # What was wrong the last time stands in the form still, where it is no secret: they clear it.
        known = {**dict.fromkeys(self.login.wrong, ""), **self.login.typed(), "word": "LIVE"}
        if self.asked & self.wrong.keys():
            known, self.wrong = {**known, **self.wrong}, {}
        typed = {key: value for key, value in known.items() if key in self.asked}
        await (await self.stage.discord.submit(self.user, opened, **typed)).wait(PATIENCE)
        self.taps += 1

    async def _choose(self, panel: SimMessage) -> None:
        discord = self.stage.discord
        self.taps += 1
        for menu in panel.selects:
            offered = [option["value"] for option in menu["options"]]
            wanted = [value for value in (*self.login.choices, self.login.broker) if value in offered]
            await (await discord.select(self.user, panel, menu["custom_id"], wanted[:1])).wait(PATIENCE)
            return
        chosen = [aim for aim in aims(panel) if aim.action in {"choose", "run"}]
        known = [aim for aim in chosen if aim.value in self.login.choices or aim.value == self.login.broker]
        await (await discord.click(self.user, panel, (known or chosen)[0].custom_id)).wait(PATIENCE)


class Street:
    """Hold the stage, one broker, and people who come along one after another."""

    def __init__(self, stage: Stage, login: Login) -> None:
        self.stage, self.login = stage, login
        self.channel = stage.discord.add_channel(stage.guild, "chat")
        self._people = 0

    def person(self, wrong: Mapping[str, str] | None = None, *, shy: bool = False) -> Person:
        """Bring somebody new; a shy one takes no direct messages."""
        self._people += 1
        user = self.stage.discord.add_user(f"Ann {self._people}", dms_closed=shy)
        self.stage.discord.join(self.stage.guild, user)
        return Person(self.stage, user, self.channel, self.login, wrong or {})

    async def accounts(self, person: Person) -> str:
        """Give what /broker list says to a person."""
        asked = await self.stage.discord.slash(person.user, self.channel, "broker list")
        return (await asked.wait(PATIENCE)).text

    async def die(self) -> None:
        """End the bot with SIGKILL and start it anew."""
        await self.stage.bot.kill()
        await self.stage.start_bot()


@contextlib.asynccontextmanager
async def street(name: str) -> AsyncIterator[Street]:
    """Stand a broker and the real bot up."""
    clock = SystemClock()
    market = Market(seed=7, clock=clock)
    async with (
        LOGINS[name](market, clock) as login,
        Stage(settings={**login.settings, "BROKER_INTEGRATIONS_PREMIUM_ONLY": "false"}) as stage,
    ):
        await stage.start_bot()
        yield Street(stage, login)
