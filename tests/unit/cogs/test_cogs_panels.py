"""Panels say what is so in plain words, and stay within Discord's limits."""

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import pytest

from cogs.kit import fitting
from cogs.panels import trade_panel
from cogs.panels.accounts import accounts_panel, balances_panel, positions_panel
from cogs.panels.lists import follows_panel, sources_panel, trades_panel
from cogs.panels.manage import account_note, manage_panel, remove_panel
from domain.accounts import AccountStatus, Environment, Follow, SizeKind, Source
from domain.orders import LegRole, OrderState, OrderType, PositionEffect, Side
from domain.trades import Mode, TradeState
from tests.unit.cogs.samples import (
    AT,
    USER,
    awaiting_view,
    buttons_of,
    linked,
    open_view,
    order,
    position,
    state,
    stop_child,
    text_of,
    trade,
)
from trading.care import AccountOverview
from trading.views import AccountBalance, AccountPositions, TradeView


def within_limits(view):
    assert view.total_children_count <= 40
    assert view.content_length() <= 4000
    for component in view.to_components():
        assert component["type"] == 17
    assert all(len(label) <= 80 and len(key) <= 100 for label, key in buttons_of(view).items())
    return True


async def test_an_open_trade_tells_what_is_held_and_how_it_is_protected():
    text = text_of(trade_panel(open_view()))
    for said in (
        "BUY AAPL",
        "`PAPER` Paper",
        "Open",
        "You hold 10 at an average of 150.02",
        "**Entry** limit 150.50 (alerted at 150.00)",
        "**Size** 10",
        "**Stop** 145.00 (resting at the broker)",
        "**Targets** 160.00 · 170.00",
        "Bought 10 at 150.02",
        "<@500000000000000001> in <#400000000000000001>",
    ):
        assert said in text, said


async def test_a_stop_is_not_said_to_rest_before_it_does():
    held_back = order(
        filled_quantity=Decimal(10), average_price=Decimal(150), children=(stop_child(held=True),)
    )
    assert "resting" not in text_of(trade_panel(open_view(orders=(held_back,))))
    gone = order(
        filled_quantity=Decimal(10),
        average_price=Decimal(150),
        children=(stop_child(state=OrderState.CANCELLED),),
    )
    assert "resting" not in text_of(trade_panel(open_view(orders=(gone,))))


async def test_a_position_without_a_stop_says_so():
    bare = trade(slices=())
    assert "**Stop** none" in text_of(trade_panel(open_view(trade=bare)))


async def test_a_live_trade_carries_the_live_badge():
    assert "`LIVE`" in text_of(trade_panel(awaiting_view()))


async def test_a_denied_trade_says_why_and_that_nothing_was_sent():
    denied = TradeView(
        trade=trade(state=TradeState.DENIED, code="x", reason="your limit for one order is 1000"), orders=()
    )
    text = text_of(trade_panel(denied))
    assert "Not traded" in text
    assert "Your limit for one order is 1000." in text
    assert "Nothing was sent to the broker." in text


async def test_an_unknown_outcome_is_told_as_what_it_is():
    opening = TradeView(trade=trade(state=TradeState.OPENING), orders=(order(OrderState.UNKNOWN),))
    assert "has not answered yet. Nothing is sent a second time" in text_of(trade_panel(opening))


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (OrderState.READY, "about to be sent"),
        (OrderState.SENDING, "on its way"),
        (OrderState.WORKING, "at the broker and has not filled"),
    ],
)
async def test_an_opening_trade_tells_where_its_entry_is(state, said):
    assert said in text_of(
        trade_panel(TradeView(trade=trade(state=TradeState.OPENING), orders=(order(state),)))
    )


async def test_a_partly_filled_entry_tells_how_much_is_held():
    part = TradeView(
        trade=trade(state=TradeState.OPENING),
        orders=(order(OrderState.PARTIALLY_FILLED, filled_quantity=Decimal(4), average_price=Decimal(150)),),
        held=Decimal(4),
    )
    assert "filled in part; you hold 4" in text_of(trade_panel(part))


async def test_a_closed_trade_shows_its_exits_and_its_result():
    target = stop_child(
        role=LegRole.TAKE_PROFIT,
        state=OrderState.FILLED,
        filled_quantity=Decimal(5),
        average_price=Decimal(160),
    )
    entry = order(filled_quantity=Decimal(10), average_price=Decimal(150), children=(target,))
    by_hand = order(
        effect=PositionEffect.CLOSE, side=Side.SELL, filled_quantity=Decimal(5), average_price=Decimal(140)
    )
    closed = TradeView(
        trade=trade(state=TradeState.CLOSED), orders=(entry, by_hand), realised=Decimal("-12.5")
    )
    text = text_of(trade_panel(closed))
    assert "Target: sold 5 at 160.00" in text
    assert "Sold 5 at 140.00" in text
    assert "**Result** -$12.50" in text


