"""Decide, from what a transaction read, what it writes. Pure, so that a retry starts from nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from store.port import Entry, Written
from store.specs import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """Hold what is stored: versions of orders, sequences of events by id, last sequences of accounts."""

    versions: dict[str, int]
    sequences: dict[str, int]
    counters: dict[str, int]


@dataclass(slots=True)
class Plan:
    """Collect what to write: orders with whether they are new, numbered events, counters that moved."""

    orders: list[tuple[Row, bool]] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    written: list[Written] = field(default_factory=list)

    def make(self, entries: Sequence[Entry], reads: Reads) -> None:
        """Go through the entries in order, each seeing what those before it did."""
        for entry in entries:
            version = None if entry.row is None else self._order(entry.row, reads)
            if entry.row is not None and version is None:
                self.written.append(Written(version=None, sequences=()))
                continue
            sequences = tuple(self._event(event, reads) for event in entry.events)
            self.written.append(Written(version=version, sequences=sequences))

    def _order(self, row: Row, reads: Reads) -> int | None:
        stored = reads.versions.get(row.id)
        if stored is None and row.version == 0:
            reads.versions[row.id] = 0
            self.orders.append((row, True))
            return 0
        if stored != row.version:
            return None
        reads.versions[row.id] = row.version + 1
        self.orders.append((row, False))
        return row.version + 1

    def _event(self, event: Row, reads: Reads) -> int:
        known = reads.sequences.get(event.id)
        if known is not None:
            return known
        account = str(event.keys["account_key"])
        sequence = reads.counters.get(account, 0) + 1
        reads.counters[account] = self.counters[account] = reads.sequences[event.id] = sequence
        self.events.append(replace(event, keys={**event.keys, "sequence": sequence}))
        return sequence
