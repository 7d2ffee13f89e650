"""Answer interaction callbacks and the webhook calls that follow them, within their windows."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sim.discord.errors import JSON, ApiError, Form, unknown
from sim.discord.limits_commands import check_choices
from sim.discord.limits_components import check_modal, number_components
from sim.discord.limits_messages import INTERACTION_FLAGS, check_edit, check_new_message
from sim.discord.messages import EPHEMERAL, LOADING, SimMessage
from sim.discord.objects import message_json
from sim.discord.posting import Post
from sim.discord.recording import Upload
from sim.discord.server import Call, Route
from sim.discord.state import Interaction, World

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
REPLY, DEFER, DEFER_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
ALLOWED = {
    COMMAND: frozenset({REPLY, DEFER, MODAL}),
    COMPONENT: frozenset({REPLY, DEFER, DEFER_UPDATE, UPDATE, MODAL}),
    AUTOCOMPLETE: frozenset({CHOICES}),
    MODAL_SUBMIT: frozenset({REPLY, DEFER, DEFER_UPDATE, UPDATE}),
}
FIRST_ANSWER_SECONDS, TOKEN_SECONDS = 3.0, 15 * 60.0


class InteractionRoutes:
    """Serve /interactions and the interaction side of /webhooks."""

    def __init__(self, world: World, post: Post) -> None:
        self._world = world
        self._post = post

    def routes(self) -> list[Route]:
        """List the routes."""
        hook = "/webhooks/{app}/{token}"
        return [
            ("POST", "/interactions/{interaction}/{token}/callback", self._callback),
            ("POST", hook, self._follow_up),
            ("GET", hook + "/messages/{message}", self._get),
            ("PATCH", hook + "/messages/{message}", self._edit),
            ("DELETE", hook + "/messages/{message}", self._delete),
        ]

    # --- the first answer ---------------------------------------------------------------------------

    def _callback(self, call: Call) -> Any:
        ix = self._world.interactions.get(call.key("interaction"))
        if ix is None or ix.token != call.params["token"]:
            raise unknown("interaction", 10062)
        if ix.answered is not None:
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        if self._age(ix) > FIRST_ANSWER_SECONDS:
            raise unknown("interaction", 10062)
        body: JSON = call.body or {}
        kind, data = body.get("type"), body.get("data") or {}
        self._check_kind(ix, kind)
        self._first(ix, int(kind or 0), data, call.files)
        ix.answered = kind
        self._world.bell.ring()
        return self._callback_json(ix) if call.query.get("with_response") in ("1", "true", "True") else None

    def _check_kind(self, ix: Interaction, kind: Any) -> None:
        form = Form()
        allowed = ALLOWED[ix.type]
        if ix.type == MODAL_SUBMIT and ix.message is None:
            allowed = frozenset({REPLY, DEFER})
        form.choice(kind, ("type",), allowed)
        form.done()

    def _first(self, ix: Interaction, kind: int, data: JSON, files: list[Upload]) -> None:
        if kind == REPLY:
            with _below_data():
                check_new_message(data, len(files), flags=INTERACTION_FLAGS)
            ix.original = self._post.by_interaction(ix, data, files, 0)
            ix.filled = True
        elif kind == DEFER:
            ix.ephemeral = bool(int(data.get("flags") or 0) & EPHEMERAL)
            flags = LOADING | (EPHEMERAL if ix.ephemeral else 0)
            ix.original = self._post.by_interaction(ix, {}, [], flags)
        elif kind == DEFER_UPDATE:
            ix.original = ix.message
        elif kind == UPDATE:
            assert ix.message is not None
            with _below_data():
                check_edit(data, len(files), ix.message)
            self._post.edit(ix.message, data, files)
            ix.original, ix.filled = ix.message, True
        elif kind == CHOICES:
            self._choices(ix, data)
        else:
            with _below_data():
                _check_modal(data)
            ix.modal = data | {"components": number_components(copy.deepcopy(data["components"]))}
            ix.filled = True

    def _choices(self, ix: Interaction, data: JSON) -> None:
        form = Form()
        choices = form.count(data.get("choices"), ("choices",), high=25)
        check_choices(form, choices, ("choices",), text=False)
        with _below_data():
            form.done()
        ix.choices, ix.filled = choices, True

    def _callback_json(self, ix: Interaction) -> JSON:
        about: JSON = {"id": str(ix.id), "type": ix.type, "channel_id": str(ix.channel.id)}
        if ix.channel.guild_id is not None:
            about["guild_id"] = str(ix.channel.guild_id)
        if ix.original is None:
            return {"interaction": about}
        about |= {
            "response_message_id": str(ix.original.id),
            "response_message_loading": ix.original.loading,
            "response_message_ephemeral": ix.original.ephemeral,
        }
        body: JSON = {"interaction": about}
        if ix.answered in (REPLY, DEFER, UPDATE):
            body["resource"] = {
                "type": ix.answered,
                "message": message_json(self._world, ix.original, ix.app),
            }
        return body

    # --- afterwards ---------------------------------------------------------------------------------

    def _age(self, ix: Interaction) -> float:
        return self._world.clock.monotonic() - ix.born

    def _find(self, call: Call) -> Interaction:
        token = call.params["token"]
        ix = next((one for one in self._world.interactions.values() if one.token == token), None)
        if call.key("app") not in self._world.apps:
            raise unknown("Webhook", 10015)
        if ix is None or ix.app.id != call.key("app") or self._age(ix) > TOKEN_SECONDS:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        if ix.answered is None:
            raise unknown("Webhook", 10015)
        return ix

    def _target(self, call: Call, ix: Interaction) -> SimMessage:
        key = call.params["message"]
        mine = [*ix.followups, *([ix.original] if ix.original is not None else [])]
        if key == "@original":
            found = ix.original
        else:
            found = next((message for message in mine if message.id == call.key("message")), None)
        if found is None or found.deleted:
            raise unknown("Message", 10008)
        return found

    def _follow_up(self, call: Call) -> Any:
        ix = self._find(call)
        body: JSON = call.body or {}
        check_new_message(body, len(call.files), flags=INTERACTION_FLAGS)
        if ix.answered == DEFER and not ix.filled and ix.original is not None:
            # The first follow-up after a defer becomes the thinking message, as public or private as it was.
            self._post.edit(ix.original, body, call.files, counts=False)
            message = ix.original
        else:
            message = self._post.by_interaction(ix, body, call.files, 0)
            ix.followups.append(message)
        ix.filled = True
        self._world.bell.ring()
        return message_json(self._world, message, ix.app)

    def _get(self, call: Call) -> Any:
        ix = self._find(call)
        return message_json(self._world, self._target(call, ix), ix.app)

    def _edit(self, call: Call) -> Any:
        ix = self._find(call)
        message = self._target(call, ix)
        body: JSON = call.body or {}
        check_edit(body, len(call.files), message)
        self._post.edit(message, body, call.files, counts=not message.loading)
        if message is ix.original:
            ix.filled = True
        self._world.bell.ring()
        return message_json(self._world, message, ix.app)

    def _delete(self, call: Call) -> Any:
        ix = self._find(call)
        message = self._target(call, ix)
        self._post.delete(message)
        if message is ix.original:
            ix.filled = True


def _check_modal(data: JSON) -> None:
    form = Form()
    check_modal(form, data)
    form.done()


@contextmanager
def _below_data() -> Iterator[None]:
    """Put the problems of a callback's data where Discord puts them."""
    try:
        yield
    except ApiError as refusal:
        if refusal.errors is not None:
            refusal.errors = {"data": refusal.errors}
        raise
