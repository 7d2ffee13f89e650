"""Coinbase orders, byte by byte, and what its answers become."""

import pytest

from domain.errors import (
    Denied,
    DuplicateClientId,
    InsufficientFunds,
    MarketClosed,
    NotFound,
    NotTradable,
    OutcomeUnknown,
    Rejected,
    Throttled,
)
from domain.orders import OrderState, OrderType, PositionEffect, Side, TimeInForce
from sim.faults import FaultAction
from tests.integration.coinbasepro_world import BASE, D, coin, limit, order, world

PLACE = f"POST {BASE}/orders"


async def test_our_client_order_id_is_the_one_that_is_sent():
    async with world() as w, w.open() as session:
        request = limit(await coin(session), "90")
        await session.submit(request)
        assert w.bodies()[0]["client_order_id"] == request.client_order_id


async def test_a_market_buy_is_sized_in_coins_and_needs_no_price():
    async with world() as w, w.open() as session:
        await session.submit(order(await coin(session), "0.5"))
        assert w.bodies()[0]["order_configuration"] == {"market_market_ioc": {"base_size": "0.5"}}


async def test_a_market_buy_for_money_is_sized_in_dollars_to_the_cent():
    async with world() as w, w.open() as session:
        sent = await session.submit(order(await coin(session), None, notional=D("250.009")))
        assert w.bodies()[0]["order_configuration"] == {"market_market_ioc": {"quote_size": "250"}}
        done = await session.order(sent.broker_order_id)
        assert (done.state, done.quantity, done.filled_quantity) == (OrderState.FILLED, D("2.5"), D("2.5"))


async def test_numbers_go_out_as_exact_text_on_the_steps_of_the_pair():
    async with world() as w, w.open() as session:
        await session.submit(limit(await coin(session), "90.005000001", str(D("0.1") + D("0.2000000019"))))
        terms = w.bodies()[0]["order_configuration"]["limit_limit_gtc"]
        assert (terms["base_size"], terms["limit_price"]) == ("0.3", "90.01")


@pytest.mark.parametrize(
    ("side", "stop", "direction"),
    [(Side.BUY, "110", "STOP_DIRECTION_STOP_UP"), (Side.SELL, "90", "STOP_DIRECTION_STOP_DOWN")],
)
async def test_the_stop_direction_is_said_and_is_not_the_inverted_default(side, stop, direction):
    async with world() as w, w.open() as session:
        pair = await coin(session)
        await session.submit(order(pair, "5"))
        request = order(
            pair, "5", side=side, order_type=OrderType.STOP_LIMIT, stop_price=D(stop), limit_price=D(stop)
        )
        sent = await session.submit(request)
        terms = w.bodies()[-1]["order_configuration"]["stop_limit_stop_limit_gtc"]
        assert terms["stop_direction"] == direction
        found = await session.order(sent.broker_order_id)
        assert (found.order_type, found.stop_price) == (OrderType.STOP_LIMIT, D(stop))


async def test_a_stop_loss_is_a_stop_limit_with_room_and_keeps_to_its_steps():
    async with world() as w, w.open() as session:
        pair = await coin(session)
        await session.submit(order(pair, "5"))
        await session.set_stop_loss(pair, D(5), D("90.11"), order(pair).client_order_id)
        terms = w.bodies()[-1]["order_configuration"]["stop_limit_stop_limit_gtc"]
        assert (terms["stop_price"], terms["limit_price"]) == ("90.11", "88.31")


@pytest.mark.parametrize(
    "changes",
    [
        {"order_type": OrderType.STOP, "stop_price": D(90)},
        {"order_type": OrderType.TRAILING_STOP, "trail_percent": D(5)},
        {"time_in_force": TimeInForce.DAY},
        {"take_profit": D(120), "stop_loss": D(80)},
        {"stop_loss": D(80)},
        {
            "order_type": OrderType.STOP_LIMIT,
            "stop_price": D(110),
            "limit_price": D(111),
            "time_in_force": TimeInForce.IOC,
        },
        {"quantity": None, "notional": D(100), "side": Side.SELL},
        {"quantity": None, "notional": D("0.5")},
        {"quantity": D("0.0000000001")},
        {"order_type": OrderType.LIMIT, "limit_price": D("0.001")},
    ],
    ids=lambda changes: "-".join(changes),
)
async def test_what_coinbase_does_not_take_is_denied_unsent(changes):
    async with world() as w, w.open() as session:
        with pytest.raises(Denied):
            await session.submit(order(await coin(session), **changes))
        assert w.bodies() == []


