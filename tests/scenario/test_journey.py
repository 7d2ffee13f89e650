"""Follow signals from the message to the paper broker's book, on a real store."""

import asyncio
from decimal import Decimal

import pytest

from domain.accounts import SizeKind, SwitchMode
from domain.errors import InvalidValue, Rejected
from domain.ids import UserId
from domain.instruments import AssetClass
from domain.orders import OrderType
from domain.signals import Reading, ReadingKind
from domain.trades import Mode
from tests.scenario.world import CHANNEL, GUILD, world

D = Decimal
KIND = ReadingKind
READINGS = {
    "buy msft": Reading(
        kind=KIND.ENTRY,
        side="long",
        symbol="MSFT",
        asset_class=AssetClass.EQUITY,
        price=D("412.50"),
        stop=D(405),
        targets=(D(425), D(440)),
    ),
    "buy msft now": Reading(
        kind=KIND.ENTRY, side="long", symbol="MSFT", asset_class=AssetClass.EQUITY, order_type="market"
    ),
    "half off": Reading(kind=KIND.TRIM, symbol="MSFT", fraction=D("0.5")),
    "stop 410": Reading(kind=KIND.UPDATE, symbol="MSFT", stop_to=D(410)),
    "out": Reading(kind=KIND.EXIT, symbol="MSFT", fraction=D(1)),
    "chat": Reading(kind=KIND.NONE, reason="commentary"),
    "moved": Reading(
        kind=KIND.ENTRY,
        side="long",
        symbol="MSFT",
        asset_class=AssetClass.EQUITY,
        price=D("412.50"),
        stop=D(408),
        targets=(D(425), D(440)),
    ),
    "watch": Reading(kind=KIND.ALERT, symbol="MSFT", asset_class=AssetClass.EQUITY, price=D(412)),
    "upside down": Reading(
        kind=KIND.ENTRY,
        side="long",
        symbol="MSFT",
        asset_class=AssetClass.EQUITY,
        order_type="market",
        stop=D(500),
    ),
    "unheard of": Reading(
        kind=KIND.ENTRY, side="long", symbol="QQQQQ", asset_class=AssetClass.EQUITY, order_type="market"
    ),
}


@pytest.fixture
async def scene(tmp_path):
    async with world(tmp_path, READINGS) as made:
        await made.source()
        made.market.set("MSFT", D("412.00"), D("412.10"))
        yield made


async def holds(scene, quantity, user="7"):
    async def probe():
        return await scene.position(user, "MSFT") == D(quantity)

    await scene.until(probe)


async def entered(scene, user="7", size="1000"):
    await scene.member(user, size=size)
    await scene.say("buy msft")
    await holds(scene, 2, user)
    return await scene.state(user, "open")


async def test_a_signal_becomes_one_bracket_a_target_with_its_stop_at_the_broker(scene):
    view = await entered(scene)
    assert await scene.position("7", "MSFT") == D(2)
    prices = sorted((r.limit_price or r.stop_price) for r in await scene.resting("7"))
    assert prices == [D(405), D(405), D(425), D(440)]
    assert view.trade.slices[0].target == D(425)


async def test_the_same_message_delivered_five_times_makes_one_order(scene):
    await scene.member("7")
    raw = scene.message("buy msft")
    for _ in range(5):
        await scene.verbs.trading.on_message(raw)
    await holds(scene, 2)
    assert len(await scene.verbs.trading.trades(UserId("7"), active=False)) == 1


async def test_a_target_reached_takes_its_slice_and_the_other_keeps_its_stop(scene):
    await entered(scene)
    scene.market.set("MSFT", D("425.10"), D("425.20"))
    await holds(scene, 1)
    prices = sorted((r.limit_price or r.stop_price) for r in await scene.resting("7"))
    assert prices == [D(405), D(440)]


async def test_a_stop_reached_closes_the_trade_and_leaves_nothing_resting(scene):
    await entered(scene)
    scene.market.set("MSFT", D("404.00"), D("404.10"))
    view = await scene.state("7", "closed")
    assert view.realised < 0
    assert await scene.resting("7") == []
    assert await scene.position("7", "MSFT") == 0


async def test_a_trim_sells_half_and_the_rest_stays_protected(scene):
    await entered(scene)
    await scene.say("half off")
    await holds(scene, 1)
    assert any(r.stop_price == D(405) for r in await scene.resting("7"))


async def test_a_stop_move_reaches_the_broker(scene):
    await entered(scene)
    await scene.say("stop 410")

    async def moved():
        stops = [r.stop_price for r in await scene.resting("7") if r.stop_price]
        return stops == [D(410), D(410)]

    await scene.until(moved)


