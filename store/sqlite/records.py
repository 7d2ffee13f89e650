"""Write orders and their events, and new trades with theirs, inside one transaction."""

import sqlite3
from dataclasses import replace

from store.port import Entry, Opening, Written
from store.specs import Row
from store.sqlite.statements import Statements

_NEXT = "SELECT COALESCE(MAX(sequence), 0) + 1 FROM events WHERE account_key = ?"
_ORDER_OF_ID = "SELECT 1 FROM orders WHERE id = ?"
_OF_ID = "SELECT sequence FROM events WHERE id = ?"


def write_entry(
    connection: sqlite3.Connection, orders: Statements, events: Statements, entry: Entry
) -> Written:
    """Write one entry: nothing of it when its compare-and-set loses."""
    version = None if entry.row is None else _write_order(connection, orders, entry.row)
    if entry.row is not None and version is None:
        return Written(version=None, sequences=())
    return Written(version=version, sequences=tuple(_append(connection, events, row) for row in entry.events))


def write_opening(
    connection: sqlite3.Connection,
    trades: Statements,
    orders: Statements,
    events: Statements,
    opening: Opening,
) -> bool:
    """Write a new trade with all that belongs to it; nothing where the trade or an order is there already."""
    if any(connection.execute(_ORDER_OF_ID, (row.id,)).fetchone() for row in opening.orders):
        return False
    if connection.execute(trades.insert, trades.insert_values(opening.trade)).rowcount != 1:
        return False
    for row in opening.orders:
        connection.execute(orders.insert, orders.insert_values(row))
    for event in opening.events:
        _append(connection, events, event)
    return True


def _write_order(connection: sqlite3.Connection, orders: Statements, row: Row) -> int | None:
    if connection.execute(orders.update, orders.update_values(row)).rowcount == 1:
        return row.version + 1
    if row.version == 0 and connection.execute(orders.insert, orders.insert_values(row)).rowcount == 1:
        return 0
    return None


def _append(connection: sqlite3.Connection, events: Statements, row: Row) -> int:
    known = connection.execute(_OF_ID, (row.id,)).fetchone()
    if known is not None:
        return int(known[0])
    (sequence,) = connection.execute(_NEXT, (row.keys["account_key"],)).fetchone()
    placed = replace(row, keys={**row.keys, "sequence": sequence})
    connection.execute(events.insert, events.insert_values(placed))
    return int(sequence)
