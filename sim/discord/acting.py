"""Play the people: say, edit, press, choose, fill in, and read what is on the screen."""

from collections.abc import Sequence
from typing import Any

from sim.discord.asking import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL_SUBMIT,
    Resolver,
    check_amount,
    find_control,
    interaction_json,
    open_interaction,
    visible,
)
from sim.discord.asking_commands import MESSAGE_MENU, USER_MENU, choose, command_data, menu_data
from sim.discord.asking_modals import modal_data
from sim.discord.errors import JSON
from sim.discord.gateway import Gateway
from sim.discord.messages import BUTTON, STRING_SELECT, SimMessage
from sim.discord.posting import REPLY, Post
from sim.discord.replies import SimInteraction
from sim.discord.shop import Shop
from sim.discord.state import BotApp, Channel, Interaction, User, World

PERSON_LIMIT = 4000


class Acting:
    """Hold everything a person can do in Discord."""

    def __init__(self, world: World, gateway: Gateway, post: Post) -> None:
        self._world = world
        self._gateway = gateway
        self._post = post
        self.shop = Shop(world, gateway)

    # --- messages -----------------------------------------------------------------------------------

    async def say(
        self,
        user: User | None,
        channel: Channel,
        text: str,
        embeds: Sequence[JSON] = (),
        reply_to: SimMessage | None = None,
        webhook: str | None = None,
    ) -> SimMessage:
        """Post a message as a person, or as a webhook called ``webhook``."""
        if len(text) > PERSON_LIMIT:
            raise ValueError(f"a message holds {PERSON_LIMIT} characters")
        body: JSON = {"content": text, "embeds": list(embeds)}
        extra: JSON = {} if reply_to is None else {"reply_to": reply_to.id, "type": REPLY}
        if webhook is not None:
            author = User(id=self._world.snowflake(), name=webhook, bot=True)
            extra["webhook_id"] = author.id
        else:
            if user is None:
                raise ValueError("who says it? give a user, or a webhook name")
            visible(self._world, user, channel)
            author = user
        return self._post.publish(channel, self._post.new(author, channel, body, **extra))

    async def edit(self, message: SimMessage, text: str, embeds: Sequence[JSON] | None = None) -> SimMessage:
        """Edit a message as its author."""
        body: JSON = {"content": text} if embeds is None else {"content": text, "embeds": list(embeds)}
        self._post.edit(message, body, [])
        return message

    async def delete(self, message: SimMessage) -> None:
        """Delete a message."""
        self._post.delete(message)

    async def purge(self, messages: Sequence[SimMessage]) -> None:
        """Delete several messages of one channel at once, as a moderator: one event tells of all."""
        self._post.purge(list(messages))

    async def unfurl(self, message: SimMessage, embeds: Sequence[JSON]) -> None:
        """Let link previews appear: MESSAGE_UPDATE comes, yet nobody has edited anything."""
        self._post.unfurl(message, list(embeds))

    async def repeat(self, message: SimMessage) -> None:
        """Deliver a message a second time, as the gateway may around a RESUME."""
        self._post.repeat(message)

    # --- interactions -------------------------------------------------------------------------------

    async def slash(self, user: User, where: Channel, path: str, /, **options: Any) -> SimInteraction:
        """Run a slash command: "name" or "group sub". Raises ValueError for what Discord would not send."""
        chosen = choose(self._world, user, where, path)
        data = command_data(self._world, where, chosen, options)
        return self._send(open_interaction(self._world, COMMAND, chosen.app, user, where, data))

    async def autocomplete(
        self, user: User, where: Channel, path: str, /, *, focused: str, timeout: float = 3.0, **options: Any
    ) -> list[JSON]:
        """Type into an option and give the choices offered, each {name, value}."""
        chosen = choose(self._world, user, where, path)
        data = command_data(self._world, where, chosen, options, focused=focused)
        ix = open_interaction(self._world, AUTOCOMPLETE, chosen.app, user, where, data)
        self._send(ix)
        try:
            await self._world.bell.until(lambda: ix.choices is not None, timeout)
        except TimeoutError:
            raise AssertionError(f"no choices for {focused!r} within {timeout} s") from None
        return list(ix.choices or [])

    async def menu(self, user: User, where: Channel, name: str, target: SimMessage | User) -> SimInteraction:
        """Use a context menu entry on a message or a person."""
        kind = MESSAGE_MENU if isinstance(target, SimMessage) else USER_MENU
        chosen = choose(self._world, user, where, name, kind)
        data = menu_data(self._world, where, chosen, target)
        return self._send(open_interaction(self._world, COMMAND, chosen.app, user, where, data))

    async def click(self, user: User, message: SimMessage, label_or_custom_id: str) -> SimInteraction:
        """Press a button."""
        control = find_control(self._world, user, message, label_or_custom_id)
        if control["type"] != BUTTON:
            raise ValueError(f"{label_or_custom_id!r} is a select: use sim.select")
        return self._component(user, message, control, {})

    async def select(self, user: User, message: SimMessage, custom_id: str, values: Any) -> SimInteraction:
        """Choose in a select menu: option values or labels, or users, roles, channels."""
        control = find_control(self._world, user, message, custom_id)
        if control["type"] == BUTTON:
            raise ValueError(f"{custom_id!r} is a button: use sim.click")
        chosen = list(values) if isinstance(values, list | tuple) else [values]
        check_amount(control, len(chosen))
        resolver = Resolver(self._world, self._world.channels[message.channel_id])
        data: JSON = {"values": [resolver.select(control, value) for value in chosen]}
        if resolver.found:
            data["resolved"] = resolver.found
        return self._component(user, message, control, data)

    async def press_late(
        self, user: User, message: SimMessage, custom_id: str, *, values: Sequence[str] | None = None
    ) -> SimInteraction:
        """Use a control that was there a moment ago: the press was on its way when the message changed."""
        kind = BUTTON if values is None else STRING_SELECT
        control: JSON = {"custom_id": custom_id, "type": kind, "id": 1}
        return self._component(user, message, control, {} if values is None else {"values": list(values)})

    async def submit(self, user: User, ix: SimInteraction, /, **values: Any) -> SimInteraction:
        """Fill in and send the modal ``ix`` was answered with; names are labels first, then custom ids."""
        before = ix.record
        if before.modal is None:
            raise ValueError("this was not answered with a modal")
        if before.user is not user:
            raise ValueError(f"the modal is on {before.user.name}'s screen, not on {user.name}'s")
        data = modal_data(self._world, before.channel, before.modal, values)
        after = open_interaction(
            self._world,
            MODAL_SUBMIT,
            before.app,
            user,
            before.channel,
            data,
            message=before.message,
            parent=before,
        )
        return self._send(after)

    def _component(self, user: User, message: SimMessage, control: JSON, extra: JSON) -> SimInteraction:
        channel = self._world.channels[message.channel_id]
        app = self._world.apps[message.application_id or message.author_id]
        data: JSON = {
            "custom_id": control["custom_id"],
            "component_type": control["type"],
            "id": control["id"],
        }
        ix = open_interaction(self._world, COMPONENT, app, user, channel, data | extra, message=message)
        return self._send(ix)

    def _send(self, ix: Interaction) -> SimInteraction:
        body = interaction_json(self._world, ix) | self.shop.carried(ix.user, ix.app)
        if not self._gateway.interact(ix.app, body, ix.channel.guild_id):
            raise AssertionError(f"{ix.app.name} is not connected: nobody would answer")
        return SimInteraction(self._world, ix)

    # --- the screen ---------------------------------------------------------------------------------

    def dm(self, user: User, app: BotApp | None = None) -> Channel:
        """Give the DM channel between a person and the bot."""
        return self._world.dm(user, app or self._only_app())

    def messages(self, channel: Channel, *, viewer: User | None = None) -> list[SimMessage]:
        """List the messages of a channel, oldest first; with ``viewer`` also those only they can see."""
        return [
            message
            for message in channel.messages.values()
            if not message.loading and (not message.ephemeral or (viewer and message.audience == viewer.id))
        ]

    async def wait_message(
        self,
        channel: Channel,
        containing: str = "",
        timeout: float = 5.0,
        *,
        after: SimMessage | None = None,
        by_bot: bool = True,
    ) -> SimMessage:
        """Give the newest bot message whose text contains the words, as posted or as edited."""

        def find() -> SimMessage | None:
            for message in reversed(self.messages(channel)):
                late = after is None or message.id > after.id
                if late and (message.application_id is not None or not by_bot) and containing in message.text:
                    return message
            return None

        try:
            return await self._world.bell.until(find, timeout)
        except TimeoutError:
            seen = [f"{message.author_name}: {message.text}" for message in self.messages(channel)]
            raise AssertionError(
                f"no message with {containing!r} within {timeout} s; there are {seen}"
            ) from None

    def _only_app(self) -> BotApp:
        if len(self._world.apps) != 1:
            raise ValueError(f"there are {len(self._world.apps)} applications; say which")
        return next(iter(self._world.apps.values()))
