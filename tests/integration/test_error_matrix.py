"""Whatever goes wrong at a broker, a member reads what is wrong, where, and what to do; and no order is lost.

The rows are in error_matrix.py; how each is brought about is in error_scenes.py.
"""

import re

import pytest

from domain.errors import OutcomeUnknown, Sent
from scripts import errors_table
from tests.contract.harnesses import HARNESSES
from tests.integration.error_matrix import ROWS, TITLES, Reason, Row, Trouble, page, sentences
from tests.integration.error_scenes import play

NAMED = {"paper": r"[Pp]aper (trading|account)", "ibkr": r"Interactive Brokers|TWS", "schwab": "Schwab"}
NAMED |= {"alpaca": "Alpaca", "moomoo": "[Mm]oomoo", "kraken": "Kraken", "coinbasepro": "Coinbase"}
ADVICE = re.compile(
    r"\b(Ask|Cancel|Check|Choose|Close|Copy|Edit|Give|Link|Make|Sign in|Try|Unlock|check|link|see|tell|try)\b"
    r"|is being checked|is tried again"
)
JARGON = re.compile(
    r"\b(JWT|HTTPS?|TLS|SSL|TCP|DNS|URL|JSON|SDK|REST|nonce|socket|timeout|timed out|exception|traceback|null"
    r"|None|errno|ECONN\w+|OAuth|handshake|payload|status code|[1-5]\d\d)\b|[{}<>_\\\n]|0x|\w+Error",
    re.IGNORECASE,
)
PAGE = sentences(errors_table.PAGE.read_text())


def good(text: str, broker: str) -> None:
    """Check that a sentence is fit for a trader."""
    assert re.search(NAMED[broker], text), "it does not say where"
    assert ADVICE.search(text), "it does not say what to do, or what is being done"
    assert not JARGON.search(text), JARGON.search(text)
    assert text[0].isupper()
    assert text.endswith(".")
    assert len(text) <= 300


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
async def test_each_trouble_is_told_in_a_sentence_and_loses_no_order(row: Row) -> None:
    told = await play(row)
    if row.raises is None:
        assert told.error is None
        assert row.reason in Reason, "a row without an error says why"
        return
    error = told.error
    assert type(error) is row.raises, f"{error!r}"
    assert error is not None
    assert (error.code, error.broker) == (row.code, row.broker)
    good(error.text, row.broker)
    assert not [secret for secret in told.secrets if secret in told.printed]
    if told.at_broker:
        # The order is there, so anything but doubt would be a lie.
        assert (type(error), error.sent) == (OutcomeUnknown, Sent.MAYBE)
    assert PAGE[row.id] == error.text, "run python scripts/errors_table.py"


def test_every_broker_has_a_row_for_every_trouble() -> None:
    assert set(TITLES) == {spec.name for spec in HARNESSES}
    assert {(row.broker, row.trouble) for row in ROWS} == {(b, t) for b in TITLES for t in Trouble}
    assert len({row.id for row in ROWS}) == len(ROWS)


def test_a_row_has_an_error_or_a_reason_and_never_both() -> None:
    for row in ROWS:
        assert (row.raises is None) is not (row.reason is None), row.id
        assert bool(row.code) is (row.raises is not None), row.id


def test_only_a_broker_without_secrets_has_none_to_be_wrong() -> None:
    secret = {spec.name: any(f.secret for f in spec.manifest.fields) for spec in HARNESSES}
    named = {spec.name: any(f.key == "account" for f in spec.manifest.fields) for spec in HARNESSES}
    keyless = {row.broker for row in ROWS if row.reason is Reason.NO_KEYS}
    assert keyless == {broker for broker in TITLES if not secret[broker] and not named[broker]}


def test_only_what_runs_inside_the_bot_has_no_address_and_no_clock_of_its_own() -> None:
    inside = {Reason.NO_ADDRESS, Reason.SAME_CLOCK, Reason.WAITS_FOR_PRICE}
    assert {row.broker for row in ROWS if row.reason in inside} == {"paper"}


def test_a_stalled_order_is_in_doubt_at_every_broker() -> None:
    stalled = [row for row in ROWS if row.trouble is Trouble.FROZEN and not row.scene]
    assert {row.broker for row in stalled} == set(TITLES)
    assert {row.raises for row in stalled} == {OutcomeUnknown}


def test_the_page_is_current() -> None:
    text = errors_table.PAGE.read_text()
    assert page(sentences(text), errors_table.words()) == text, "run python scripts/errors_table.py"


@pytest.mark.parametrize(
    "poor",
    [
        "Alpaca failed.",
        "Try again in a minute.",
        "Alpaca answered 403. Try again.",
        "Alpaca: ConnectionError. Try again.",
        "Alpaca did not answer. Try again",
        "Alpaca refused the nonce. Try again.",
        "Alpaca is away. Try again." + " " * 300 + ".",
    ],
)
def test_a_poor_sentence_is_noticed(poor: str) -> None:
    with pytest.raises(AssertionError):
        good(poor, "alpaca")
