"""Answer about messages of a channel."""

from typing import Any

from sim.discord.errors import JSON, ApiError, Form
from sim.discord.gateway import DIRECT_REACTIONS, GUILD_REACTIONS, Gateway
from sim.discord.limits_messages import check_edit, check_new_message
from sim.discord.messages import SimMessage
from sim.discord.objects import message_json
from sim.discord.posting import Post
from sim.discord.server import Call, Route
from sim.discord.state import Channel, World


class MessageRoutes:
    """Serve /channels/{id}/messages and what hangs below."""

    def __init__(self, world: World, gateway: Gateway, post: Post) -> None:
        self._world = world
        self._gateway = gateway
        self._post = post

    def routes(self) -> list[Route]:
        """List the routes."""
        messages = "/channels/{channel}/messages"
        reaction = messages + "/{message}/reactions/{emoji}"
        return [
            ("GET", messages, self._list),
            ("POST", messages, self._create),
            ("POST", messages + "/bulk-delete", self._bulk_delete),
            ("GET", messages + "/{message}", self._get),
            ("PATCH", messages + "/{message}", self._edit),
            ("DELETE", messages + "/{message}", self._delete),
            ("POST", "/channels/{channel}/typing", self._typing),
            ("PUT", reaction + "/@me", self._react),
            ("DELETE", reaction + "/@me", self._unreact),
        ]

    def _channel(self, call: Call) -> Channel:
        channel = self._world.channel(call.key("channel"))
        self._world.seen_by(call.app, channel)
        return channel

    def _message(self, call: Call) -> SimMessage:
        return self._world.message(self._channel(call), call.key("message"))

    def _own(self, call: Call) -> SimMessage:
        message = self._message(call)
        if message.author_id != call.app.user_id:
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
        return message

    def _list(self, call: Call) -> Any:
        channel = self._channel(call)
        limit = int(call.query.get("limit", 50))
        form = Form()
        form.number(limit, ("limit",), low=1, high=100)
        form.done()
        low, high = int(call.query.get("after", 0)), int(call.query.get("before", 1 << 63))
        found = [m for m in channel.messages.values() if low < m.id < high and not m.ephemeral]
        newest_first = sorted(found, key=lambda message: message.id, reverse=True)
        page = newest_first[-limit:] if "after" in call.query else newest_first[:limit]
        return [message_json(self._world, message, call.app) for message in page]

    def _get(self, call: Call) -> Any:
        return message_json(self._world, self._message(call), call.app)

    def _create(self, call: Call) -> Any:
        channel = self._channel(call)
        body: JSON = call.body or {}
        check_new_message(body, len(call.files))
        self._check_reply(channel, body)
        self._check_dm(channel, call)
        again = self._same_nonce(channel, body)
        message = again or self._post.by_app(call.app, channel, body, call.files)
        return message_json(self._world, message, call.app)

    def _check_reply(self, channel: Channel, body: JSON) -> None:
        reference = body.get("message_reference")
        if not reference:
            return
        if int(reference.get("message_id") or 0) in channel.messages:
            return
        if reference.get("fail_if_not_exists", True):
            form = Form()
            form.add(("message_reference",), "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
            form.done()
        del body["message_reference"]

    def _check_dm(self, channel: Channel, call: Call) -> None:
        user = channel.recipient
        if user is None:
            return
        if user.dms_closed:
            raise ApiError(403, 50007, "Cannot send messages to this user")
        if not self._world.shared_guilds(user, call.app):
            raise ApiError(403, 50278, "Cannot send messages to this user due to having no mutual guilds")

    def _same_nonce(self, channel: Channel, body: JSON) -> SimMessage | None:
        """Find the message of a repeated nonce: with enforce_nonce Discord gives it back."""
        if not body.get("enforce_nonce") or body.get("nonce") is None:
            return None
        return next((m for m in channel.messages.values() if m.nonce == body["nonce"]), None)

    def _edit(self, call: Call) -> Any:
        message = self._own(call)
        body: JSON = call.body or {}
        check_edit(body, len(call.files), message)
        self._post.edit(message, body, call.files)
        return message_json(self._world, message, call.app)

    def _delete(self, call: Call) -> Any:
        message = self._message(call)
        if message.author_id != call.app.user_id and message.guild_id is None:
            raise ApiError(403, 50003, "Cannot execute action on a DM channel")
        self._post.delete(message)

    def _bulk_delete(self, call: Call) -> Any:
        channel = self._channel(call)
        form = Form()
        keys = form.count((call.body or {}).get("messages"), ("messages",), low=2, high=100)
        form.done()
        if channel.is_dm:
            raise ApiError(403, 50003, "Cannot execute action on this channel type")
        found = [channel.messages.get(int(key)) for key in keys]
        self._post.purge([message for message in found if message is not None])

    def _typing(self, call: Call) -> Any:
        self._channel(call)

    def _react(self, call: Call) -> Any:
        message = self._message(call)
        message.reactions.setdefault(call.params["emoji"], set()).add(call.app.user_id)
        self._reaction_event("MESSAGE_REACTION_ADD", call, message)

    def _unreact(self, call: Call) -> Any:
        message = self._message(call)
        who = message.reactions.get(call.params["emoji"], set())
        who.discard(call.app.user_id)
        if not who:
            message.reactions.pop(call.params["emoji"], None)
        self._reaction_event("MESSAGE_REACTION_REMOVE", call, message)

    def _reaction_event(self, event: str, call: Call, message: SimMessage) -> None:
        body: JSON = {
            "user_id": str(call.app.user_id),
            "channel_id": str(message.channel_id),
            "message_id": str(message.id),
            "emoji": {"id": None, "name": call.params["emoji"]},
            "burst": False,
            "type": 0,
        }
        intent = DIRECT_REACTIONS
        if message.guild_id is not None:
            body["guild_id"] = str(message.guild_id)
            intent = GUILD_REACTIONS
        self._gateway.publish(event, body, guild_id=message.guild_id, intent=intent)