async def test_an_edit_moves_the_stop_and_makes_no_second_entry(scene):
    await scene.member("7")
    raw = await scene.say("buy msft")
    await scene.state("7", "open")
    await scene.verbs.trading.on_edit(scene.message("moved", id=raw.message, revision=5))

    async def moved():
        return {r.stop_price for r in await scene.resting("7") if r.stop_price} == {D(408)}

    await scene.until(moved)
    await holds(scene, 2)


async def test_an_exit_sells_everything_and_cancels_what_protected_it(scene):
    await entered(scene)
    await scene.say("out")
    await scene.state("7", "closed")
    assert await scene.position("7", "MSFT") == 0
    assert await scene.resting("7") == []


async def test_an_exit_posted_right_after_the_entry_is_not_lost(scene):
    await scene.member("7")
    await scene.say("buy msft")
    await scene.say("out")
    await scene.until(lambda: not scene.verbs.trading._intake._pending)

    async def ended():
        view = await scene.view("7")
        return view and not view.trade.active

    await scene.until(ended)
    assert await scene.position("7", "MSFT") == 0


async def test_chat_trades_nothing_and_every_follower_gets_their_own_order(scene):
    for user in ("7", "8", "9"):
        await scene.member(user)
    await scene.say("chat")
    await scene.say("watch")
    await scene.say("buy msft")
    for user in ("7", "8", "9"):
        await holds(scene, 2, user)


async def test_a_stranger_in_the_channel_is_not_listened_to(scene):
    await scene.member("7")
    assert await scene.verbs.trading.on_message(scene.message("buy msft", author="666")) is None
    assert await scene.view("7") is None


@pytest.mark.parametrize(
    ("words", "code"),
    [("upside down", "wrong_side"), ("unheard of", "unknown_symbol")],
)
async def test_what_cannot_be_done_is_told_with_its_reason(scene, words, code):
    await scene.member("7")
    await scene.say(words)
    view = await scene.state("7", "denied")
    assert view.trade.code == code, view.trade
    assert view.trade.reason
    await scene.until(lambda: "trade.denied" in scene.notes.kinds)


async def test_a_size_that_buys_nothing_is_told(scene):
    await scene.member("7", size="100")
    await scene.say("buy msft")
    view = await scene.state("7", "denied")
    assert view.trade.code == "too_small"


async def test_a_late_signal_opens_nothing(scene):
    await scene.member("7")
    raw = scene.message("buy msft")
    await scene.clock.advance(31)
    await scene.verbs.trading.on_message(raw)
    assert (await scene.state("7", "denied")).trade.code == "signal_too_old"


async def test_the_kill_switch_stops_entries_and_lets_exits_pass(scene):
    await entered(scene)
    await scene.verbs.trading.halt("global", SwitchMode.HALT, reason="drill", by=UserId("1"))
    await scene.clock.advance(61)
    await scene.say("buy msft now")
    view = await scene.state("7", "denied")
    assert view.trade.code == "halted"
    await scene.say("out")
    await holds(scene, 0)


async def test_confirm_mode_sends_nothing_before_the_click_and_once_after_it(scene):
    await scene.member("7", mode=Mode.CONFIRM)
    await scene.say("buy msft")
    view = await scene.state("7", "awaiting")
    assert await scene.position("7", "MSFT") == 0
    with pytest.raises(InvalidValue):
        await scene.verbs.trading.confirm(UserId("8"), view.trade.id, view.trade.confirm_nonce)
    with pytest.raises(InvalidValue):
        await scene.verbs.trading.confirm(UserId("7"), view.trade.id, "wrong")
    await scene.verbs.trading.confirm(UserId("7"), view.trade.id, view.trade.confirm_nonce)
    await holds(scene, 2)
    with pytest.raises(InvalidValue):
        await scene.verbs.trading.confirm(UserId("7"), view.trade.id, view.trade.confirm_nonce)
    await holds(scene, 2)


async def test_manual_buying_and_closing_go_the_same_way(scene):
    from domain.orders import Side
    from trading.views import ManualOrder

    await scene.member("7")
    order = ManualOrder(key="ix1", user=UserId("7"), guild=GUILD, side=Side.BUY, symbol="msft", quantity=D(2))
    await scene.verbs.trading.place(order)
    await scene.verbs.trading.place(order)
    await scene.state("7", "open")
    await holds(scene, 2)
    await scene.verbs.trading.close(UserId("7"), "MSFT", fraction=D(1), key="ix2")
    await scene.state("7", "closed")
    assert await scene.position("7", "MSFT") == 0
    with pytest.raises(InvalidValue, match="hold no MSFT"):
        await scene.verbs.trading.close(UserId("7"), "MSFT", fraction=D(1), key="ix3")
    assert order.order_type is OrderType.MARKET


