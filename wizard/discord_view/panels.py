"""Draw what a flow shows as one message of Components v2."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

import discord
from discord import ui

from wizard.discord_view.ids import BACK, CANCEL, CHOOSE, FORM, FRESH, PICK, RUN, Aim
from wizard.discord_view.items import Items
from wizard.flow import Abort, Done, External, Form, Menu, Option, Problem, Progress, Screen, Turn
from wizard.texts import say

ASKING = discord.Colour(0x5865F2)
WRONG = discord.Colour(0xD83C3E)
GOOD = discord.Colour(0x2D7D46)
ENDED = discord.Colour(0x747F8D)
MOST_OPTIONS = 25
_BUTTON_CHOICES = 4
"""Up to so many short choices are buttons: one tap instead of two."""
_SHORT = 12
"""Characters of a choice's value that a button can carry (ids.py)."""
_HELP = 100
_LIST = 2800
"""Characters of a list of offers: Discord takes 4,000 in all."""
_POINTER = r"(<(@&?|#)\d{15,20}>|[a-z]+ \d{15,20})"
_POINTERS = re.compile(rf"{_POINTER}(, {_POINTER})*")

Row: TypeAlias = ui.ActionRow[Any]
Container: TypeAlias = ui.Container[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Offer a page of our own for secrets; ``only`` where no form in Discord is offered beside."""

    url: str
    only: bool = False


def panel(turn: Turn, items: Items, note: str = "", page: Page | None = None) -> ui.LayoutView:
    """Draw one turn. ``note`` comes first, for what only this message must say."""
    box: Container = ui.Container(accent_colour=_colour(turn))
    if note:
        box.add_item(ui.TextDisplay(note))
        box.add_item(ui.Separator())
    match turn.result:
        case Done():
            box.add_item(_text(f"done.{turn.flow}", turn.result.params))
        case Abort():
            box.add_item(_text(f"abort.{turn.result.reason}", turn.result.params))
        case _:
            _draw(box, turn, turn.result, items, page)
    view = ui.LayoutView(timeout=None)
    view.add_item(box)
    return view


def notice(key: str, colour: discord.Colour = ENDED, **params: str) -> ui.LayoutView:
    """Draw one sentence."""
    view = ui.LayoutView(timeout=None)
    box: Container = ui.Container(_text(key, params), accent_colour=colour)
    view.add_item(box)
    return view


def words(key: str, params: Mapping[str, str]) -> str:
    """Give the words of ``key`` for Discord: what is filled in cannot format, mention or flood."""
    return say(
        key, **{name: value if _only_mentions(value) else _tame(value) for name, value in params.items()}
    )


def clip(text: str, most: int) -> str:
    """Cut to what Discord takes."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _draw(box: Container, turn: Turn, screen: Screen, items: Items, page: Page | None) -> None:
    box.add_item(ui.TextDisplay(f"### {words(f'{turn.flow}.{turn.step}.title', screen.params)}"))
    box.add_item(_text(f"{turn.flow}.{turn.step}.body", screen.params))
    if isinstance(screen, Form):
        _draw_form_notes(box, screen, page)
    if isinstance(screen, Menu) and _listed(screen):
        offers = "\n".join(_offer(option) for option in screen.options[:MOST_OPTIONS])
        box.add_item(ui.TextDisplay(clip(offers, _LIST)))
    for problem in screen.problems:
        box.add_item(_problem(problem))
    row = _row(turn, screen, items, page)
    if row is not None:
        box.add_item(row)
    box.add_item(_exits(turn, items))


def _draw_form_notes(box: Container, form: Form, page: Page | None) -> None:
    if form.params.get("setup"):
        box.add_item(_text("view.setup", form.params))
    if page is not None:
        where = say("view.page_only") if page.only else say("view.page_or_form")
        box.add_item(ui.TextDisplay(f"-# {where}"))
    if is_secret(form) and (page is None or not page.only):
        box.add_item(ui.TextDisplay(f"-# {say('view.seen')}"))


def is_secret(form: Form) -> bool:
    """Tell whether a form asks for a secret."""
    return any(spec.secret for spec in form.fields)


def _row(turn: Turn, screen: Screen, items: Items, page: Page | None) -> Row | None:
    """Give what the step is answered with."""
    match screen:
        case Form():
            return _ways_to_fill(turn, screen, items, page)
        case Menu():
            return _choices(turn, screen, items)
        case External():
            link: ui.Button[Any] = ui.Button(label=say("view.open_page"), url=screen.url)
            return ui.ActionRow(link, _button(turn, items, say("view.continue"), RUN, primary=True))
        case Progress():
            # Also without a problem: if the bot is restarted meanwhile, this is the way on.
            return ui.ActionRow(_button(turn, items, say("view.retry"), RUN, primary=bool(screen.problems)))
        case _:
            assert_never(screen)


def _ways_to_fill(turn: Turn, form: Form, items: Items, page: Page | None) -> Row:
    row: Row = ui.ActionRow()
    if page is None or not page.only:
        label = words(f"{turn.flow}.{turn.step}.open", form.params)
        row.add_item(_button(turn, items, label, FORM, primary=True))
    if page is not None:
        row.add_item(ui.Button(label=say("view.page"), url=page.url))
        row.add_item(_button(turn, items, say("view.fresh"), FRESH))
    return row


def _choices(turn: Turn, menu: Menu, items: Items) -> Row:
    short = all(not option.help and len(option.value) <= _SHORT for option in menu.options)
    if len(menu.options) <= _BUTTON_CHOICES and short:
        buttons = [
            _button(turn, items, option.label, CHOOSE, value=option.value, primary=first)
            for first, option in zip((True, *[False] * _BUTTON_CHOICES), menu.options, strict=False)
        ]
        return ui.ActionRow(*buttons)
    options = [
        discord.SelectOption(
            label=clip(option.label, 100),
            value=option.value,
            description=None if _listed(menu) else option.help or None,
        )
        for option in menu.options[:MOST_OPTIONS]
    ]
    select: ui.Select[Any] = ui.Select(
        custom_id=Aim(flow_id=turn.flow_id, step=turn.step, action=PICK).custom_id,
        placeholder=clip(words(f"{turn.flow}.{turn.step}.pick", menu.params), 150),
        options=options,
    )
    return ui.ActionRow(items.select(select))


def _listed(menu: Menu) -> bool:
    """Tell whether the helps are longer than a menu of Discord's shows: then they stand above it."""
    return any(len(option.help) > _HELP for option in menu.options)


def _offer(option: Option) -> str:
    return f"**{_tame(option.label)}**\n-# {_tame(option.help)}"


def _exits(turn: Turn, items: Items) -> Row:
    row: Row = ui.ActionRow()
    if turn.can_go_back:
        row.add_item(_button(turn, items, say("view.back"), BACK))
    row.add_item(_button(turn, items, say("view.cancel"), CANCEL))
    return row


def _button(
    turn: Turn, items: Items, label: str, action: str, *, value: str = "", primary: bool = False
) -> ui.DynamicItem[ui.Button[Any]]:
    style = discord.ButtonStyle.primary if primary else discord.ButtonStyle.secondary
    aim = Aim(flow_id=turn.flow_id, step=turn.step, action=action, value=value)
    return items.button(ui.Button(label=clip(label, 80), style=style, custom_id=aim.custom_id))


def _problem(problem: Problem) -> ui.TextDisplay[Any]:
    return ui.TextDisplay(f"⚠️ {words(f'problem.{problem.key}', problem.params)}")


def _text(key: str, params: Mapping[str, str]) -> ui.TextDisplay[Any]:
    return ui.TextDisplay(words(key, params))


def _only_mentions(value: str) -> bool:
    """Tell whether a value points at people, roles or channels and at nothing else; nobody is pinged."""
    return _POINTERS.fullmatch(value) is not None


def _tame(value: str) -> str:
    escaped = discord.utils.escape_mentions(discord.utils.escape_markdown(value))
    return clip(escaped.replace("\n", " "), 400)


def _colour(turn: Turn) -> discord.Colour:
    if isinstance(turn.result, Done):
        return GOOD
    if isinstance(turn.result, Abort):
        return ENDED
    return WRONG if turn.result.problems else ASKING
