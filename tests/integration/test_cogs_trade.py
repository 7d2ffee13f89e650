"""Members place, confirm, close and cancel orders in Discord, and mistakes are answered in one sentence."""

from dataclasses import replace
from decimal import Decimal

import pytest

from cogs.panels import trade_panel
from domain.errors import InsufficientFunds, InvalidValue, OutcomeUnknown, StoreUnavailable
from domain.orders import OrderState, OrderType, Side
from domain.trades import TradeState
from tests.support import eventually
from tests.unit.cogs.samples import awaiting_view, open_view, order, trade
from tests.unit.cogs.stage import on_stage


@pytest.fixture
async def stage(tmp_path):
    async with on_stage(tmp_path) as made:
        yield made


async def test_an_order_is_handed_on_exactly_and_its_trade_is_shown(stage):
    asked = await stage.sim.slash(
        stage.ana,
        stage.channel,
        "buy",
        **{"symbol": "aapl", "quantity": "10", "limit": "150.10", "stop-loss": "145", "take-profit": "160.5"},
    )
    reply = await asked.wait()
    assert reply.ephemeral
    assert "BUY AAPL" in reply.text
    (order,) = stage.trading.placed
    assert (order.key, order.user, order.guild) == (str(asked.id), str(stage.ana.id), str(stage.guild.id))
    assert (order.side, order.symbol, order.order_type) == (Side.BUY, "AAPL", OrderType.LIMIT)
    assert (order.quantity, order.limit_price) == (Decimal(10), Decimal("150.10"))
    assert (order.stop_loss, order.take_profit) == (Decimal(145), Decimal("160.5"))


async def test_a_sell_for_an_amount_in_an_account_chosen_by_name_works_in_a_dm(stage):
    account = stage.accounts.add_live(stage.ana)
    dm = stage.sim.dm(stage.ana)
    reply = await stage.run(stage.ana, "sell", dm, symbol="BTC/USD", amount="250.5", account="my alpaca")
    assert "SELL BTC/USD" in reply.text
    (order,) = stage.trading.placed
    assert (order.notional, order.quantity, order.guild) == (Decimal("250.5"), None, None)
    assert order.account == account.id


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"quantity": "0"}, "The quantity must be above zero; you wrote 0."),
        ({"quantity": "-3"}, "The quantity must be above zero; you wrote -3."),
        ({"quantity": "1e5"}, 'The quantity "1e5" is not a plain number. Write it like 12 or 12.50'),
        ({"quantity": "abc"}, 'The quantity "abc" is not a plain number.'),
        ({"amount": "$500"}, 'The amount "$500" is not a plain number.'),
        ({"quantity": "1", "limit": "1,5"}, 'The limit price "1,5" is not a plain number.'),
        ({}, "Say how much: a quantity"),
        ({"quantity": "1", "amount": "1"}, "Give either a quantity"),
        ({"quantity": "1", "type": "limit"}, "A limit order needs a limit price"),
        ({"quantity": "1", "symbol": "apple inc."}, "is not a symbol. Write a ticker such as AAPL"),
        ({"quantity": "1", "account": "nope"}, "You have no linked account yet. Use /broker add"),
    ],
)
async def test_what_a_new_user_mistypes_is_answered_in_one_sentence_and_nothing_is_placed(
    stage, options, said
):
    reply = await stage.run(stage.ana, "buy", **({"symbol": "AAPL"} | options))
    assert said in reply.text.replace("\\", "")
    assert reply.buttons == []
    assert stage.trading.placed == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InvalidValue("there is no price for AAPL"), "There is no price for AAPL."),
        (
            InsufficientFunds("Your buying power is too small", broker="a", operation="o", code="c"),
            "Your buying power is too small.",
        ),
        (
            OutcomeUnknown(
                "Alpaca did not answer; it may have the order", broker="a", operation="o", code="c"
            ),
            "Alpaca did not answer; it may have the order.",
        ),
        (StoreUnavailable("disk full at /var"), "Nothing can be written down safely right now"),
    ],
)
async def test_a_refusal_of_the_verbs_is_shown_by_its_sentence(stage, error, said):
    stage.trading.error = error
    reply = await stage.run(stage.ana, "buy", symbol="AAPL", quantity="1")
    assert said in reply.text
    assert "/var" not in reply.text


async def test_an_unforeseen_error_gives_a_reference_and_no_details(stage):
    stage.trading.error = RuntimeError("password=hunter2")
    reply = await stage.run(stage.ana, "buy", symbol="AAPL", quantity="1")
    assert "reference" in reply.text
    assert "hunter2" not in reply.text


