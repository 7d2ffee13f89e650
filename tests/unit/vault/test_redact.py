"""Secrets in every dress, in every place a log line has."""

import base64
import io
import json
import logging
import random
import string
import time
from urllib.parse import quote, quote_plus

import pytest
import structlog

from domain.broker import Credentials
from vault.redact import MASK, Redactor

SECRET = "PK+c4n'ary/ü\\9 x"
FORMS = {
    "raw": SECRET,
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 without padding": base64.b64encode(SECRET.encode()).decode().rstrip("="),
    "urlsafe base64": base64.urlsafe_b64encode(SECRET.encode()).decode(),
    "base64 in a URL": quote(base64.b64encode(SECRET.encode()).decode(), safe=""),
    "url": quote(SECRET),
    "url, all": quote(SECRET, safe=""),
    "form": quote_plus(SECRET),
    "repr": repr(SECRET),
    "repr of bytes": repr(SECRET.encode()),
    "repr in a container": repr({"k": [SECRET]}),
    "json": json.dumps(SECRET),
    "json, unescaped": json.dumps(SECRET, ensure_ascii=False),
    "basic authorization": base64.b64encode(f"user:{SECRET}:x".encode()).decode(),
    "bearer": f"Bearer {SECRET}",
}


@pytest.fixture
def redactor() -> Redactor:
    redactor = Redactor()
    redactor.register(SECRET)
    return redactor


def core(form: str) -> str:
    """Cut the middle out of a form: it is the secret's own, whatever stands around it."""
    text = FORMS[form]
    return text[len(text) * 2 // 5 : len(text) * 4 // 5]


def shows(text: str) -> bool:
    return any(core(form) in text for form in FORMS)


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_masked_in_every_form(redactor: Redactor, form: str):
    text = f"before {FORMS[form]} after"
    clean = redactor.scrub(text)
    assert shows(text)
    assert MASK in clean
    assert not shows(clean)
    assert clean.startswith("before ")
    assert clean.endswith(" after")


def test_text_without_secrets_is_untouched(redactor: Redactor):
    for text in ("", "abc", "PK+", "an ordinary line about $AAPL 150C", "ü" * 500):
        assert redactor.scrub(text) is text


def test_random_secrets_at_random_places_are_masked():
    seed = random.randrange(2**32)
    print("seed", seed)  # noqa: T201 - shown when the test fails
    chance = random.Random(seed)
    redactor = Redactor()
    secrets = [
        "".join(chance.choices(string.ascii_letters + string.digits + "+/=", k=24)) for _ in range(200)
    ]
    for secret in secrets:
        redactor.register(secret)
    for secret in secrets:
        pad = "x" * chance.randrange(9)
        coded = base64.b64encode(f"{pad}{secret}{pad}".encode()).decode()
        clean = redactor.scrub(f"{pad}{secret}{secret}{quote(secret, safe='')} {coded}")
        assert secret not in clean
        assert quote(secret, safe="") not in clean
        assert clean.count(MASK) == 4


def test_a_secret_under_four_characters_is_not_registered():
    redactor = Redactor()
    redactor.register("buy")
    redactor.register("")
    assert redactor.scrub("buy AAPL") == "buy AAPL"


def test_many_secrets_do_not_slow_a_log_line():
    redactor = Redactor()
    for number in range(2000):
        redactor.register(f"{number:04d}-secret-{number * 7919:x}")
    line = "placed order 7f3 for 100 shares of AAPL at 187.20 in account ***9, message 123" * 2
    began = time.perf_counter()
    for _ in range(100):
        redactor.scrub(line)
    assert (time.perf_counter() - began) / 100 < 0.002


def test_a_structlog_event_is_scrubbed_through_and_through(redactor: Redactor):
    out = io.StringIO()
    log = structlog.wrap_logger(
        structlog.PrintLogger(out), processors=[redactor.processor, structlog.processors.JSONRenderer()]
    )
    line = f"failed {SECRET}"
    try:
        raise ValueError(f"refused {SECRET}")
    except ValueError:
        log.exception(line, deep={"a": [SECRET, (SECRET,)], SECRET: 1}, odd=OddRepr(), count=3, none=None)
    event = json.loads(out.getvalue())
    assert not shows(out.getvalue())
    assert "ValueError" in event["exception"]
    assert event["count"] == 3
    assert event["none"] is None


class OddRepr:
    def __repr__(self) -> str:
        return f"<Odd {SECRET}>"


def logged(redactor: Redactor, act) -> str:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.addFilter(redactor.filter())
    handler.setFormatter(logging.Formatter("%(message)s %(extra)s", defaults={"extra": ""}))
    logger = logging.Logger("test")  # noqa: LOG001 - apart from the real tree
    logger.addHandler(handler)
    act(logger)
    return out.getvalue()


def test_the_standard_library_s_records_are_scrubbed(redactor: Redactor):
    def act(logger: logging.Logger) -> None:
        plain = f"plain {SECRET}"
        logger.warning("key %s of %d", SECRET, 5)
        logger.warning(plain, extra={"extra": SECRET})
        logger.warning("fine %s", "words")
        try:
            raise ValueError(SECRET)
        except ValueError:
            logger.exception("broke", stack_info=True)

    text = logged(redactor, act)
    assert not shows(text)
    assert "key *** of 5" in text
    assert "fine words" in text
    assert "ValueError: ***" in text
    assert text.count("Traceback") == 1


def test_a_traceback_without_secrets_keeps_its_exception(redactor: Redactor):
    record = logging.LogRecord("n", logging.ERROR, "p", 1, "m", (), (ValueError, ValueError("x"), None))
    assert redactor.filter().filter(record)
    assert record.exc_info is not None


def test_credentials_print_as_stars_anywhere():
    assert "PKX" not in repr(Credentials({"api_key": "PKX"}))
