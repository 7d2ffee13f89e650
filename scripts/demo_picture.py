"""Draw docs/img/demo.svg, a picture of the demo's transcript: ``python scripts/demo_picture.py``.

The demo runs as anybody would run it. What it printed is cut to one trade, the crash and the receipt, and
drawn with fonts of the reader's machine: nothing in the picture is fetched from elsewhere.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "img" / "demo.svg"
WIDTH = 110
TITLE = "make demo"
CHAPTERS = ("1 ·", "7 ·", "Final positions")
_ACTOR = re.compile(r"^\s*[\d.]+s\s+(?P<who>\S.*)")
_FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
Block = list[Text]


def transcript() -> list[Text]:
    """Run the demo and give what it printed, line by line. Raises CalledProcessError when it failed."""
    shown = {**os.environ, "FORCE_COLOR": "1", "COLORTERM": "truecolor", "TERM": "xterm-256color"}
    done = subprocess.run(
        [sys.executable, "-m", "bot", "demo"],
        cwd=ROOT,
        env=shown,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return [Text.from_ansi(line) for line in done.stdout.splitlines()]


def chapters(lines: Iterable[Text]) -> Iterator[Block]:
    """Cut at the empty line before each title."""
    chapter: Block = []
    for line in lines:
        if not line.plain.strip():
            yield chapter
            chapter = []
        else:
            chapter.append(line)
    yield chapter


def blocks(chapter: Block) -> Iterator[Block]:
    """Cut at each line on which somebody begins to act or speak."""
    block: Block = []
    for line in chapter:
        if _ACTOR.match(line.plain) and block:
            yield block
            block = []
        block.append(line)
    yield block


def cut(chapter: Block) -> Block:
    """Keep what each actor did, and of the bot's edits of a message only how it ended, for one member."""
    every = list(blocks(chapter))
    panels = [index for index, block in enumerate(every) if "bot → Ben" in block[0].plain]
    end = next((i for i, block in enumerate(every) if "edits" in block[0].plain), len(every))
    last = max((index for index in panels if index < end), default=-1)
    kept = [block for i, block in enumerate(every[:end]) if "bot →" not in block[0].plain or i == last]
    return [line for block in kept for line in block]


def chosen(lines: Iterable[Text]) -> list[Text]:
    """Give the parts that fit on a picture. Raises ValueError when one is missing."""
    parts = {chapter[0].plain: chapter for chapter in chapters(lines) if chapter}
    shown: list[Text] = []
    for start in CHAPTERS:
        found = [chapter for title, chapter in parts.items() if title.startswith(start)]
        if not found:
            raise ValueError(f"the demo printed no part called {start!r}")
        shown += [*cut(found[0]), Text()]
    receipt = next(chapter for title, chapter in parts.items() if title.startswith("Receipt"))
    return [*shown, *receipt]


def draw(lines: Sequence[Text]) -> str:
    """Draw the lines as an SVG that fetches nothing."""
    console = Console(
        record=True, width=WIDTH, file=StringIO(), color_system="truecolor", force_terminal=True
    )
    for line in lines:
        line.rstrip()
        console.print(line, no_wrap=True, overflow="crop", crop=True)
    return console.export_svg(title=TITLE, code_format=_plain_format(), unique_id="demo") + "\n"


def _plain_format() -> str:
    without_fonts = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    without_notes = re.sub(r"<!--.*?-->\s*", "", without_fonts)
    spaced = without_notes.replace("<svg ", '<svg xml:space="preserve" ', 1)
    return spaced.replace("Fira Code, monospace", _FONTS).replace(
        "font-family: arial", "font-family: sans-serif"
    )


if __name__ == "__main__":
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(draw(chosen(transcript())))
    print(f"{PICTURE.relative_to(ROOT)} is drawn")