async def test_symbols_are_offered_from_open_trades_first(stage):
    stage.trading.show(str(stage.ana.id), open_view())
    offers = await stage.offers(stage.ana, "buy", "symbol")
    assert next(iter(offers)) == "AAPL"
    assert "BTC/USD" in offers
    assert list(await stage.offers(stage.ana, "buy", "symbol", "nvd")) == ["NVDA"]


async def test_no_more_than_25_choices_are_offered(stage):
    for index in range(40):
        stage.trading.show(str(stage.ana.id), open_view(trade=trade(symbol=f"S{index}")))
    stage.trading.trades = lambda user, **_: _all(stage.trading.views[user])
    assert len(await stage.offers(stage.ana, "cancel", "trade")) == 25


async def _all(views):
    return list(views.values())


async def test_choices_that_cannot_be_read_leave_the_option_free(stage):
    async def broken(user, **_):
        raise RuntimeError("down")

    stage.trading.trades = broken
    assert await stage.offers(stage.ana, "buy", "symbol") == {}


async def test_half_of_a_position_is_closed(stage):
    user = str(stage.ana.id)
    stage.trading.show(user, open_view())
    assert await stage.offers(stage.ana, "close", "symbol") == {"AAPL": "AAPL"}
    assert list(await stage.offers(stage.ana, "close", "percent", symbol="AAPL")) == ["100", "75", "50", "25"]
    asked = await stage.sim.slash(stage.ana, stage.channel, "close", symbol="aapl", percent="50%")
    reply = await asked.wait()
    assert "Closing 50 % of AAPL" in reply.text
    assert stage.trading.closed == [(user, "AAPL", Decimal("0.5"), str(asked.id), None)]


async def test_closing_what_is_not_held_says_so(stage):
    reply = await stage.run(stage.ana, "close", symbol="TSLA")
    assert "You hold no TSLA" in reply.text


@pytest.mark.parametrize("percent", ["0", "150", "half"])
async def test_a_part_that_cannot_be_is_refused(stage, percent):
    reply = await stage.run(stage.ana, "close", symbol="AAPL", percent=percent)
    assert "percent" in reply.text
    assert stage.trading.closed == []


async def test_a_trade_is_cancelled_by_choice_or_by_its_symbol(stage):
    user = str(stage.ana.id)
    stage.trading.show(user, open_view())
    ((key, label),) = (await stage.offers(stage.ana, "cancel", "trade")).items()
    assert label == "BUY 10 AAPL · open · Paper"
    reply = await stage.run(stage.ana, "cancel", trade="aapl")
    assert "Ended without a fill" in reply.text
    assert stage.trading.cancelled == [(user, key)]
    assert "You have no open trade" in (await stage.run(stage.ana, "cancel", trade="TSLA")).text


async def test_orders_lists_open_trades_and_says_how_to_begin_when_there_are_none(stage):
    assert "You have no open trade" in (await stage.run(stage.ana, "orders")).text
    stage.trading.show(str(stage.ana.id), open_view())
    assert "holding 10" in (await stage.run(stage.ana, "orders")).text
    assert "Your latest trades" in (await stage.run(stage.ana, "orders", show="all")).text


async def test_a_trade_that_waits_is_confirmed_once(stage):
    user, view = str(stage.ana.id), awaiting_view()
    stage.trading.show(user, view)
    panel = await stage.run(stage.ana, "orders")
    await stage.press(stage.ana, panel.message, "Confirm BUY AAPL")
    await eventually(lambda: stage.trading.answered)
    assert stage.trading.answered == [("confirm", user, view.trade.id, "n0nce")]
    await eventually(lambda: panel.message.buttons == [] and "Opening" in panel.message.text)


async def test_a_trade_that_waits_is_declined(stage):
    user, view = str(stage.ana.id), awaiting_view()
    stage.trading.show(user, view)
    panel = await stage.run(stage.ana, "orders")
    await stage.press(stage.ana, panel.message, "Decline")
    await eventually(lambda: "Not traded" in panel.message.text)
    assert stage.trading.answered == [("decline", user, view.trade.id, "n0nce")]


