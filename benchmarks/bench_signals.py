"""Messages a second through signals.read, beside json.loads and one compiled regex over the same text.

The corpus is tests/fixtures/messages.jsonl. Chat is every message expected to be none; signals are the rest.
Each figure is the best of several rounds on one core.
"""

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from signals import read

AS_OF = datetime(2026, 3, 2, 15, tzinfo=UTC)
ROUNDS = 7
AIM = {"chat": 20_000, "signals": 8_000}
ONE_REGEX = re.compile(
    r"\b(?P<action>BTO|STC|BUY|SELL|LONG|SHORT)\b.*?\$?(?P<symbol>[A-Z]{1,5})\b.*?(?P<price>\d+(?:\.\d+)?)",
    re.I | re.S,
)


def messages() -> dict[str, list[str]]:
    """Give the texts of the corpus by whether they should be orders."""
    path = Path(__file__).parents[1] / "tests" / "fixtures" / "messages.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    chat = [r["text"] for r in rows if r["expected"]["kind"] == "none"]
    return {
        "chat": chat,
        "signals": [r["text"] for r in rows if r["expected"]["kind"] != "none" and r["text"]],
    }


def per_second(work: Callable[[str], object], texts: list[str]) -> float:
    """Give the best rate of several rounds over ``texts``."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        for text in texts:
            work(text)
        best = min(best, time.process_time() - began)
    return len(texts) / best


def slowest(texts: list[str]) -> list[float]:
    """Give the best time of each text in milliseconds, slowest last."""
    times = []
    for text in texts:
        best = float("inf")
        for _ in range(ROUNDS):
            began = time.perf_counter()
            read(text, as_of=AS_OF)
            best = min(best, time.perf_counter() - began)
        times.append(best * 1000)
    return sorted(times)


def main() -> None:
    """Print one table."""
    heads = ("read/s", "aim", "json.loads/s", "one regex/s", "p99 ms", "max ms")
    print(" " * 10 + "".join(f"{head:>14}" for head in heads))
    for name, texts in messages().items():
        encoded = {text: json.dumps({"text": text}) for text in texts}
        rate = per_second(lambda text: read(text, as_of=AS_OF), texts)
        loads = per_second(lambda text, table=encoded: json.loads(table[text]), texts)
        regex = per_second(ONE_REGEX.search, texts)
        times = slowest(texts)
        row = "".join(f"{figure:14,.0f}" for figure in (rate, AIM[name], loads, regex))
        print(f"{name:10}{row}{times[int(len(times) * 0.99)]:14.3f}{times[-1]:14.3f}")


if __name__ == "__main__":
    main()
