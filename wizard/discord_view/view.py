"""Carry flows through Discord: a panel in the member's direct messages, edited from step to step."""

import contextlib
import hashlib
import traceback
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias

import discord
import structlog
from discord import ui
from discord.ext import commands

from domain.accounts import FlowState
from domain.errors import DomainError
from domain.ids import UserId
from wizard.discord_view import ids
from wizard.discord_view.ids import CHOOSE, FORM, PICK, Aim
from wizard.discord_view.items import items_for
from wizard.discord_view.modals import modal, typed
from wizard.discord_view.panels import ENDED, WRONG, Page, is_secret, notice, panel
from wizard.flow import FlowRefused, Form, Progress, Turn
from wizard.manager import FlowManager
from wizard.texts import say
from wizard.web import WebDoor

log = structlog.get_logger(__name__)
_EDITS = 500
_QUIET = discord.AllowedMentions.none()

Interaction: TypeAlias = discord.Interaction[Any]
Edit: TypeAlias = Callable[[ui.LayoutView], Awaitable[object]]
Powers: TypeAlias = Callable[[Interaction], Collection[str]]
"""Say what the person of an interaction may do, as it is now."""


class WizardView:
    """Show flows and take clicks. Every click names its flow, so nothing is lost with a process."""

    def __init__(
        self, flows: FlowManager, door: WebDoor | None = None, powers: Powers = lambda _: ()
    ) -> None:
        self._flows = flows
        self._door = door
        self._powers = powers
        self._items = items_for(self._clicked)
        self._drawing: set[str] = set()
        """Flows whose panel somebody is about to change."""
        self._edits: OrderedDict[str, Edit] = OrderedDict()
        self._client: commands.Bot | commands.AutoShardedBot | None = None

    def register(self, client: commands.Bot | commands.AutoShardedBot) -> None:
        """Listen for clicks and forms; call it in ``setup_hook`` of every new client."""
        client.add_dynamic_items(self._items.button, self._items.select)
        client.add_listener(self._interacted, "on_interaction")
        self._client = client

    async def start(
        self, interaction: Interaction, flow: str, initial: Mapping[str, str] | None = None
    ) -> None:
        """Begin a flow in the member's direct messages, or right here when those are closed.

        Answers the interaction, visible to the member only.
        """
        if not interaction.response.is_done():
            await interaction.response.defer(ephemeral=True, thinking=True)
        try:
            turn = await self._flows.start(flow, _member(interaction), initial, self._powers(interaction))
        except FlowRefused as refused:
            await _tell(interaction, notice(f"refused.{refused.key}", ENDED))
            return
        if self._flows.flow(flow).here:
            await self._present(interaction, turn)
            return
        try:
            drawn = await self._draw(turn, _member(interaction))
            message = await interaction.user.send(view=drawn, allowed_mentions=_QUIET)
        except discord.Forbidden:
            await self._start_here(interaction, turn)
            return
        await self._flows.place(turn.flow_id, str(message.channel.id), str(message.id))
        told = notice("view.started", link=message.jump_url)
        await interaction.edit_original_response(view=told, allowed_mentions=_QUIET)
        await self._work(interaction, turn, _edit_message(message))

    async def follow(self, turn: Turn) -> Turn:
        """Draw over the panel a turn that came about on a page, and go on from it (wizard.web.Face)."""
        state = await self._flows.whereabouts(turn.flow_id)
        if state is None:
            return turn
        edit, alone = self._edit_panel(state), turn.flow_id not in self._drawing
        self._drawing.add(turn.flow_id)
        try:
            await edit(await self._draw(turn, state.user))
            while isinstance(turn.result, Progress) and not turn.result.problems:
                turn = await self._flows.answer(turn.flow_id, state.user, turn.step, {})
                await edit(await self._draw(turn, state.user))
        finally:
            if alone:
                self._drawing.discard(turn.flow_id)
        return turn

    async def sweep(self) -> int:
        """End flows nobody finished in time, and say so in their panels; give how many."""
        expired = await self._flows.sweep()
        for state in expired:
            await self._close_panel(state)
        return len(expired)

    async def _start_here(self, interaction: Interaction, turn: Turn) -> None:
        edit = self._remember(turn.flow_id, _edit_original(interaction))
        await edit(await self._draw(turn, _member(interaction), note=say("view.dm_closed")))
        await self._work(interaction, turn, edit)

    async def _clicked(self, interaction: Interaction, custom_id: str, values: Sequence[str]) -> None:
        aim = Aim.read(custom_id)
        if aim is not None:
            await self._guarded(interaction, aim, self._act(interaction, aim, values))

    async def _interacted(self, interaction: Interaction) -> None:
        """Take what the library drops: forms opened before a restart, and buttons since drawn over."""
        data: Any = interaction.data or {}
        aim = Aim.read(str(data.get("custom_id", "")))
        if aim is None:
            return
        if interaction.type is discord.InteractionType.modal_submit:
            await self._guarded(interaction, aim, self._take_form(interaction, aim))
        elif interaction.type is discord.InteractionType.component and _is_stale(interaction, aim):
            await self._guarded(interaction, aim, self._act(interaction, aim, data.get("values", ())))

    async def _act(self, interaction: Interaction, aim: Aim, values: Sequence[str]) -> None:
        if aim.action == FORM:
            await self._open_form(interaction, aim)
            return
        await interaction.response.defer()  # what follows may take longer than three seconds
        user, powers = _member(interaction), self._powers(interaction)
        match aim.action:
            case ids.BACK:
                turn = await self._flows.back(aim.flow_id, user, aim.step, powers)
            case ids.CANCEL:
                turn = await self._flows.cancel(aim.flow_id, user)
            case ids.FRESH:
                turn = await self._flows.show(aim.flow_id, user, powers)
            case _:
                answer = _answer(aim, values)
                turn = await self._flows.answer(aim.flow_id, user, aim.step, answer, powers)
        await self._present(interaction, turn)

    async def _open_form(self, interaction: Interaction, aim: Aim) -> None:
        """Answer with the modal, which must be the first answer."""
        turn = await self._flows.show(aim.flow_id, _member(interaction), self._powers(interaction))
        if turn.step != aim.step or not isinstance(turn.result, Form):
            await interaction.response.defer()
            raise FlowRefused("moved_on")
        if self._only_page(turn.result):
            raise FlowRefused("page_only")  # a panel drawn before the owner decided so
        form = modal(turn, turn.result)
        await interaction.response.send_modal(form)
        form.stop()  # the library need not remember it: see _interacted

    async def _take_form(self, interaction: Interaction, aim: Aim) -> None:
        await interaction.response.defer()
        user, powers = _member(interaction), self._powers(interaction)
        if self._door is not None and self._door.required:
            asked = (await self._flows.show(aim.flow_id, user, powers)).result
            if isinstance(asked, Form) and self._only_page(asked):
                raise FlowRefused("page_only")
        turn = await self._flows.answer(aim.flow_id, user, aim.step, typed(interaction), powers)
        await self._present(interaction, turn)

    async def _present(self, interaction: Interaction, turn: Turn) -> None:
        """Draw the next step over the panel that was clicked."""
        edit = self._remember(turn.flow_id, _edit_original(interaction))
        await edit(await self._draw(turn, _member(interaction)))
        await self._work(interaction, turn, edit)

    async def _work(self, interaction: Interaction, turn: Turn, edit: Edit) -> None:
        """Do what takes a moment, now that the panel says so."""
        while isinstance(turn.result, Progress) and not turn.result.problems:
            user, powers = _member(interaction), self._powers(interaction)
            turn = await self._flows.answer(turn.flow_id, user, turn.step, {}, powers)
            await edit(await self._draw(turn, user))

    async def _guarded(self, interaction: Interaction, aim: Aim, work: Awaitable[None]) -> None:
        """Let every click end in a changed panel or one clear sentence."""
        alone = aim.flow_id not in self._drawing
        self._drawing.add(aim.flow_id)
        try:
            await work
        except FlowRefused as refused:
            await _tell(interaction, notice(f"refused.{refused.key}", ENDED))
            if refused.key == "moved_on" and alone:
                await self._catch_up(interaction, aim)
        except DomainError as error:
            await _tell(interaction, notice("problem.note", WRONG, text=str(error)))
        except Exception:  # noqa: BLE001 - logged below, as text: a renderer might print local variables
            reference = hashlib.blake2b(str(interaction.id).encode(), digest_size=4).hexdigest()
            log.error("wizard failed", reference=reference, trace=traceback.format_exc())
            await _tell(interaction, notice("view.failed", WRONG, ref=reference))
        finally:
            if alone:
                self._drawing.discard(aim.flow_id)

    async def _catch_up(self, interaction: Interaction, aim: Aim) -> None:
        """Draw a panel anew that fell behind its flow: the bot died, or Discord refused the change."""
        with contextlib.suppress(FlowRefused, discord.HTTPException):
            turn = await self._flows.show(aim.flow_id, _member(interaction), self._powers(interaction))
            await self._present(interaction, turn)

    async def _draw(self, turn: Turn, user: UserId, note: str = "") -> ui.LayoutView:
        """Draw a turn; a form for secrets gets a fresh link to the page, where there is one."""
        page = None
        if self._door is not None and isinstance(turn.result, Form) and is_secret(turn.result):
            url = await self._door.form(flow_id=turn.flow_id, user=user, step=turn.step)
            page = Page(url=url, only=self._door.required)
        return panel(turn, self._items, note, page)

    def _only_page(self, form: Form) -> bool:
        return self._door is not None and self._door.required and is_secret(form)

    def _remember(self, flow_id: str, edit: Edit) -> Edit:
        """Keep the way to a panel that only its interaction can change: one outside direct messages."""
        self._edits[flow_id] = edit
        self._edits.move_to_end(flow_id)
        if len(self._edits) > _EDITS:
            self._edits.popitem(last=False)
        return edit

    def _edit_panel(self, state: FlowState) -> Edit:
        """Give the way to a flow's panel; where there is none any more, nothing is drawn."""
        edit = self._edits.get(state.id)
        if state.message and self._client is not None:
            channel = self._client.get_partial_messageable(int(state.channel))
            edit = _edit_message(channel.get_partial_message(int(state.message)))

        async def drawn(view: ui.LayoutView) -> None:
            if edit is not None:
                with contextlib.suppress(discord.HTTPException):
                    await edit(view)

        return drawn

    async def _close_panel(self, state: FlowState) -> None:
        if self._client is None or not state.channel:
            return
        channel = self._client.get_partial_messageable(int(state.channel))
        with contextlib.suppress(discord.HTTPException):
            await channel.get_partial_message(int(state.message)).edit(view=notice("view.expired"))


