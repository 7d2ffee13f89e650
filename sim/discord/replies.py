"""Wait for what the bot answers to one action, and read it."""

from dataclasses import dataclass
from typing import Any

from sim.discord.asking_modals import fields
from sim.discord.errors import JSON
from sim.discord.messages import SimMessage, walk
from sim.discord.state import Interaction, World

MODAL, DEFERS = 9, (5, 6)


@dataclass(slots=True, kw_only=True, frozen=True)
class Modal:
    """Be a form on the screen; ``fields`` are {label, custom_id, type, required, component}."""

    title: str
    custom_id: str
    fields: list[JSON]
    text: str


@dataclass(slots=True, kw_only=True, frozen=True)
class Reply:
    """Be what the person sees: ``kind`` is "message", "modal" or "deferred"."""

    kind: str
    text: str = ""
    message: SimMessage | None = None
    ephemeral: bool = False
    modal: Modal | None = None

    @property
    def buttons(self) -> list[str]:
        """List the labels of the message's buttons."""
        return [] if self.message is None else self.message.buttons


class SimInteraction:
    """Be one action of a person, to wait on."""

    def __init__(self, world: World, record: Interaction) -> None:
        self._world = world
        self.record = record

    @property
    def id(self) -> int:
        """Give the interaction's id."""
        return self.record.id

    @property
    def answered(self) -> int | None:
        """Give the type of the first answer, None while there is none."""
        return self.record.answered

    @property
    def followups(self) -> list[SimMessage]:
        """List the messages sent after the first answer."""
        return list(self.record.followups)

    @property
    def messages(self) -> list[SimMessage]:
        """List everything the bot has shown so far, the original first."""
        first = self.record.original
        shown = [first] if first is not None and not first.loading and not first.deleted else []
        return shown + [message for message in self.record.followups if not message.deleted]

    async def wait(self, timeout: float = 5.0) -> Reply:
        """Give the final visible response.

        A deferred answer is waited out; when nothing follows in time, the reply is of kind "deferred". Raises
        AssertionError when the bot did not answer at all: the person reads "The application did not respond".
        """
        try:
            return await self._world.bell.until(self._visible, timeout)
        except TimeoutError:
            if self.record.answered in DEFERS:
                ephemeral = self.record.ephemeral
                return Reply(kind="deferred", message=self.record.original, ephemeral=ephemeral)
            raise AssertionError(f"the bot did not answer {self._name()} within {timeout} s") from None

    async def wait_message(self, containing: str, timeout: float = 5.0) -> SimMessage:
        """Give the first shown message, original or follow-up, whose text has come to contain the words."""

        def find() -> SimMessage | None:
            return next((message for message in self.messages if containing in message.text), None)

        try:
            return await self._world.bell.until(find, timeout)
        except TimeoutError:
            shown = [message.text for message in self.messages]
            raise AssertionError(f"{self._name()} never showed {containing!r}; it showed {shown}") from None

    def _name(self) -> str:
        data = self.record.data
        return repr(data.get("name") or data.get("custom_id"))

    def _visible(self) -> Reply | None:
        record = self.record
        if record.answered == MODAL and record.modal is not None:
            return Reply(kind="modal", modal=_modal(record.modal), text=_modal_text(record.modal))
        if record.answered is None or not record.filled:
            return None
        message = record.original
        if record.answered == DEFERS[1] and record.followups:
            message = record.followups[0]
        if message is None:
            return None
        return Reply(kind="message", text=message.text, message=message, ephemeral=message.ephemeral)


def _modal(modal: JSON) -> Modal:
    return Modal(
        title=modal["title"], custom_id=modal["custom_id"], fields=fields(modal), text=_modal_text(modal)
    )


def _modal_text(modal: JSON) -> str:
    parts: list[Any] = [modal["title"]]
    for component in walk(modal["components"]):
        parts += [component.get("label"), component.get("description"), component.get("content")]
    return "\n".join(part for part in parts if part)