async def test_a_restart_takes_everything_up_where_it_was(tmp_path):
    async with world(tmp_path, READINGS) as first:
        await first.source()
        first.market.set("MSFT", D("412.00"), D("412.10"))
        await entered(first)
    async with world(tmp_path, READINGS) as second:
        second.market.set("MSFT", D("412.00"), D("412.10"))
        assert await second.position("7", "MSFT") == D(2)
        assert len(await second.resting("7")) == 4
        await second.say("out", id="5000")
        await second.state("7", "closed")
        assert await second.verbs.trading.unfollow(user=UserId("7"), guild=GUILD, channel=CHANNEL)


async def test_prices_that_cannot_be_read_for_a_while_delay_an_entry_and_do_not_deny_it(scene):
    await scene.member("7")
    scene.prices.away = True
    await scene.say("buy msft")
    await scene.clock.advance(5)
    assert await scene.view("7") is None
    scene.prices.away = False
    await holds(scene, 2)


async def test_prices_that_stay_away_deny_the_entry_once_it_is_too_late(scene):
    await scene.member("7")
    scene.prices.away = True
    await scene.say("buy msft")
    await scene.clock.advance(5)  # the signal's age alone takes all the time the next line has
    view = await scene.state("7", "denied")
    assert view.trade.code == "prices_unreachable"
    assert "cannot read prices right now" in view.trade.reason


async def test_a_share_of_equity_is_cut_to_the_limit_for_one_order(scene):
    account = await scene.member("7")
    follow = {"guild": GUILD, "channel": CHANNEL, "account": account.id, "mode": Mode.PAPER}
    trading = scene.verbs.trading
    await trading.follow(user=UserId("7"), size_kind=SizeKind.PERCENT, size=D("0.5"), **follow)
    await scene.say("buy msft")
    await holds(scene, 1)  # 0.5 % of 100,000 buys one share at 412.50
    await scene.say("out")
    await holds(scene, 0)
    await scene.clock.advance(61)
    await trading.follow(user=UserId("7"), size_kind=SizeKind.PERCENT, size=D(5), **follow)
    await scene.say("buy msft now")
    await holds(scene, "2.4265")  # 5 % would be 5,000; the limit of 1,000 buys this much at 412.10


async def test_an_exit_the_broker_refuses_is_told_and_leaves_the_stop_in_place(scene):
    await entered(scene)
    (account,) = await scene.verbs.accounts.accounts(UserId("7"))
    session = scene.verbs.trading._executor.get(account.id).session
    submit = session.submit

    async def refuse_sales(request):
        if request.order_type is OrderType.MARKET and request.effect.value == "close":
            raise Rejected("Trading in MSFT is halted.", broker="paper", operation="submit", code="halted")
        return await submit(request)

    session.submit = refuse_sales
    await scene.say("out")
    view = await scene.state("7", "needs_human")
    assert "halted" in view.trade.reason
    assert "Close it at the broker" in view.trade.reason

    async def protected():
        return sum(r.quantity for r in await scene.resting("7") if r.stop_price == D(405)) == D(2)

    await scene.until(protected)
    session.submit = submit
    await scene.clock.advance(660)
    await holds(scene, 0)


async def test_a_stop_the_broker_does_not_move_stays_and_the_member_is_told_once(scene):
    await entered(scene)
    (account,) = await scene.verbs.accounts.accounts(UserId("7"))
    session = scene.verbs.trading._executor.get(account.id).session
    asked = []

    async def refuse(broker_order_id, **changes):
        asked.append(changes)
        raise Rejected(
            "The stop is above the market.", broker="paper", operation="replace", code="stop_price"
        )

    session.replace = refuse
    await scene.say("stop 410")

    async def told():
        view = await scene.view("7")
        return "It stays where it was" in view.trade.reason

    await scene.until(told)
    await scene.until(lambda: len(asked) == 2)  # one for each slice
    for _ in range(20):
        await scene.clock.advance(1)
        await asyncio.sleep(0.005)
    assert len(asked) == 2
    stops = [r.stop_price for r in await scene.resting("7") if r.stop_price]
    assert stops == [D(405), D(405)]