async def test_a_trade_that_needs_its_owner_says_what_to_do():
    stuck = TradeView(
        trade=trade(state=TradeState.NEEDS_HUMAN, reason="it could not be found out"), orders=()
    )
    text = text_of(trade_panel(stuck))
    assert "Needs you" in text
    assert "Open your broker's own app" in text


async def test_a_trade_that_waits_has_buttons_that_carry_it_and_its_nonce():
    view = awaiting_view()
    panel = trade_panel(view)
    assert buttons_of(panel) == {
        "Confirm BUY AAPL": f"trade:ok:{view.trade.id}:n0nce",
        "Decline": f"trade:no:{view.trade.id}:n0nce",
    }
    assert panel.is_persistent()
    assert within_limits(panel)


async def test_a_trade_that_no_longer_waits_has_no_buttons():
    assert buttons_of(trade_panel(open_view())) == {}


async def test_a_manual_trade_is_told_to_be_the_members_own():
    own = trade(channel="", author=USER)
    assert "Placed by you" in text_of(trade_panel(open_view(trade=own)))


@pytest.mark.parametrize("kind", list(OrderType))
async def test_every_order_type_can_be_shown(kind):
    from dataclasses import replace

    base = order()
    request = replace(base.intent.request, order_type=kind, stop_price=Decimal(149), trail_percent=Decimal(1))
    shown = replace(base, intent=replace(base.intent, request=request))
    assert "**Entry**" in text_of(trade_panel(open_view(orders=(shown,))))


async def test_foreign_text_in_a_trade_is_harmless():
    odd = trade(account_name="**x** @everyone", symbol="_A_", instrument=None, reason="`x` <@1>\n# big")
    text = text_of(trade_panel(open_view(trade=odd)))
    assert "@everyone" not in text
    assert "**x**" not in text
    assert "\n# big" not in text


async def test_many_trades_and_many_that_wait_stay_within_discords_limits():
    views = [open_view() for _ in range(20)] + [awaiting_view(symbol=f"S{i}") for i in range(20)]
    panel = trades_panel(views, active=True)
    assert within_limits(panel)
    assert text_of(panel).count("Waiting for you") == 12
    assert "…and 28 more." in text_of(panel)
    assert len([k for k in buttons_of(panel) if k.startswith("Confirm")]) == 3


async def test_a_panel_of_the_longest_reasons_stays_within_discords_limits():
    long = trade(state=TradeState.DENIED, reason="_" * 5000, account_name="*" * 5000, symbol="A" * 500)
    fills = tuple(order(filled_quantity=Decimal(1), average_price=Decimal(1)) for _ in range(60))
    assert within_limits(trade_panel(TradeView(trade=long, orders=fills)))


async def test_no_trades_say_how_to_begin():
    assert "/follow" in text_of(trades_panel([], active=True))
    assert "/buy" in text_of(trades_panel([], active=False))


async def test_positions_show_profit_and_an_unreadable_account_says_why():
    panel = positions_panel(
        [
            AccountPositions(account=linked(), positions=(position(), position(mark=None))),
            AccountPositions(
                account=linked(name="My IBKR", environment=Environment.LIVE), problem="no connection"
            ),
            AccountPositions(account=linked(name="Empty")),
        ]
    )
    text = text_of(panel)
    assert "**AAPL** 10 at 150.02 · now 155.00 · +$49.80" in text
    assert "Cannot be read right now: No connection." in text
    assert "No open position." in text
    assert within_limits(panel)


async def test_hundreds_of_positions_stay_within_discords_limits():
    panel = positions_panel(
        [AccountPositions(account=linked(), positions=(position(),) * 300) for _ in range(20)]
    )
    assert within_limits(panel)
    assert "…and 280 more." in text_of(panel)


async def test_balances_show_money_and_restrictions():
    panel = balances_panel(
        [AccountBalance(account=linked(), state=state(restricted="day trading is blocked"))]
    )
    text = text_of(panel)
    assert "Equity **$50,000.50** · cash $40,000.00 · buying power $80,000.00" in text
    assert "does not let this account trade: Day trading is blocked." in text


