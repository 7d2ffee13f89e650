"""Write docs/reference/errors.md: ``python scripts/errors_table.py`` (a minute: every row really happens)."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bot import texts as bot_texts  # noqa: E402
from tests.integration import error_matrix  # noqa: E402
from trading.texts import SENTENCES  # noqa: E402

PAGE = ROOT / "docs" / "reference" / "errors.md"


def words() -> Mapping[str, str]:
    """Give the bot's own sentences that the page quotes, with names for what is filled in."""
    filled = {"broker": "Alpaca", "limit": "60", "name": "Mine", "reason": "*the sentence*"}
    said = {"unknown": "outcome_unknown", "unreachable": "broker_unreachable", "expired": "not_taken"}
    quoted = {name: SENTENCES[code] for name, code in said.items()} | {"blocked": bot_texts.ACCOUNT_BLOCKED}
    return {name: f"“{text.format_map(filled)}”" for name, text in quoted.items()}


def main() -> None:
    """Bring every row about and write down what was said."""
    from tests.integration.error_scenes import play

    said = {}
    for row in error_matrix.ROWS:
        told = asyncio.run(play(row))
        said[row.id] = told.error.text if told.error is not None else ""
    PAGE.write_text(error_matrix.page(said, words()))
    print(f"{PAGE.relative_to(ROOT)} is written: {len(said)} rows")


if __name__ == "__main__":
    main()
