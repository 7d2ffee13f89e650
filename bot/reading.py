"""Hand posted messages to the reader of signals."""

from datetime import UTC, datetime

from domain.signals import RawMessage, Reading
from signals import read
from signals.context import Context


def read_message(
    raw: RawMessage,
    *,
    open_positions: tuple[str, ...] | None,
    reply_to_symbol: str | None,
    previous_text: str | None,
) -> Reading:
    """Say what a message means (trading.intake.Reader)."""
    context = Context(
        open_positions=open_positions, reply_to_symbol=reply_to_symbol, previous_text=previous_text
    )
    return read(raw.content, as_of=raw.posted_at, context=context, embeds=raw.embeds)


def warm_reader() -> None:
    """Read once before the first message: the reader builds its tables on first use."""
    read("Buying MSFT at 412.50, stop 405, target 425", as_of=datetime.now(UTC))
