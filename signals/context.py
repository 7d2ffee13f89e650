"""Carry what is known around a message: what its author has open, what it replies to, what came before."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Know what surrounds a message.

    ``open_positions`` are underlyings or pairs this author has open: None where nothing is known, an empty
    tuple where nothing is open. ``reply_to_symbol`` is the symbol of the signal this message replies to.
    ``previous_text`` is the author's message before this one.
    """

    open_positions: tuple[str, ...] | None = None
    reply_to_symbol: str | None = None
    previous_text: str | None = None


NOTHING_KNOWN = Context()
