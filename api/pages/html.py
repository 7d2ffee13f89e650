"""Write HTML. This is the only place that escapes; whatever is not ``Html`` is text."""

import html
import re

_VOID = frozenset({"meta", "link", "input", "br"})
_BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
_CODE = re.compile(r"`([^`]+)`")


class Html(str):
    """Be markup: it goes into a page as it is."""

    __slots__ = ()


Child = str | None
Attribute = str | bool | None


def tag(element: str, /, *children: Child, **attributes: Attribute) -> Html:
    """Write an element. Children are text unless they are Html.

    ``class_`` and ``for_`` lose their underscore, others become dashes; None and False leave one out.
    """
    head = "".join(_attribute(key, value) for key, value in attributes.items())
    if element in _VOID:
        return Html(f"<{element}{head}>")
    return Html(f"<{element}{head}>{join(*children)}</{element}>")


def join(*children: Child) -> Html:
    """Put pieces one after another."""
    return Html("".join(text(child) for child in children if child is not None))


def text(value: str) -> Html:
    """Escape text; leave markup alone."""
    return value if isinstance(value, Html) else Html(html.escape(value, quote=True))


def prose(words: str) -> Html:
    """Write the wizard's words, in which two stars are bold, back-ticks are code and lines are lines."""
    lines = [line.removeprefix("-# ").removeprefix("### ") for line in words.split("\n")]
    return join(*(tag("p", _inline(line)) for line in lines if line.strip()))


def inline(words: str) -> Html:
    """Write the wizard's words as one line."""
    return _inline(words.replace("\n", " "))


def _inline(words: str) -> Html:
    escaped = html.escape(words, quote=True)
    return Html(_CODE.sub(r"<code>\1</code>", _BOLD.sub(r"<strong>\1</strong>", escaped)))


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(str(value), quote=True)}"'