@pytest.mark.parametrize(
    ("button", "sure", "finding", "asked"),
    [
        ("AAPL is not at my broker", "Yes, it is not there", "absent", "in none of these lists"),
        ("I look after AAPL myself", "Yes, I look after it", "mine", "yours alone to look after"),
    ],
)
async def test_a_doubt_is_settled_by_its_owner_who_is_asked_twice(stage, button, sure, finding, asked):
    user = str(stage.ana.id)
    doubtful = open_view(
        trade=trade(state=TradeState.NEEDS_HUMAN, user=user), orders=(order(OrderState.NEEDS_HUMAN),)
    )
    stage.trading.show(user, doubtful)
    panel = await stage.run(stage.ana, "orders")
    question = await (await stage.press(stage.ana, panel.message, button)).wait_message(asked)
    assert stage.trading.answered == []
    await stage.press(stage.ana, question, sure)
    await eventually(lambda: "AAPL is open again" in question.text)
    assert stage.trading.answered == [(finding, user, doubtful.trade.id, "")]


async def test_a_used_button_is_answered_with_one_sentence_and_shows_the_trade_as_it_stands(stage):
    user, view = str(stage.ana.id), awaiting_view()
    stage.trading.show(user, view)
    panel = await stage.run(stage.ana, "orders")
    answered = replace(view.trade, state=TradeState.OPEN, confirm_nonce="")
    stage.trading.show(user, open_view(trade=answered))
    asked = await stage.press(stage.ana, panel.message, "Confirm BUY AAPL")
    said = await asked.wait_message("no longer waits for you")
    assert said.ephemeral
    assert stage.trading.answered == []
    await eventually(lambda: panel.message.buttons == [])


async def test_a_nonce_of_an_earlier_question_is_refused(stage):
    user, view = str(stage.ana.id), awaiting_view("old")
    stage.trading.show(user, view)
    panel = await stage.run(stage.ana, "orders")
    stage.trading.show(user, awaiting_view("new"))
    asked = await stage.press(stage.ana, panel.message, "Confirm BUY AAPL")
    await asked.wait_message("no longer waits for you")
    assert stage.trading.tried == 0


async def test_a_confirmation_the_verbs_refuse_is_said_and_the_panel_is_put_right(stage):
    user, view = str(stage.ana.id), awaiting_view()
    stage.trading.show(user, view)
    panel = await stage.run(stage.ana, "orders")
    stage.trading.error = InvalidValue("you did not confirm in time, so nothing was sent")
    asked = await stage.press(stage.ana, panel.message, "Confirm BUY AAPL")
    await asked.wait_message("You did not confirm in time, so nothing was sent.")
    assert "on its way" not in panel.message.text


async def test_a_button_works_on_a_bot_that_never_sent_it(stage, tmp_path):
    user, view = str(stage.ana.id), awaiting_view()
    stage.trading.show(user, view)
    sent = await (await stage.bot.fetch_user(stage.ana.id)).send(view=trade_panel(view))
    stage.bot._connection._view_store._views.clear()
    message = stage.sim.messages(stage.sim.dm(stage.ana))[-1]
    assert message.id == sent.id
    await stage.press(stage.ana, message, "Confirm BUY AAPL")
    await eventually(lambda: stage.trading.answered)
    assert "on its way" in message.text, "the notifier draws what follows"


async def test_an_unforeseen_error_of_a_button_is_told_and_the_panel_is_put_right(stage):
    user, view = str(stage.ana.id), awaiting_view()
    stage.trading.show(user, view)
    panel = await stage.run(stage.ana, "orders")
    stage.trading.error = RuntimeError("password=hunter2")
    asked = await stage.press(stage.ana, panel.message, "Confirm BUY AAPL")
    said = await asked.wait_message("Something went wrong on our side")
    assert "hunter2" not in said.text
    assert "Confirm BUY AAPL" in panel.message.buttons


async def test_somebody_else_cannot_answer_for_a_trades_owner(stage):
    view = awaiting_view()
    stage.trading.show(str(stage.ana.id), view)
    await stage.bot.get_channel(stage.channel.id).send(view=trade_panel(view))
    message = stage.sim.messages(stage.channel)[-1]
    asked = await stage.press(stage.owner, message, "Confirm BUY AAPL")
    said = await asked.wait_message("not a trade of yours")
    assert said.ephemeral
    assert stage.trading.answered == []
    assert "Confirm BUY AAPL" in message.buttons


async def test_two_presses_at_once_confirm_once_and_the_second_is_told(stage):
    user, view = str(stage.ana.id), awaiting_view()
    stage.trading.show(user, view)
    panel = await stage.run(stage.ana, "orders")
    presses = [await stage.press(stage.ana, panel.message, "Confirm BUY AAPL") for _ in range(2)]
    await eventually(lambda: any("no longer waits" in m.text for p in presses for m in p.followups))
    assert stage.trading.answered == [("confirm", user, view.trade.id, "n0nce")]
    await eventually(lambda: "Opening" in panel.message.text)
