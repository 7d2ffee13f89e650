import io
import json
import logging

import pytest
import structlog

from bot import logs


@pytest.fixture
def stream():
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    stream = io.StringIO()
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_both_ways_of_logging_come_out_as_one_json_line_each(stream):
    logs.configure(level="INFO", json=True, secrets=(), stream=stream)
    structlog.get_logger("a.b").info("hello", count=3)
    logging.getLogger("discord.gateway").warning("shard %s", 4)
    first, second = lines(stream)
    assert (first["event"], first["count"], first["level"], first["logger"]) == ("hello", 3, "info", "a.b")
    assert (second["event"], second["level"]) == ("shard 4", "warning")
    assert first["timestamp"].endswith("Z")


@pytest.mark.parametrize("as_json", [True, False])
def test_a_registered_secret_never_comes_out_not_even_in_a_traceback(stream, as_json):
    secret = 'canary-7f3a"quote'
    redactor = logs.configure(level="INFO", json=as_json, secrets=[secret], stream=stream)
    redactor.register("learnt-later")

    def fail():
        local_value = secret + "local"
        raise ValueError(f"bad {local_value}")

    log = structlog.get_logger("x")
    log.info("one", field=secret, nested={"deep": [secret, "learnt-later"]})
    logging.getLogger("y").warning("two %s", secret)
    try:
        fail()
    except ValueError:
        log.exception("three")
        logging.getLogger("y").exception("four")
    text = stream.getvalue()
    assert "canary" not in text
    assert "learnt-later" not in text
    assert text.count("Traceback") == 2
    assert "local_value =" not in text.replace('local_value = secret + "local"', "")


def test_debug_lines_of_libraries_stay_out_even_when_ours_are_wanted(stream):
    logs.configure(level="DEBUG", json=True, secrets=(), stream=stream)
    logging.getLogger("discord.http").debug("a whole payload")
    logging.getLogger("discord.gateway").debug("a whole event")
    logging.getLogger("bot.client").debug("ours")
    assert [line["event"] for line in lines(stream)] == ["ours"]


async def test_an_error_nobody_awaited_is_one_line(stream):
    logs.configure(level="INFO", json=True, secrets=(), stream=stream)
    logs.log_unhandled(None, {"message": "Task exception was never retrieved", "exception": KeyError("k")})
    (line,) = lines(stream)
    assert line["message"] == "Task exception was never retrieved"
    assert "KeyError" in line["exception"]


def test_interaction_tokens_in_addresses_are_masked(stream):
    logs.configure(level="INFO", json=True, secrets=(), stream=stream)
    logging.getLogger("discord.http").warning(
        "We are being rate limited. %s %s responded with 429.",
        "POST",
        "https://x/api/v10/webhooks/1/canary-Tok_en",
    )
    logging.getLogger("discord.http").warning("https://x/interactions/12/canary/callback")
    assert "canary" not in stream.getvalue()
    assert "/interactions/12/***/callback" in stream.getvalue()
