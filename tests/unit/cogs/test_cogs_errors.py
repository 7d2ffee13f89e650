"""Every error a person caused has its sentence; the rest is left to the bot's reference."""

import pytest
from discord import app_commands

from cogs import texts
from cogs.errors import cause, sentence
from domain.errors import (
    AuthFailed,
    InvalidValue,
    OutcomeUnknown,
    StoreUnavailable,
    Throttled,
    VaultError,
    VaultUnavailable,
)


def broker_error(kind=AuthFailed, text="Alpaca refused the key", **more):
    return kind(text, broker="alpaca", operation="account", code="x", **more)


def test_a_brokers_error_is_shown_by_its_own_sentence():
    assert sentence(broker_error()) == "Alpaca refused the key."


def test_a_broker_that_asked_to_wait_says_how_long():
    said = sentence(broker_error(Throttled, "Too many requests", retry_after=29.6))
    assert said == "Too many requests. Try again in 30 s."


def test_an_unknown_outcome_is_not_called_a_rejection():
    said = sentence(broker_error(OutcomeUnknown, "Alpaca did not answer; it may have the order"))
    assert "may have the order" in said
    assert "reject" not in said.lower()


def test_a_refused_value_begins_with_a_capital_and_ends_with_a_full_stop():
    assert (
        sentence(InvalidValue("the limit price must be above zero")) == "The limit price must be above zero."
    )
    assert sentence(InvalidValue("/broker add links one")) == "/broker add links one."


def test_what_a_person_typed_cannot_format_or_mention_in_an_error():
    said = sentence(InvalidValue('"@everyone **x** <@1> [a](http://b)\nx" is not a symbol'))
    assert "@everyone" not in said
    assert "**x**" not in said
    assert "\n" not in said
    assert "\\<@" in said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (StoreUnavailable("disk"), texts.STORE_DOWN),
        (VaultError("k"), texts.VAULT_DOWN),
        (VaultUnavailable("arn:of:a:key", code="denied"), texts.VAULT_AWAY),
    ],
)
def test_trouble_of_ours_is_told_without_its_details(error, said):
    assert sentence(error) == said


def test_an_unforeseen_error_has_no_sentence():
    assert sentence(RuntimeError("secret detail")) is None


def test_the_wrapping_of_discord_is_taken_off():
    command = app_commands.Command(name="x", description="x", callback=_callback)
    wrapped = app_commands.CommandInvokeError(command, InvalidValue("no"))
    assert sentence(wrapped) == "No."
    assert isinstance(cause(wrapped), InvalidValue)


async def _callback(interaction): ...


def test_discords_own_refusals_have_sentences():
    assert sentence(app_commands.NoPrivateMessage()) == texts.SERVER_ONLY
    assert sentence(app_commands.MissingPermissions(["manage_guild"])) == texts.OWNER_ONLY
    assert sentence(app_commands.CommandNotFound("x", [])) == texts.COMMANDS_CHANGED
