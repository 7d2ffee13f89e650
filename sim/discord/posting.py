"""Make and change messages, whoever asks: the REST API, an interaction, or a person."""

import copy
import re
from collections.abc import Callable
from typing import Any

from sim.discord.errors import JSON
from sim.discord.gateway import Gateway
from sim.discord.limits_components import number_components
from sim.discord.messages import COMPONENTS_V2, EPHEMERAL, LOADING, SimMessage, walk
from sim.discord.objects import metadata_json
from sim.discord.recording import Upload
from sim.discord.state import BotApp, Channel, Interaction, User, World

MENTION = re.compile(r"<@!?(\d+)>")
REPLY, COMMAND_REPLY, MENU_REPLY = 19, 20, 23
KEPT_FLAGS = 1 << 2 | EPHEMERAL | 1 << 12 | COMPONENTS_V2


class Post:
    """Store messages and tell the gateway."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self._world = world
        self._gateway = gateway
        self.watchers: list[Callable[[str, SimMessage], None]] = []

    def _tell(self, what: str, message: SimMessage) -> None:
        self._gateway.publish_message(f"MESSAGE_{what}", message)
        for watcher in self.watchers:
            watcher(what, message)
        self._world.bell.ring()

    def new(self, author: User, channel: Channel, body: JSON, **extra: Any) -> SimMessage:
        """Make a message from a request body without storing it."""
        content = body.get("content") or ""
        return SimMessage(
            id=self._world.snowflake(),
            channel_id=channel.id,
            guild_id=channel.guild_id,
            author_id=author.id,
            author_name=author.name,
            from_bot=author.bot,
            content=content,
            created_at=self._world.clock.now(),
            embeds=_embeds(body.get("embeds")),
            components=_components(body.get("components")),
            mentions=list(dict.fromkeys(int(one) for one in MENTION.findall(content))),
            **({"flags": int(body.get("flags") or 0) & KEPT_FLAGS} | extra),
        )

    def publish(self, channel: Channel, message: SimMessage) -> SimMessage:
        """Store a message and tell who may hear of it."""
        self._world.put(channel, message)
        self._tell("CREATE", message)
        return message

    def by_app(self, app: BotApp, channel: Channel, body: JSON, files: list[Upload]) -> SimMessage:
        """Make a message the bot sends to a channel."""
        reference = (body.get("message_reference") or {}).get("message_id")
        extra: JSON = {"nonce": body.get("nonce"), "application_id": app.id}
        if reference is not None:
            extra |= {"reply_to": int(reference), "type": REPLY}
        message = self.new(self._world.users[app.user_id], channel, body, **extra)
        self.attach(message, files)
        return self.publish(channel, message)

    def by_interaction(self, ix: Interaction, body: JSON, files: list[Upload], flags: int) -> SimMessage:
        """Make a message that answers an interaction or follows up on it."""
        extra: JSON = {
            "flags": (int(body.get("flags") or 0) & KEPT_FLAGS) | flags,
            "application_id": ix.app.id,
            "webhook_id": ix.app.id,
            "metadata": metadata_json(ix),
            "audience": ix.user.id,
        }
        if ix.type == 2:
            extra["type"] = COMMAND_REPLY if ix.data.get("type", 1) == 1 else MENU_REPLY
        elif ix.message is not None:
            extra |= {"type": REPLY, "reply_to": ix.message.id}
        message = self.new(self._world.users[ix.app.user_id], ix.channel, body, **extra)
        self.attach(message, files)
        return self.publish(ix.channel, message)

    def attach(self, message: SimMessage, files: list[Upload]) -> None:
        """Store uploads and resolve ``attachment://`` links to them."""
        for file in files:
            kept = self._world.keep_file(file.name, file.content, file.kind)
            message.attachments = [*message.attachments, kept]
        urls = {f"attachment://{one['filename']}": one["url"] for one in message.attachments}
        for component in walk(message.components):
            for media in [component.get("file"), component.get("media")] + [
                item.get("media") for item in component.get("items") or []
            ]:
                if isinstance(media, dict):
                    media["url"] = urls.get(media.get("url", ""), media.get("url"))

    def edit(self, message: SimMessage, body: JSON, files: list[Upload], *, counts: bool = True) -> None:
        """Change what the body names; ``counts`` is False when a thinking message gets its text."""
        if "content" in body:
            message.content = body["content"] or ""
            message.mentions = list(dict.fromkeys(int(one) for one in MENTION.findall(message.content)))
        if "embeds" in body:
            message.embeds = _embeds(body["embeds"])
        if "components" in body:
            message.components = _components(body["components"])
        if "attachments" in body:
            kept = {str(one.get("id")) for one in body["attachments"] or []}
            message.attachments = [one for one in message.attachments if one["id"] in kept]
        if body.get("flags") is not None:
            settable = (1 << 2) | COMPONENTS_V2
            message.flags = (message.flags & ~(1 << 2)) | (int(body["flags"]) & settable)
        self.attach(message, files)
        message.flags &= ~LOADING
        if counts:
            message.edits += 1
            message.edited_at = self._world.clock.now()
        self._tell("UPDATE", message)

    def delete(self, message: SimMessage) -> None:
        """Remove a message and tell who could see it."""
        self._forget(message)
        self._tell("DELETE", message)

    def purge(self, messages: list[SimMessage]) -> None:
        """Remove messages of one channel at once: the gateway tells it in a single event."""
        for message in messages:
            self._forget(message)
        if messages:
            self._gateway.publish_purge(messages)
            self._world.bell.ring()

    def unfurl(self, message: SimMessage, embeds: list[JSON]) -> None:
        """Add previews to a message's links: an update that is not an edit."""
        message.embeds = message.embeds + _embeds(embeds)
        self._tell("UPDATE", message)

    def repeat(self, message: SimMessage) -> None:
        """Tell of a message once more."""
        self._gateway.publish_message("MESSAGE_CREATE", message)

    def _forget(self, message: SimMessage) -> None:
        message.deleted = True
        self._world.channels[message.channel_id].messages.pop(message.id, None)


def _components(components: Any) -> list[JSON]:
    """Copy and number components: what the bot sent stays in the record as it was sent."""
    return number_components(copy.deepcopy(components or []))


def _embeds(embeds: Any) -> list[JSON]:
    """Keep embeds as Discord does: typed, and every field says whether it stands inline."""
    kept = [{"type": "rich"} | embed for embed in embeds or []]
    for embed in kept:
        if embed.get("fields"):
            embed["fields"] = [{"inline": False} | one for one in embed["fields"]]
    return kept
