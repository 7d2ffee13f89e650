"""Draw a step's form, with what was wrong the last time and never a secret."""

import json
from collections.abc import Mapping

from aiohttp import web

from api.pages import session
from api.pages.html import Html, inline, join, prose, tag
from api.pages.layout import page
from api.pages.session import Visitor
from api.pages.texts import say
from domain.broker import FieldSpec
from wizard.flow import Form, Problem, Turn
from wizard.texts import say as wizard_say

_LONG = 300
"""Secrets that may be longer have several lines: private keys."""


def draw(
    turn: Turn, form: Form, link: str, who: Visitor, note: str = "", *, shown: bool = False
) -> web.Response:
    """Answer with the form of a turn; ``note`` holds the problems of the last try."""
    problems = (*read(note), *form.problems)
    title = wizard_say(f"{turn.flow}.{turn.step}.title", **form.params)
    words = prose(wizard_say(f"{turn.flow}.{turn.step}.body", **form.params))
    secret = any(spec.secret for spec in form.fields)
    body = tag(
        "form",
        tag("input", type="hidden", name="proof", value=session.proof(who, link)),
        _toggle(link, shown) if secret else None,
        *(_field(spec, form.values.get(spec.key, ""), problems, shown) for spec in form.fields),
        tag(
            "p",
            tag("button", say("form.send" if secret else "form.send_plain"), class_="button"),
            class_="actions",
        ),
        tag("p", say("form.where"), class_="small") if secret else None,
        tag("p", say("form.once"), class_="small"),
        method="post",
        action=f"/link/{link}",
        autocomplete="off",
        novalidate=True,
    )
    caution = form.params.get("caution", "")
    warned = tag("div", prose(caution), class_="care", role="note") if caution else None
    return page(title, _summary(form, problems), words, warned, _setup(form), body, who=who.name)


def write(problems: tuple[Problem, ...]) -> str:
    """Write problems down; they never hold a secret."""
    return json.dumps([[each.key, each.about, dict(each.params)] for each in problems])


def read(note: str) -> tuple[Problem, ...]:
    """Read them back."""
    kept = json.loads(note) if note else []
    return tuple(Problem(key=key, about=about, params=params) for key, about, params in kept)


def typed(form: Form, sent: Mapping[str, object]) -> Mapping[str, str]:
    """Give what was typed into the fields of a form, and nothing else that was sent."""
    values = {spec.key: sent.get(_name(spec), "") for spec in form.fields}
    # Browsers end the lines of a text area in two characters; private keys have one.
    return {key: value.replace("\r\n", "\n") for key, value in values.items() if isinstance(value, str)}


def words_of(problem: Problem) -> Html:
    """Say what is wrong."""
    return inline(wizard_say(f"problem.{problem.key}", **problem.params))


def _summary(form: Form, problems: tuple[Problem, ...]) -> Html | None:
    if not problems:
        return None
    known = {spec.key: spec for spec in form.fields}
    items = []
    for each in problems:
        spec = known.get(each.about)
        words = words_of(each)
        items.append(tag("li", tag("a", words, href=f"#{_name(spec)}") if spec else words))
    retype = tag("p", say("form.retype")) if any(spec.secret for spec in form.fields) else None
    return tag(
        "section",
        tag("h2", say("form.problems"), id="problems"),
        tag("ul", *items),
        retype,
        class_="wrong",
        role="alert",
        aria_labelledby="problems",
        tabindex="-1",
        autofocus=True,
    )


def _setup(form: Form) -> Html | None:
    address = form.params.get("setup", "")
    if not address.startswith("https://"):
        return None
    return tag("p", tag("a", say("form.setup"), href=address, rel="noreferrer noopener", target="_blank"))


def _toggle(link: str, shown: bool) -> Html:
    """Offer to see what is typed: before typing, for nothing is kept of a secret when the page changes."""
    address = f"/link/{link}" if shown else f"/link/{link}?show=yes"
    words = tag("a", say("form.hide" if shown else "form.show"), href=address)
    return tag("p", words, " ", tag("span", say("form.show_note"), class_="small"), class_="toggle")


def _field(spec: FieldSpec, value: str, problems: tuple[Problem, ...], shown: bool) -> Html:
    wrong = [each for each in problems if each.about == spec.key]
    name = _name(spec)
    described = " ".join(
        part for part in (f"{name}-help" if spec.help else "", f"{name}-wrong" if wrong else "") if part
    )
    optional = None if spec.required else tag("span", say("form.optional"), class_="optional")
    return tag(
        "div",
        tag("label", spec.label, " " if optional else None, optional, for_=name),
        tag("p", spec.help, class_="help", id=f"{name}-help") if spec.help else None,
        tag("p", join(*(words_of(each) for each in wrong)), class_="fault", id=f"{name}-wrong")
        if wrong
        else None,
        _input(spec, value, described, shown, wrong=bool(wrong)),
        class_="field faulty" if wrong else "field",
    )


def _input(spec: FieldSpec, value: str, described: str, shown: bool, *, wrong: bool) -> Html:
    shared: dict[str, str | bool | None] = {
        "id": _name(spec),
        "name": _name(spec),
        "required": spec.required,
        "aria_describedby": described or None,
        "aria_invalid": "true" if wrong else None,
    }
    if spec.choices:
        options = [
            tag("option", label, value=choice, selected=choice == value) for choice, label in spec.choices
        ]
        first = tag("option", say("form.choose"), value="", selected=True) if not value else None
        return tag("select", first, *options, **shared)
    plain: dict[str, str | bool | None] = {
        **shared,
        "maxlength": str(spec.max_length),
        "autocomplete": "off",
        "autocapitalize": "none",
        "spellcheck": "false",
    }
    if spec.max_length > _LONG:
        masked = "masked" if spec.secret and not shown else None
        return tag("textarea", "" if spec.secret else value, rows="6", class_=masked, **plain)
    if spec.secret:
        return tag("input", type="text" if shown else "password", **plain)
    return tag("input", type="text", value=value, **plain)


def _name(spec: FieldSpec | None) -> str:
    return f"field-{spec.key}" if spec else "title"
