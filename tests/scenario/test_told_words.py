"""What a member reads in Discord about an entry, for each error a broker's session may raise."""

from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from adapters.paper.adapter import PaperAdapter
from adapters.registry import adapters
from bot import texts as bot_texts
from cogs.panels import trade_panel
from domain.errors import (
    AuthFailed,
    Denied,
    InsufficientFunds,
    MarketClosed,
    NotTradable,
    OutcomeUnknown,
    Rejected,
    Throttled,
    Unreachable,
)
from tests.scenario.test_journey import READINGS
from tests.scenario.world import world
from tests.unit.cogs.samples import text_of
from trading import texts

D = Decimal


class Refusing:
    """Be the paper broker with an answer of its own to every order."""

    def __init__(self):
        self.inner = PaperAdapter()
        self.manifest = self.inner.manifest
        self.error = None
        self.asked = 0

    @asynccontextmanager
    async def open(self, credentials, deps):
        async with self.inner.open(credentials, deps) as session:
            submit = session.submit

            async def refuses(request):
                self.asked += 1
                if self.error is not None:
                    raise self.error
                return await submit(request)

            session.submit = refuses
            yield session


@pytest.fixture
async def scene(tmp_path):
    async with world(tmp_path, READINGS) as made:
        made.broker = made.adapters["paper"] = Refusing()
        await made.source()
        made.market.set("MSFT", D("412.00"), D("412.10"))
        await made.member("7")
        yield made


SENTENCE = "Alpaca did this or that. Check something."
LEAKS = ("{", "None", "Error", "Traceback")


def error(kind):
    return kind(SENTENCE, broker="paper", operation="submit", code="because")


async def reads(scene, *said):
    """Wait until the member's message says all this, and give the line that says how the trade stands."""

    async def there():
        view = await scene.view("7")
        text = "" if view is None else text_of(trade_panel(view)).replace("\\", "")
        return text if all(part in text for part in said) else None

    text = await scene.until(there, 90)
    (line,) = (line for line in text.splitlines() if line.startswith("**") and ".** " in line)
    assert not [leak for leak in LEAKS if leak in text]
    return line


async def posted(scene, kind):
    scene.broker.error = error(kind)
    await scene.say("buy msft")
    await scene.until(lambda: scene.broker.asked)


async def test_what_we_refuse_ourselves_is_told_with_the_reason(scene):
    await posted(scene, Denied)
    line = await reads(scene, "Not traded")
    assert line == f"**Not traded.** {SENTENCE} Nothing was sent to the broker."


@pytest.mark.parametrize("kind", [Rejected, InsufficientFunds, MarketClosed, NotTradable])
async def test_what_the_broker_refuses_is_told_in_the_brokers_sentence(scene, kind):
    await posted(scene, kind)
    line = await reads(scene, "Ended without a fill")
    assert line == f"**Ended without a fill.** {SENTENCE} Nothing was bought or sold."


async def test_dead_keys_are_told_on_the_trade_and_once_for_the_account(scene):
    await posted(scene, AuthFailed)
    line = await reads(scene, "Ended without a fill")
    assert line == f"**Ended without a fill.** {SENTENCE} Nothing was bought or sold."
    ((user, event),) = scene.notes.accounts
    assert (user, event.data["reason"]) == ("7", SENTENCE)
    said = bot_texts.ACCOUNT_BLOCKED.format(name=event.data["account"], reason=event.data["reason"])
    assert SENTENCE in said
    assert "rest at the broker keep working" in said


@pytest.mark.parametrize("kind", [Unreachable, Throttled])
async def test_what_could_not_be_sent_is_sent_again_in_its_time_and_then_told_with_the_brokers_name(
    scene, kind
):
    await posted(scene, kind)
    assert SENTENCE in await reads(scene, "Opening", SENTENCE)
    line = await reads(scene, "Ended without a fill")
    assert line == (
        "**Ended without a fill.** Paper trading could not be reached, or took no orders, for 30 s after "
        "posting; a late entry is worse than none. Nothing was bought or sold."
    )
    assert scene.broker.asked > 2


async def test_a_lost_answer_is_told_as_doubt_and_never_as_a_refusal(scene):
    await posted(scene, OutcomeUnknown)
    line = await reads(scene, "It may have the order")
    assert line == (
        "**Opening.** Paper trading did not answer. It may have the order; this is being found out, and "
        "nothing is sent twice."
    )


def test_brokers_are_called_by_the_names_people_know():
    for slug, adapter in adapters().items():
        name = texts.broker_name(slug)
        assert name.split()[-1].lower() in adapter.manifest.title.lower() or slug == "paper"
        assert name not in {"Ibkr", "Coinbasepro", "Paper"}
