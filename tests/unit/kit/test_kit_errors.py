"""A sentence ends with what happens now: another after a question than after an order."""

import pytest

from adapters.kit.errors import Errors

TEXT = "Alpaca did not answer in time. {next}"


@pytest.mark.parametrize("operation", ["submit", "cancel", "replace", "close_position"])
def test_after_an_order_the_bot_finds_out_itself(operation):
    errors = Errors(broker="alpaca", operation=operation)
    said = "Alpaca did not answer in time. Whether it acted is being checked, and nothing is sent twice."
    assert errors.unknown(TEXT, "timeout").text == said
    assert errors.unreachable(TEXT).text == "Alpaca did not answer in time. It is tried again."


@pytest.mark.parametrize("operation", ["account", "verify", "connect", "order"])
def test_after_a_question_a_person_may_ask_again(operation):
    errors = Errors(broker="alpaca", operation=operation)
    asked = "Alpaca did not answer in time. Nothing was changed there. Try again in a minute."
    assert errors.unknown(TEXT, "timeout").text == asked
    assert "Try again in a minute" in errors.unreachable(TEXT).text


def test_a_sentence_that_says_it_all_is_left_alone():
    errors = Errors(broker="alpaca", operation="submit")
    assert errors.unknown("Nobody knows.", "timeout").text == "Nobody knows."
    assert errors.rejected("Refused. {next}", "refused").text == "Refused."
    assert errors.throttled("Wait a minute.").text == "Wait a minute."