async def test_a_short_position_cannot_be_protected():
    async with world() as w, w.open() as session:
        pair = await coin(session)
        with pytest.raises(Denied):
            await session.set_stop_loss(pair, D(-5), D(110), order(pair).client_order_id)
        with pytest.raises(Denied):
            await session.set_take_profit(pair, D(-5), D(90), order(pair).client_order_id)
        assert w.bodies() == []


async def test_a_second_order_under_one_id_is_answered_with_the_first():
    async with world() as w, w.open() as session:
        request = limit(await coin(session), "90")
        first = await session.submit(request)
        again = await session.submit(request)
        assert first.broker_order_id == again.broker_order_id
        assert len(w.sim.orders(w.account.name)) == 1


async def test_an_id_that_once_named_another_pair_is_a_duplicate():
    async with world() as w, w.open() as session:
        request = limit(await coin(session), "90")
        await session.submit(request)
        with pytest.raises(DuplicateClientId):
            await session.submit(
                limit(await coin(session, "BTC"), "90", "1", client_order_id=request.client_order_id)
            )


async def answering(body, call=None, *, match=PLACE, status=200):
    """Submit while the broker answers with a body of the test's."""
    async with world() as w, w.open() as session:
        pair = await coin(session)
        w.faults.add(match, FaultAction.STATUS, status=status, body=body)
        return await session.submit(limit(pair, "90"))


def refused(error="UNKNOWN_FAILURE_REASON", preview="", **more):
    why = {"error": error, "message": "no", "preview_failure_reason": preview, **more}
    return {"success": False, "failure_reason": "UNKNOWN_FAILURE_REASON", "error_response": why}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (refused(preview="PREVIEW_INSUFFICIENT_FUND"), InsufficientFunds),
        (refused("INSUFFICIENT_FUND"), InsufficientFunds),
        (refused("INVALID_LEDGER_BALANCE"), InsufficientFunds),
        (refused("INVALID_PRODUCT_ID"), NotTradable),
        (refused("ORDER_ENTRY_DISABLED"), MarketClosed),
        (refused(preview="PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE"), Rejected),
        (refused("COMMANDER_REJECTED_NEW_ORDER"), Rejected),
        (refused(new_order_failure_reason="INVALID_LIMIT_PRICE"), Rejected),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_http_200_with_success_false_is_a_refusal_of_its_own_kind(body, kind):
    with pytest.raises(kind) as told:
        await answering(body)
    assert type(told.value) is kind


@pytest.mark.parametrize(
    "body",
    [
        refused(),
        {"success": False},
        {"success": True},
        {"success": True, "success_response": {"order_id": ""}},
        {"ok": 1},
        {},
        {"success": "true", "success_response": {"order_id": "x"}},
    ],
)
async def test_an_answer_that_proves_nothing_leaves_the_outcome_unknown(body):
    with pytest.raises(OutcomeUnknown):
        await answering(body)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 408])
async def test_a_server_error_is_never_a_rejection_and_never_sent_again(status):
    async with world() as w, w.open() as session:
        pair = await coin(session)
        w.faults.add(PLACE, FaultAction.STATUS, status=status)
        with pytest.raises(OutcomeUnknown):
            await session.submit(limit(pair, "90"))
        assert len(w.bodies()) == 1


async def test_a_web_page_with_a_client_error_proves_nothing_of_an_order():
    async with world() as w, w.open() as session:
        pair = await coin(session)
        w.faults.add(PLACE, FaultAction.GARBAGE_BODY, status=403)
        with pytest.raises(OutcomeUnknown):
            await session.submit(limit(pair, "90"))
        assert len(w.sim.orders(w.account.name)) == 1


async def test_a_redirect_is_not_followed():
    async with world() as w, w.open() as session:
        pair = await coin(session)
        w.faults.add(PLACE, FaultAction.STATUS, status=307, headers={"Location": f"{w.sim.url}{BASE}/orders"})
        with pytest.raises(OutcomeUnknown):
            await session.submit(limit(pair, "90"))
        assert len(w.bodies()) == 1


