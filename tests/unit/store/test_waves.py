"""Check how MongoDB writes are cut into waves and events placed, without a server."""

from store.mongo.journal import Job, waves
from store.mongo.numbering import place
from store.port import Entry
from store.specs import Row


def entry(key=None):
    row = None if key is None else Row(id=key, version=0, keys={}, body={})
    return Entry(row=row, events=())


def cut(*jobs):
    made = [Job(entries=[entry(key) for key in keys], done=None) for keys in jobs]
    return [[one.row and one.row.id for _, one in wave] for wave in waves(made)]


def test_what_many_callers_ask_for_goes_in_one_wave():
    assert cut(["a", "b"], ["c"], [None], []) == [["a", "b", "c", None]]


def test_a_second_move_of_an_order_waits_for_the_first():
    assert cut(["a", "b", "a"], ["b", "a", None, "a"]) == [["a", "b"], ["a", "b"], ["a", None], ["a"]]


def test_nothing_asked_is_no_wave():
    assert cut([]) == []


def test_events_take_the_next_numbers_of_their_own_accounts_in_order():
    events = [{"_id": str(n), "account_key": key} for n, key in enumerate("abaab")]
    last = {"a": 6, "b": 0}
    assert [one["sequence"] for one in place(events, last)] == [7, 1, 8, 9, 2]
    assert last == {"a": 6, "b": 0}
