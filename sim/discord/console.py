"""Let a person at a terminal play everybody on the local Discord."""

import asyncio
import shlex
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from sim.discord.driver import DiscordSim
from sim.discord.messages import SimMessage
from sim.discord.replies import Modal, Reply, SimInteraction
from sim.discord.state import Channel, Guild, Role, User

REPLY_SECONDS = 5.0
HELP = """\
  say <who> <text>                  post in the channel
  dm <who> <text>                   write to the bot in private
  edit <text> | delete              change or remove the last message said
  slash <who> <command> key=value   run a slash command; @name, #channel and &role may be values
  click <who> <label>               press a button
  select <who> <menu> <value>...    choose in a menu
  fill <who> label=value            fill in the form on the screen (quote labels with spaces)
  role <who> <role>                 give or take a role
  drop                              cut the bot's gateway connection
  commands                          list what the bot has registered
  help, quit"""


def write_line(text: str) -> None:
    """Print one line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Console:
    """Carry out typed lines, and print what the bot says."""

    def __init__(
        self,
        sim: DiscordSim,
        guild: Guild,
        channel: Channel,
        people: Mapping[str, User],
        write: Callable[[str], None] = write_line,
    ) -> None:
        self._sim = sim
        self._guild = guild
        self._channel = channel
        self._people = people
        self._write = write
        self._seen: list[SimMessage] = []
        self._last_said: SimMessage | None = None
        self._form: SimInteraction | None = None
        sim.watch(self._show)

    async def handle(self, line: str) -> bool:
        """Carry out one line; False means that the person wants to leave."""
        try:
            words = shlex.split(line)
        except ValueError as problem:
            self._write(f"? {problem}")
            return True
        if not words:
            return True
        if words[0] in ("quit", "exit"):
            return False
        await self._do(words[0], words[1:])
        return True

    async def _do(self, verb: str, words: list[str]) -> None:
        doing = getattr(self, f"_do_{verb}", None)
        if doing is None:
            self._write(HELP)
            return
        try:
            await doing(*words)
        except (ValueError, AssertionError, KeyError) as problem:
            self._write(f"? {problem}")
        except TypeError:
            self._write(f"? {verb} takes other words:\n{HELP}")

    # --- verbs --------------------------------------------------------------------------------------

    async def _do_say(self, who: str, *text: str) -> None:
        self._last_said = await self._sim.say(self._person(who), self._channel, " ".join(text))

    async def _do_dm(self, who: str, *text: str) -> None:
        person = self._person(who)
        self._last_said = await self._sim.say(person, self._sim.dm(person), " ".join(text))

    async def _do_edit(self, *text: str) -> None:
        await self._sim.edit(self._said(), " ".join(text))

    async def _do_delete(self) -> None:
        await self._sim.delete(self._said())

    async def _do_slash(self, who: str, *words: str) -> None:
        path = " ".join(word for word in words if "=" not in word)
        options = {key: self._value(value) for key, value in _pairs(words).items()}
        await self._outcome(await self._sim.slash(self._person(who), self._channel, path, **options))

    async def _do_click(self, who: str, *label: str) -> None:
        name = " ".join(label)
        await self._outcome(await self._sim.click(self._person(who), self._holding(name), name))

    async def _do_select(self, who: str, menu: str, *values: str) -> None:
        chosen = [self._value(value) for value in values]
        await self._outcome(await self._sim.select(self._person(who), self._holding(menu), menu, chosen))

    async def _do_fill(self, who: str, *words: str) -> None:
        if self._form is None:
            raise ValueError("no form is open")
        form, self._form = self._form, None
        await self._outcome(await self._sim.submit(self._person(who), form, **_pairs(words)))

    async def _do_role(self, who: str, name: str) -> None:
        person, role = self._person(who), self._role(name)
        held = [self._guild.roles[key] for key in self._guild.members[person.id].roles]
        changed = [one for one in held if one is not role] if role in held else [*held, role]
        await self._sim.set_roles(self._guild, person, changed)
        self._write(f"{who} now has: {', '.join(one.name for one in changed) or 'no roles'}")

    async def _do_drop(self) -> None:
        self._sim.drop()

    async def _do_commands(self) -> None:
        for name in self._sim.command_names():
            self._write(f"  /{name}")

    # --- what is meant ------------------------------------------------------------------------------

    def _person(self, name: str) -> User:
        if name not in self._people:
            raise ValueError(f"nobody is called {name!r}; there are {', '.join(self._people)}")
        return self._people[name]

    def _role(self, name: str) -> Role:
        found = next((role for role in self._guild.roles.values() if role.name == name), None)
        if found is None:
            raise ValueError(f"no role {name!r}")
        return found

    def _value(self, text: str) -> Any:
        if text.startswith("@"):
            return self._person(text[1:])
        if text.startswith("&"):
            return self._role(text[1:])
        if text.startswith("#"):
            return next((c for c in self._guild.channels.values() if c.name == text[1:]), text)
        return text

    def _said(self) -> SimMessage:
        if self._last_said is None:
            raise ValueError("nothing has been said yet")
        return self._last_said

    def _holding(self, control: str) -> SimMessage:
        for message in reversed(self._seen):
            if not message.deleted and message.find(control):
                return message
        raise ValueError(f"no message shows {control!r}")

    # --- what is seen -------------------------------------------------------------------------------

    def _show(self, what: str, message: SimMessage) -> None:
        if message.application_id is None or message.loading:
            return
        if message not in self._seen:
            self._seen.append(message)
        where = "in private" if message.guild_id is None else f"in #{self._channel.name}"
        if message.ephemeral:
            where += ", seen by one person only"
        verb = {"CREATE": "says", "UPDATE": "edits", "DELETE": "deletes"}[what]
        self._write(f"[{message.author_name}] {verb} {where}:")
        for line in message.text.splitlines():
            self._write(f"    {line}")
        if message.buttons:
            self._write("    " + " ".join(f"[{label}]" for label in message.buttons))
        for menu in message.selects:
            options = ", ".join(option["label"] for option in menu.get("options") or [])
            self._write(f"    <{menu.get('placeholder') or menu['custom_id']}> {options}")

    async def _outcome(self, ix: SimInteraction) -> None:
        reply: Reply = await ix.wait(REPLY_SECONDS)
        if reply.modal is not None:
            self._form = ix
            self._show_form(reply.modal)

    def _show_form(self, modal: Modal) -> None:
        self._write(f"form: {modal.title}")
        for field in modal.fields:
            need = "" if field["required"] else " (may be left empty)"
            self._write(f"    {field['label']}{need}   or: {field['custom_id']}")


def _pairs(words: tuple[str, ...]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in words if "=" in word)


async def run(port: int = 0) -> None:
    """Start a Discord with a few people in it and obey the terminal until it says quit."""
    sim = DiscordSim()
    app = sim.add_application("trade-exec")
    guild = sim.add_guild("Trading Floor")
    channel = sim.add_channel(guild, "signals")
    premium = sim.add_role(guild, "premium")
    people = {name: sim.add_user(name) for name in ("analyst", "ana", "ben", "boss")}
    for name, user in people.items():
        sim.join(guild, user, roles=[premium] if name == "ana" else [])
    guild.owner_id = people["boss"].id
    await sim.start(port)
    write_line(f"DISCORD_API_URL={sim.url}")
    write_line(f"DISCORD_TOKEN={app.token}")
    write_line(
        f"server {guild.name} {guild.id} · channel #{channel.name} {channel.id} · role premium {premium.id}"
    )
    write_line(" · ".join(f"{name} {user.id}" for name, user in people.items()))
    write_line("type help for what can be typed")
    try:
        await read_lines(Console(sim, guild, channel, people))
    finally:
        await sim.stop()


async def read_lines(console: Console) -> None:
    """Hand standard input to the console; when it ends, go on serving until cancelled."""
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)

    threading.Thread(target=read, daemon=True, name="terminal").start()
    while await console.handle(await lines.get()):
        pass