async def test_accounts_show_their_state_and_what_else_may_be_linked():
    panel = accounts_panel(
        [overview(status=AccountStatus.NEEDS_REAUTH, number_masked="…1234", verified_at=AT, expires_at=AT)],
        ["Paper broker", "Alpaca"],
    )
    text = text_of(panel)
    assert "**Paper** `PAPER` · default" in text
    assert "Paper broker …1234" in text
    assert "no longer accepts its keys" in text
    assert f"tested <t:{int(AT.timestamp())}:R>" in text
    assert f"sign-in ends <t:{int(AT.timestamp())}:R>" in text
    assert "Entries today: 2 · open: 0" in text
    assert "You may link: Paper broker, Alpaca." in text


async def test_sources_name_whose_messages_are_read():
    source = Source(
        id="3/4", guild="3", channel="4", authors=("5",), webhooks=("6",), added_by="1", added_at=AT
    )
    text = text_of(sources_panel([source]))
    assert "<#4>\nRead: <@5>, webhook 6" in text
    many = Source(id="3/4", guild="3", channel="4", authors=tuple("5" * 1000), added_by="1", added_at=AT)
    assert within_limits(sources_panel([many] * 30))


async def test_follows_tell_mode_size_and_account():
    follow = Follow(
        id="f",
        user=USER,
        guild="3",
        channel="4",
        account="acc-1",
        mode=Mode.CONFIRM,
        size_kind=SizeKind.PERCENT,
        size=Decimal("2.50"),
        created_at=AT,
    )
    text = text_of(follows_panel([follow], {"acc-1": linked()}))
    assert "<#4>\nconfirm · 2.5 % of equity an entry · account **Paper**" in text
    assert "no longer linked" in text_of(follows_panel([follow], {}))


def overview(*open_trades, **changes):
    paper = SimpleNamespace(title="Paper broker", fields=())
    return AccountOverview(
        account=linked(**changes), manifest=paper, connected=True, entries_today=2, open_trades=open_trades
    )


async def test_removing_an_account_is_asked_with_its_name_on_the_button():
    panel = remove_panel(overview(), "Paper broker")
    assert buttons_of(panel) == {"Remove Paper": "account:shred:acc-1", "Keep it": "account:keep:acc-1"}
    assert "destroyed" in text_of(panel)


async def test_removing_an_account_that_holds_something_asks_what_becomes_of_it():
    panel = remove_panel(overview(trade(), trade(symbol="TSLA")), "Paper broker")
    assert buttons_of(panel) == {
        "Close all, then remove": "account:close:acc-1",
        "Leave them at the broker": "account:leave:acc-1",
        "Keep it": "account:keep:acc-1",
    }
    assert "2 open trades (AAPL, TSLA)" in text_of(panel)


async def test_an_account_offers_what_fits_its_state():
    panel = manage_panel(overview())
    assert list(buttons_of(panel)) == ["Test", "Rename", "Pause", "Remove"]
    assert "ready, connected" in text_of(panel)
    paused = manage_panel(overview(status=AccountStatus.PAUSED, is_default=False))
    assert list(buttons_of(paused)) == ["Test", "Make default", "Rename", "Resume", "Remove"]
    key, host = SimpleNamespace(required=True, secret=True), SimpleNamespace(required=True, secret=False)
    keyed = replace(overview(), manifest=SimpleNamespace(title="Alpaca", fields=(key,)))
    assert list(buttons_of(manage_panel(keyed)))[3:] == ["Link again", "Remove"]
    gateway = replace(overview(), manifest=SimpleNamespace(title="TWS", fields=(host, key)))
    assert list(buttons_of(manage_panel(gateway)))[3:] == ["Settings", "Link again", "Remove"]


def test_blocks_that_do_not_fit_are_counted():
    assert fitting(["x" * 50] * 5, room=120) == ["x" * 50, "x" * 50, "…and 3 more."]


def test_a_refused_entry_names_the_alerted_price_and_no_order_that_never_was():
    view = TradeView(trade=trade(state=TradeState.DENIED, alerted_price=Decimal("3.10")), orders=[])
    shown = text_of(trade_panel(view))
    assert "**Entry** alerted at 3.10" in shown
    assert "at the market" not in shown


async def test_news_of_a_sign_in_that_ends_brings_the_button_that_mends_it():
    assert buttons_of(account_note("It ends.", linked(expires_at=AT))) == {
        "Link again": "account:relink:acc-1"
    }
    assert buttons_of(account_note("Refused.", linked(status=AccountStatus.NEEDS_REAUTH))) != {}
    assert buttons_of(account_note("It works again.", linked())) == {}
