"""Flatten Discord embed objects into lines of text, in the order a reader sees them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_MAX_EMBEDS = 10
_READ_TYPES = ("rich", None, "")


def with_embeds(text: str, embeds: Sequence[Mapping[str, Any]]) -> str:
    """Give ``text`` followed by the lines of the embeds a bot wrote; previews of links are left out."""
    lines = [text] if text.strip() else []
    for embed in list(embeds)[:_MAX_EMBEDS]:
        if embed.get("type") in _READ_TYPES:
            lines.extend(_lines(embed))
    return "\n".join(lines)


def _lines(embed: Mapping[str, Any]) -> Iterator[str]:
    author = embed.get("author")
    if isinstance(author, Mapping):
        yield from _text(author.get("name"))
    yield from _text(embed.get("title"))
    yield from _text(embed.get("description"))
    fields = embed.get("fields")
    for field in fields if isinstance(fields, Sequence) and not isinstance(fields, str) else ():
        if isinstance(field, Mapping):
            name, value = (field.get(key) for key in ("name", "value"))
            if isinstance(name, str) and isinstance(value, str):
                yield f"{name.rstrip().removesuffix(':')}: {value}"


def _text(value: object) -> Iterator[str]:
    if isinstance(value, str) and value.strip():
        yield value
