"""Be the command line: ``discord-trade-exec run | doctor | vault | demo | version``."""

import argparse
import asyncio
import importlib
import importlib.metadata
import secrets
import sys
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from bot import texts
from bot.problems import Problem

T = TypeVar("T")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and give its exit status: 0, 1 for something in the way, 2 for wrong configuration."""
    arguments, rest = _parser().parse_known_args(argv)
    if rest and arguments.command not in {"demo", "vault"}:
        _parser().error(f"unknown argument {rest[0]}")
    try:
        return _COMMANDS[arguments.command](rest)
    except Problem as problem:
        for sentence in problem.sentences:
            sys.stderr.write(f"{sentence}\n")
        return problem.code
    except KeyboardInterrupt:
        return 130


def version() -> str:
    """Give the installed version."""
    return importlib.metadata.version("discord-trade-exec")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="discord-trade-exec", description="Turn trade signals into orders at each member's own broker."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    commands.add_parser("run", help="run the bot; settings come from the environment and from .env")
    commands.add_parser("doctor", help="check settings and connections, and say what to fix")
    commands.add_parser("vault", help="see and change the keys credentials are sealed with", add_help=False)
    commands.add_parser("demo", help="show the whole job against a local Discord and broker", add_help=False)
    commands.add_parser("version", help="print the version")
    return parser


def _run(_: Sequence[str]) -> int:
    from bot import harden, logs
    from bot.settings import load

    settings = load()
    harden.protect_memory()
    json = logs.wants_json(settings.log_format, sys.stderr)
    redactor = logs.configure(level=settings.log_level, json=json, secrets=settings.secrets)
    logs.take_over()
    from bot.compose import run

    _told(run(settings, redactor, version()), texts.CRASHED)
    return 0


def _told(work: Coroutine[Any, Any, T], crashed: str) -> T:
    """Run it; what nobody foresaw is logged, and told without a traceback."""
    try:
        return asyncio.run(work)
    except Problem:
        raise
    except Exception as error:  # noqa: BLE001 - see above
        from bot import logs

        reference = secrets.token_hex(4)
        logs.write_crash(error, reference)
        raise Problem(crashed.format(reference=reference)) from None


def _doctor(_: Sequence[str]) -> int:
    from bot.doctor import examine

    return asyncio.run(examine(sys.stdout.write))


def _vault(rest: Sequence[str]) -> int:
    from bot import harden, logs, vaultctl
    from bot.settings import load

    asked = vaultctl.parse(rest)
    settings = load()
    harden.protect_memory()
    json = logs.wants_json(settings.log_format, sys.stderr)
    logs.configure(level=settings.log_level, json=json, secrets=settings.secrets)
    logs.take_over()
    work = vaultctl.run(asked, settings, lambda line: sys.stdout.write(f"{line}\n"))
    return _told(work, texts.VAULT_CRASHED)


def _demo(rest: Sequence[str]) -> int:
    return int(importlib.import_module("bot.demo").main(rest))


def _version(_: Sequence[str]) -> int:
    sys.stdout.write(f"{version()}\n")
    return 0


_COMMANDS = {"run": _run, "doctor": _doctor, "vault": _vault, "demo": _demo, "version": _version}

if __name__ == "__main__":
    sys.exit(main())
