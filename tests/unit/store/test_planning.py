"""Check what a MongoDB transaction decides to write, without a server."""

from store.mongo.planning import Plan, Reads
from store.port import Entry
from store.specs import Row


def row(key, version=0):
    return Row(id=key, version=version, keys={}, body={})


def happened(key, account="a"):
    return Row(id=key, version=0, keys={"account_key": account, "sequence": 0}, body={})


def planned(entries, *, versions=None, sequences=None, counters=None):
    plan = Plan()
    plan.make(entries, Reads(versions=versions or {}, sequences=sequences or {}, counters=counters or {}))
    return plan


def test_a_new_order_is_inserted_and_its_events_take_the_next_numbers():
    plan = planned([Entry(row=row("o1"), events=(happened("e1"), happened("e2")))], counters={"a": 6})
    assert [(one.id, fresh) for one, fresh in plan.orders] == [("o1", True)]
    assert [one.keys["sequence"] for one in plan.events] == [7, 8]
    assert plan.counters == {"a": 8}
    assert plan.written[0].version == 0


def test_an_order_somebody_moved_is_left_alone_with_its_events():
    plan = planned([Entry(row=row("o1", 1), events=(happened("e1"),))], versions={"o1": 2})
    assert (plan.orders, plan.events, plan.counters) == ([], [], {})
    assert plan.written[0].version is None


def test_a_known_event_keeps_its_number_and_moves_no_counter():
    entry = Entry(row=None, events=(happened("e1"), happened("e9"), happened("e9")))
    plan = planned([entry], sequences={"e1": 3}, counters={"a": 5})
    assert plan.written[0].sequences == (3, 6, 6)
    assert [one.id for one in plan.events] == ["e9"]


def test_later_entries_see_what_earlier_ones_did():
    entries = [Entry(row=row("o1", version), events=()) for version in (0, 0, 1, 1)]
    assert [one.version for one in planned(entries).written] == [0, 1, 2, None]
