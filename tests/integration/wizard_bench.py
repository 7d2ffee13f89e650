"""A server with two members, and a bot whose only command is the wizard."""

import contextlib
import inspect
from collections.abc import AsyncIterator
from pathlib import Path

import discord

from sim.clock import DrivenClock
from sim.discord import DiscordSim
from sim.discord.asking import COMPONENT, open_interaction
from store import open_store
from tests.discord_bot import PlainBot, running
from tests.unit.wizard.linker import FakeLinker
from vault.keys import KeyFile
from vault.vault import EnvelopeVault
from wizard.discord_view import WizardView
from wizard.flows.link_account import LinkAccount
from wizard.flows.reauth import Reauth
from wizard.manager import FlowManager

INTENTS = discord.Intents(guilds=True, guild_messages=True, message_content=True)


class Trip:
    """Make the n-th call of a port fail, as if the power went just then."""

    def __init__(self) -> None:
        self.left: int | None = None

    def wrap(self, port):
        trip = self

        class Wrapped:
            def __getattr__(self, name):
                real = getattr(port, name)
                if not inspect.iscoroutinefunction(real):
                    return real

                async def called(*args, **kwargs):
                    if trip.left is not None:
                        trip.left -= 1
                        if trip.left < 0:
                            trip.left = None
                            raise RuntimeError(f"planned failure of {name}")
                    return await real(*args, **kwargs)

                return called

        return Wrapped()


class Bench:
    """Be the surroundings that outlive the bot."""

    def __init__(self, sim: DiscordSim, folder: Path) -> None:
        self.sim = sim
        self.folder = folder
        self.clock = DrivenClock()
        self.linker = FakeLinker(self.clock)
        self.app = sim.add_application()
        self.guild = sim.add_guild("Traders")
        self.channel = sim.add_channel(self.guild, "general")
        self.ana, self.ben = sim.add_user("ana"), sim.add_user("ben")
        self.shy = sim.add_user("shy", dms_closed=True)
        for user in (self.ana, self.ben, self.shy):
            sim.join(self.guild, user)
        self.trip = Trip()
        self.door = None
        KeyFile.create(folder / "key")

    @contextlib.asynccontextmanager
    async def bot(self) -> AsyncIterator[WizardView]:
        """Run a fresh bot process's worth of objects on the same data."""
        store = await open_store(data_dir=self.folder / "data")
        self.store = store
        vault = EnvelopeVault(KeyFile(self.folder / "key"), self.clock)
        linker = self.trip.wrap(self.linker)
        every = [LinkAccount(linker, linker, door=self.door).flow(), Reauth(linker, self.door).flow()]
        flows = FlowManager(every, self.trip.wrap(store.flows), self.trip.wrap(vault), self.clock)
        wizard = WizardView(flows, self.door)

        def prepare(bot: PlainBot) -> None:
            wizard.register(bot)

            @bot.tree.command(name="link", description="Link an account")
            async def link(interaction: discord.Interaction, broker: str = "") -> None:
                await wizard.start(interaction, "link_account", {"broker": broker} if broker else {})

        options = {"intents": INTENTS, "member_cache_flags": discord.MemberCacheFlags.none()}
        try:
            async with running(self.sim, self.app.token, prepare, **options):
                await self.sim.ready(self.app)
                yield wizard
        finally:
            await store.close()

    async def link(self, user, **options):
        """Run the command and give its answer."""
        return await (await self.sim.slash(user, self.channel, "link", **options)).wait()

    async def panel(self, user, containing: str):
        """Wait until the member's panel says this."""
        return await self.sim.wait_message(self.sim.dm(user), containing)

    async def pick(self, user, message, value: str):
        """Choose in the panel's only menu."""
        (menu,) = message.selects
        return await self.sim.select(user, message, menu["custom_id"], value)

    async def fill(self, user, message, button: str, **values: str):
        """Open the form behind a button and send it; gives the form as it was shown, and the sending."""
        opened = await self.sim.click(user, message, button)
        shown = await opened.wait()
        assert shown.kind == "modal", shown
        return shown.modal, await self.sim.submit(user, opened, **values)

    async def to_keys(self, user):
        """Click through to the step that asks for keys."""
        await self.link(user)
        message = await self.panel(user, "Which broker?")
        await self.pick(user, message, "alpaca")
        message = await self.panel(user, "paper or live")
        await self.pick(user, message, "paper")
        return await self.panel(user, "your keys")

    def forge(self, user, message, control: str):
        """Press a button no honest client would offer: somebody else's, or one that is gone."""
        found = message.find(control)
        data = {"custom_id": found["custom_id"] if found else control, "component_type": 2, "id": 1}
        channel = self.sim._world.channels[message.channel_id]
        return self.sim._send(
            open_interaction(self.sim._world, COMPONENT, self.app, user, channel, data, message=message)
        )
