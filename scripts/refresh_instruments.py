"""Refresh the symbol lists the reader of signals knows from what a broker lists.

python scripts/refresh_instruments.py               asks ALPACA_API_URL, with ALPACA_KEY_ID, ALPACA_SECRET_KEY
python scripts/refresh_instruments.py --file FILE   reads the answer of GET /v2/assets from a file

Symbols are added, never removed: a delisted one finds no instrument later. A new ticker that is also a word
of the trade language, or has one or two letters, goes on the list of words too: it then needs a $ or the
place of a symbol in an order. Look through the difference before you commit it.
"""

import argparse
import json
import os
import sys
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signals import lexicon

DATA = Path(__file__).parents[1] / "signals" / "data"
_LINE = 110
_SHORT = 2
_SECONDS = 30


@dataclass(frozen=True)
class Found:
    """Hold the symbols a broker lists: stocks and the bases of crypto pairs."""

    tickers: frozenset[str]
    coins: frozenset[str]


def read_assets(assets: Iterable[Any]) -> Found:
    """Take the tradable symbols out of the objects of GET /v2/assets; what is no symbol is left out."""
    tickers, coins = set(), set()
    for asset in assets:
        if not isinstance(asset, dict) or not asset.get("tradable") or asset.get("status") == "inactive":
            continue
        symbol = str(asset.get("symbol", ""))
        if asset.get("class") == "crypto":
            base = symbol.partition("/")[0]
            if "/" in symbol and base.isascii() and base.isalnum():
                coins.add(base)
        elif asset.get("class") == "us_equity" and _is_ticker(symbol):
            tickers.add(symbol)
    return Found(frozenset(tickers), frozenset(coins))


def _is_ticker(symbol: str) -> bool:
    root, dot, share = symbol.partition(".")
    plain = root.isascii() and root.isalpha() and root.isupper() and len(root) <= 5
    return plain and (not dot or (len(share) == 1 and share.isalpha()))


def fetch(url: str, key: str, secret: str) -> list[Any]:
    """Ask an Alpaca-compatible broker for its assets (docs.alpaca.markets, GET /v2/assets)."""
    request = urllib.request.Request(
        f"{url.rstrip('/')}/v2/assets?status=active",
        headers={"APCA-API-KEY-ID": key, "APCA-API-SECRET-KEY": secret},
    )
    with urllib.request.urlopen(request, timeout=_SECONDS) as reply:
        found = json.load(reply)
    return found if isinstance(found, list) else []


def merge(folder: Path, found: Found) -> dict[str, int]:
    """Add what is new to the lists in ``folder``; give how many symbols each list gained."""
    known = _listed(folder / "tickers.txt")
    wordlike = {t for t in found.tickers - known if len(t) <= _SHORT or t.lower() in lexicon.words()}
    return {
        name: _add(folder / name, new)
        for name, new in (
            ("tickers.txt", found.tickers),
            ("words.txt", frozenset(wordlike)),
            ("crypto.txt", found.coins),
        )
    }


def _listed(path: Path) -> frozenset[str]:
    lines = path.read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def _add(path: Path, new: frozenset[str]) -> int:
    """Write the list again with ``new`` in it, in order, its comments kept; touch nothing without news."""
    known = _listed(path)
    if not new - known:
        return 0
    comments = [line for line in path.read_text("utf-8").splitlines() if line.startswith("#")]
    path.write_text("\n".join([*comments, *_wrapped(sorted(known | new))]) + "\n", "utf-8")
    return len(new - known)


def _wrapped(words: list[str]) -> list[str]:
    lines, line = [], ""
    for word in words:
        if line and len(line) + 1 + len(word) > _LINE:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line]


def main(arguments: list[str] | None = None, folder: Path = DATA) -> int:
    """Refresh the lists in ``folder``; say what was added."""
    parser = argparse.ArgumentParser(description="Refresh the symbol lists from a broker.")
    parser.add_argument("--file", type=Path, help="an answer of GET /v2/assets, instead of asking for one")
    options = parser.parse_args(arguments)
    url = os.environ.get("ALPACA_API_URL")
    if options.file is not None:
        assets = json.loads(options.file.read_text("utf-8"))
    elif url:
        assets = fetch(url, os.environ.get("ALPACA_KEY_ID", ""), os.environ.get("ALPACA_SECRET_KEY", ""))
    else:
        print("Set ALPACA_API_URL to the broker's address, or give --file FILE.", file=sys.stderr)
        return 2
    for name, count in merge(folder, read_assets(assets)).items():
        print(f"{name}: {count} added")
    return 0


if __name__ == "__main__":
    sys.exit(main())