async def test_a_throttled_order_was_not_sent_and_says_how_long_to_wait():
    async with world() as w, w.open() as session:
        pair = await coin(session)
        w.faults.add(PLACE, FaultAction.STATUS, status=429, retry_after=2)
        with pytest.raises(Throttled) as told:
            await session.submit(limit(pair, "90"))
        assert told.value.retry_after == 2


async def test_an_order_past_its_licence_is_not_sent():
    async with world() as w, w.open() as session:
        pair = await coin(session)
        with pytest.raises(Denied):
            await session.submit(limit(pair, "90", expires_at=w.clock.now()))
        assert w.bodies() == []


async def test_a_replace_tells_size_and_price_though_only_one_changes():
    async with world() as w, w.open() as session:
        sent = await session.submit(limit(await coin(session), "90"))
        changed = await session.replace(sent.broker_order_id, limit_price=D("91.5"))
        body = w.bodies(f"{BASE}/orders/edit")[0]
        assert body == {"order_id": sent.broker_order_id, "size": "10", "price": "91.5"}
        assert changed.broker_order_id == sent.broker_order_id


async def test_a_resting_stop_is_moved_in_place():
    async with world() as w, w.open() as session:
        pair = await coin(session)
        await session.submit(order(pair, "5"))
        rests = await session.set_stop_loss(pair, D(5), D(90), order(pair).client_order_id)
        await session.replace(rests.broker_order_id, stop_price=D(95), limit_price=D("93.1"))
        found = await session.order(rests.broker_order_id)
        assert (found.stop_price, found.limit_price, found.state) == (D(95), D("93.1"), OrderState.WORKING)


async def test_replacing_with_what_already_stands_is_success():
    async with world() as w, w.open() as session:
        sent = await session.submit(limit(await coin(session), "90"))
        assert (await session.replace(sent.broker_order_id, limit_price=D(90))).limit_price == D(90)


async def test_an_order_that_cannot_be_edited_is_denied_unsent():
    async with world() as w, w.open() as session:
        w.market.set("ETHUSD", D(99), D(100), D(1), D(1))
        sent = await session.submit(limit(await coin(session), "100"))
        with pytest.raises(Denied):
            await session.replace(sent.broker_order_id, stop_price=D(95))
        assert w.bodies(f"{BASE}/orders/edit") == []


async def test_cancelling_what_coinbase_does_not_know_looks_again_before_it_says_so():
    async with world() as w, w.open() as session:
        with pytest.raises(NotFound):
            await session.cancel("00000000-0000-4000-8000-000000000000")
        sent = await session.submit(order(await coin(session), "1"))
        await session.cancel(sent.broker_order_id)


async def test_a_cancel_that_is_refused_while_the_order_works_is_told():
    async with world() as w, w.open() as session:
        sent = await session.submit(limit(await coin(session), "90"))
        why = {"success": False, "failure_reason": "COMMANDER_REJECTED_CANCEL_ORDER"}
        body = {"results": [why | {"order_id": sent.broker_order_id}]}
        w.faults.add(f"POST {BASE}/orders/batch_cancel", FaultAction.STATUS, status=200, body=body)
        with pytest.raises(Rejected):
            await session.cancel(sent.broker_order_id)


async def test_a_cancel_already_under_way_is_success():
    async with world() as w, w.open() as session:
        sent = await session.submit(limit(await coin(session), "90"))
        why = {"success": False, "failure_reason": "DUPLICATE_CANCEL_REQUEST"}
        body = {"results": [why | {"order_id": sent.broker_order_id}]}
        w.faults.add(f"POST {BASE}/orders/batch_cancel", FaultAction.STATUS, status=200, body=body)
        await session.cancel(sent.broker_order_id)


async def test_a_coin_held_by_a_stop_is_not_sold_a_second_time():
    async with world() as w, w.open() as session:
        pair = await coin(session)
        await session.submit(order(pair, "5"))
        await session.set_stop_loss(pair, D(5), D(90), order(pair).client_order_id)
        with pytest.raises(InsufficientFunds):
            await session.close_position(pair, order(pair).client_order_id)
        assert len(w.bodies()) == 2


async def test_an_exit_is_marked_as_nothing_special_at_coinbase():
    async with world() as w, w.open() as session:
        pair = await coin(session)
        await session.submit(order(pair, "5"))
        await session.submit(order(pair, "5", side=Side.SELL, effect=PositionEffect.CLOSE))
        assert set(w.bodies()[-1]) == {"client_order_id", "product_id", "side", "order_configuration"}
