"""Be ``discord-trade-exec vault status | rotate | reseal``: change the keys of what is sealed."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot import texts
from bot.problems import Problem
from bot.settings import Settings
from bot.vaults import open_ring
from domain.clock import SystemClock
from domain.errors import DomainError, StoreUnavailable, VaultError
from domain.ports import Clock, Store
from store import open_store
from vault.ring import KeyRing
from vault.rotation import Owner, Rotation, Shelf, Survey, Tally
from vault.vault import EnvelopeVault
from wizard.manager import SEALED_AS

Write = Callable[[str], Any]
BEGUN = "vault.reseal"
"""The file in the data directory that says since when a reseal is under way."""
_SHOWN = 20


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the words after ``vault``; ends the process when they are none of ours."""
    parser = argparse.ArgumentParser(
        prog="discord-trade-exec vault",
        description="Change the keys credentials are sealed with.",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    status = actions.add_parser("status", help="count what is sealed under which key")
    status.add_argument("--check", action="store_true", help="also see that each data key can be opened")
    actions.add_parser("rotate", help="move every data key to the key now set, without opening credentials")
    actions.add_parser("reseal", help="seal every credential anew under a fresh data key")
    return parser.parse_args(arguments)


async def run(asked: argparse.Namespace, settings: Settings, write: Write) -> int:
    """Do it, telling how it goes; give 1 when something does not open. Raises Problem with a sentence."""
    clock = SystemClock()
    ring = open_ring(settings, clock)
    try:
        store = await _open_store(settings)
        try:
            return await _Vaultctl(ring, store, clock, settings.data_dir, write).do(asked)
        except VaultError as error:
            raise Problem(texts.VAULT_STOPPED.format(why=error)) from error
        except StoreUnavailable as error:
            raise Problem(str(error)) from error
        finally:
            await store.close()
    finally:
        await ring.close()


async def _open_store(settings: Settings) -> Store:
    uri = settings.mongodb_uri.get_secret_value() if settings.mongodb_uri is not None else None
    try:
        return await open_store(data_dir=settings.data_dir, mongodb_uri=uri)
    except DomainError as error:
        raise Problem(str(error)) from error


def shelves(store: Store) -> Sequence[Shelf]:
    """Name everything that holds sealed values. A test fails when a record with such a field is missing."""
    return (
        Shelf(
            name="accounts",
            repository=store.accounts,
            owner=lambda kept: Owner(user=kept.user, broker=kept.broker, account=kept.id),
        ),
        Shelf(
            name="wizards",
            repository=store.flows,
            owner=lambda kept: Owner(user=kept.user, broker=SEALED_AS, account=kept.id),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Vaultctl:
    ring: KeyRing
    store: Store
    clock: Clock
    data_dir: Path
    write: Write

    async def do(self, asked: argparse.Namespace) -> int:
        rotation = Rotation(self.ring, EnvelopeVault(self.ring, self.clock), shelves(self.store))
        if asked.action == "status":
            return self._show(await rotation.survey(check=asked.check), checked=asked.check)
        await self.ring.prove()
        tally = await (rotation.rotate() if asked.action == "rotate" else self._reseal(rotation))
        self._report(tally)
        return self._show(await rotation.survey(), checked=False) or bool(tally.lost)

    async def _reseal(self, rotation: Rotation) -> Tally:
        """Go on with a reseal that was cut short, or begin one; its mark goes when nothing is left."""
        mark = self.data_dir / BEGUN
        begun = _read(mark)
        if begun is not None:
            self.write(texts.RESEAL_RESUMED.format(at=_when(begun)))
        else:
            begun = self.clock.now()
            _write(mark, begun)
        tally = await rotation.reseal(begun)
        if not tally.lost:
            mark.unlink(missing_ok=True)
        return tally

    def _report(self, tally: Tally) -> None:
        self.write(texts.VAULT_DONE.format(done=tally.done, right=tally.right))
        self._lost(tally.lost)

    def _show(self, survey: Survey, *, checked: bool) -> int:
        self.write(texts.VAULT_CURRENT.format(key=survey.current))
        for key, count in sorted(
            survey.values.items(), key=lambda item: (item[0] != survey.current, item[0])
        ):
            self.write(texts.VAULT_UNDER.format(count=count, key=key))
        held = ", ".join(f"{count} {name}" for name, count in sorted(survey.records.items()))
        self.write(texts.VAULT_HELD.format(held=held or "nothing"))
        if survey.oldest is not None:
            days = (self.clock.now() - survey.oldest).days
            self.write(texts.VAULT_OLDEST.format(at=_when(survey.oldest), days=days))
        if survey.first_version:
            self.write(texts.VAULT_FIRST.format(count=survey.first_version))
        self._lost(survey.lost)
        if checked and not survey.lost:
            self.write(texts.VAULT_CHECKED)
        left = texts.VAULT_LEFT.format(count=survey.left) if survey.left else texts.VAULT_NOTHING_LEFT
        self.write(left)
        return 1 if survey.lost else 0

    def _lost(self, lost: Sequence[tuple[str, str]]) -> None:
        for name, why in lost[:_SHOWN]:
            self.write(texts.VAULT_LOST.format(name=name, why=why))
        if len(lost) > _SHOWN:
            self.write(texts.VAULT_MORE_LOST.format(count=len(lost) - _SHOWN))


def _read(mark: Path) -> datetime | None:
    try:
        return datetime.fromisoformat(mark.read_text()).astimezone(UTC)
    except (OSError, ValueError):
        return None


def _write(mark: Path, begun: datetime) -> None:
    """Write the mark whole or not at all. Raises Problem."""
    draft = mark.with_suffix(".draft")
    try:
        mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.write_text(begun.isoformat())
        draft.replace(mark)
    except OSError as error:
        raise Problem(texts.NOT_WRITABLE.format(path=mark.parent, why=error.strerror)) from error


def _when(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