def _is_stale(interaction: Interaction, aim: Aim) -> bool:
    """Tell whether the message has changed since it was clicked: then no item of it is called."""
    if interaction.message is None:
        return True
    now = ui.LayoutView.from_message(interaction.message, timeout=None)
    return all(getattr(item, "custom_id", None) != aim.custom_id for item in now.walk_children())


def _member(interaction: Interaction) -> UserId:
    return UserId(str(interaction.user.id))


def _answer(aim: Aim, values: Sequence[str]) -> Mapping[str, str]:
    if aim.action == PICK:
        return {"choice": values[0] if values else ""}
    return {"choice": aim.value} if aim.action == CHOOSE else {}


def _edit_original(interaction: Interaction) -> Edit:
    async def edit(view: ui.LayoutView) -> None:
        await interaction.edit_original_response(view=view, allowed_mentions=_QUIET)

    return edit


def _edit_message(message: discord.Message | discord.PartialMessage) -> Edit:
    async def edit(view: ui.LayoutView) -> None:
        await message.edit(view=view, allowed_mentions=_QUIET)

    return edit


async def _tell(interaction: Interaction, view: ui.LayoutView) -> None:
    """Say it to the one who clicked; nothing more can be done when the interaction ran out."""
    with contextlib.suppress(discord.HTTPException):
        if interaction.response.is_done():
            await interaction.followup.send(view=view, ephemeral=True, allowed_mentions=_QUIET)
        else:
            await interaction.response.send_message(view=view, ephemeral=True, allowed_mentions=_QUIET)
