"""Run the real bot, whole, with its passages stamped: ``probed_bot.py STAMPS``, settings as always."""

import sys
from dataclasses import replace
from pathlib import Path

import probes


def lift_rate_limit() -> None:
    """Let the benchmark send as often as it likes; the limiter itself stays in the path."""
    from adapters.alpaca import client

    rates = tuple(replace(rate, count=10**6) for rate in client.MANIFEST.rates)
    client.MANIFEST = replace(client.MANIFEST, rates=rates)


def attach() -> None:
    """Stamp what lies between the listener and the SDK."""
    from adapters.alpaca.session import AlpacaSession
    from store.sqlite.writer import Writer
    from trading.intake import Intake
    from trading.jobs import Plan
    from trading.planner import Planner
    from trading.sender import Sender

    probes.note_listener("Signals.on_message")
    probes.note_spans(Writer, "run", "commit")
    # The message's own row is written by a task of its own: what the account still waits for counts.
    probes.note_spans(Plan, "meant", "commit")
    probes.note_calls(Intake, "dispatch", "dispatch")
    probes.note_spans(Planner, "plan", "plan")
    probes.note_calls(Sender, "send", "send")
    probes.note_calls(AlpacaSession, "submit", "submit")
    probes.note_sdk()


def main() -> int:
    """Run until SIGTERM, then leave the stamps."""
    from bot.__main__ import main as run

    lift_rate_limit()
    attach()
    try:
        return run(["run"])
    finally:
        probes.write(Path(sys.argv[1]))


if __name__ == "__main__":
    sys.exit(main())
