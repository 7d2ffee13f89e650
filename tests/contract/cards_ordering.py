"""Cards AX-23 to AX-65: orders, legs, changes, cancels and refusals."""

from datetime import timedelta

from domain.errors import (
    BrokerError,
    Denied,
    DuplicateClientId,
    InsufficientFunds,
    NotFound,
    Rejected,
    Sent,
)
from domain.instruments import AssetClass, Instrument
from domain.orders import LegRole, OrderReport, OrderState, OrderType, PositionEffect, Side, TimeInForce
from tests.contract.cards import (
    D,
    ask_for,
    brackets,
    can,
    card,
    coin,
    contract,
    flat,
    held,
    holding,
    leads,
    limit,
    new_id,
    position_becomes,
    refused,
    settled,
    soon,
    stock,
    takes,
    trades,
    works_for,
)
from tests.contract.harness import Harness, HarnessSpec

STOCKS = leads
WORKING, FILLED, CANCELLED = OrderState.WORKING, OrderState.FILLED, OrderState.CANCELLED


@card(23, STOCKS)
async def a_market_order_fills_at_the_ask(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        request = ask_for(await stock(session))
        sent = await session.submit(request)
        assert sent.client_order_id == request.client_order_id
        done = await settled(session, sent.broker_order_id, FILLED)
        assert (done.quantity, done.filled_quantity, done.average_price) == (D(10), D(10), D(100))
        assert (done.symbol, done.side, done.order_type) == ("AAPL", Side.BUY, OrderType.MARKET)
        await position_becomes(session, "10")
        assert await h.orders_at_broker(request.client_order_id) == 1


@card(24, STOCKS)
async def a_limit_order_waits_for_its_price(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        sent = await session.submit(limit(await stock(session), "95"))
        waiting = await settled(session, sent.broker_order_id, WORKING)
        assert waiting.limit_price == D(95)
        await h.set_price("AAPL", "94", "95")
        done = await settled(session, sent.broker_order_id, FILLED)
        assert done.average_price is not None
        assert done.average_price <= D(95)


@card(25, takes(OrderType.STOP))
async def a_stop_order_sleeps_until_it_is_touched(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        instrument = await holding(session, "10")
        request = ask_for(
            instrument,
            side=Side.SELL,
            order_type=OrderType.STOP,
            stop_price=D(95),
            effect=PositionEffect.CLOSE,
        )
        sent = await session.submit(request)
        await h.set_price("AAPL", "95.5", "96")
        assert (await session.order(sent.broker_order_id)).state is WORKING
        await h.set_price("AAPL", "94.5", "95.2")
        done = await settled(session, sent.broker_order_id, FILLED)
        assert done.average_price == D("94.5")
        assert done.stop_price == D(95)


@card(26, takes(OrderType.STOP_LIMIT))
async def a_stop_limit_order_keeps_its_limit_when_touched(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        instrument = await holding(session, "10")
        request = ask_for(
            instrument,
            side=Side.SELL,
            order_type=OrderType.STOP_LIMIT,
            stop_price=D(95),
            limit_price=D("94.5"),
            effect=PositionEffect.CLOSE,
        )
        sent = await session.submit(request)
        await h.set_price("AAPL", "93", "94")
        assert (await session.order(sent.broker_order_id)).state is WORKING
        await h.set_price("AAPL", "94.8", "95")
        done = await settled(session, sent.broker_order_id, FILLED)
        assert done.average_price is not None
        assert done.average_price >= D("94.5")


@card(27, takes(OrderType.TRAILING_STOP))
async def a_trailing_stop_follows_the_price_up_and_never_down(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        instrument = await holding(session, "10")
        request = ask_for(
            instrument,
            side=Side.SELL,
            order_type=OrderType.TRAILING_STOP,
            trail_percent=D(10),
            effect=PositionEffect.CLOSE,
            time_in_force=TimeInForce.GTC,
        )
        sent = await session.submit(request)
        await h.set_price("AAPL", "110", "111")
        await h.set_price("AAPL", "100", "101")
        assert (await session.order(sent.broker_order_id)).state is WORKING
        await h.set_price("AAPL", "98.9", "99.5")
        done = await settled(session, sent.broker_order_id, FILLED)
        assert done.average_price == D("98.9")


@card(28, trades(AssetClass.CRYPTO))
async def a_fraction_of_a_coin_is_bought_exactly(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        sent = await session.submit(ask_for(await coin(session), "0.015"))
        done = await settled(session, sent.broker_order_id, FILLED)
        assert (done.filled_quantity, done.symbol) == (D("0.015"), "BTCUSD")
        await position_becomes(session, "0.015", "BTCUSD")


@card(29, trades(AssetClass.OPTION))
async def an_option_costs_a_hundred_times_its_price(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        await h.set_price(spec.option, "4.90", "5.00")
        before = (await session.account()).cash
        sent = await session.submit(ask_for(await contract(session, spec), "2"))
        await settled(session, sent.broker_order_id, FILLED)
        await position_becomes(session, "2", spec.option)
        paid = before - (await session.account()).cash
        assert D(1000) <= paid < D(1010)


@card(30, STOCKS)
async def quantities_are_rounded_down_to_the_steps_of_the_instrument(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        instrument = await (coin(session) if AssetClass.CRYPTO in spec.manifest.classes else stock(session))
        step = instrument.quantity_increment
        whole = max(step, D("0.5"))
        assert whole % step == 0
        sent = await session.submit(ask_for(instrument, str(whole + step / 3)))
        assert sent.quantity == whole


@card(31, STOCKS)
async def prices_are_rounded_to_the_steps_of_the_instrument(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        sent = await session.submit(limit(await stock(session), "90.123456"))
        assert sent.limit_price == D("90.12")


@card(32, STOCKS)
async def a_quantity_below_the_smallest_step_is_denied_unsent(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        instrument = await stock(session)
        request = ask_for(instrument, str(instrument.quantity_increment / 10))
        error = await refused(session.submit(request), Denied)
        assert error.sent is Sent.NO
        assert await h.orders_at_broker(request.client_order_id) == 0
        assert await h.requests_seen("submit") == 0


@card(33, can("notional"))
async def an_amount_of_money_buys_what_it_can(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        sent = await session.submit(ask_for(await stock(session), None, notional=D(250)))
        done = await settled(session, sent.broker_order_id, FILLED)
        assert done.filled_quantity == D("2.5")


@card(34, brackets())
async def a_bracket_waits_with_its_legs_held(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        sent = await session.submit(limit(await stock(session), "95", take_profit=D(110), stop_loss=D(90)))
        legs = {leg.role: leg for leg in (await session.order(sent.broker_order_id)).legs}
        assert set(legs) == {LegRole.TAKE_PROFIT, LegRole.STOP_LOSS}
        assert all(leg.held and leg.side is Side.SELL and leg.quantity == D(10) for leg in legs.values())
        assert (legs[LegRole.TAKE_PROFIT].limit_price, legs[LegRole.STOP_LOSS].stop_price) == (D(110), D(90))


async def _bracket(session: object, quantity: str = "10") -> tuple[OrderReport, dict[LegRole, OrderReport]]:
    instrument = await stock(session)  # type: ignore[arg-type]
    request = ask_for(
        instrument, quantity, take_profit=D(110), stop_loss=D(90), time_in_force=TimeInForce.GTC
    )
    sent = await session.submit(request)  # type: ignore[attr-defined]
    await settled(session, sent.broker_order_id, FILLED)  # type: ignore[arg-type]

    async def released() -> OrderReport | None:
        report = await session.order(sent.broker_order_id)  # type: ignore[attr-defined]
        return report if report.legs and not any(leg.held for leg in report.legs) else None

    report = await soon(released)
    return report, {leg.role: leg for leg in report.legs}


@card(35, brackets())
async def a_filled_bracket_releases_its_legs_for_what_filled(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        _, legs = await _bracket(session)
        assert all(leg.state is WORKING and leg.quantity == D(10) for leg in legs.values())


@card(36, brackets())
async def a_reached_target_cancels_the_stop(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        _, legs = await _bracket(session)
        await h.set_price("AAPL", "110.5", "111")
        done = await settled(session, legs[LegRole.TAKE_PROFIT].broker_order_id, FILLED)
        assert done.average_price is not None
        assert done.average_price >= D(110)
        await settled(session, legs[LegRole.STOP_LOSS].broker_order_id, CANCELLED)
        await position_becomes(session, "0")


@card(37, brackets())
async def a_touched_stop_cancels_the_target(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        _, legs = await _bracket(session)
        await h.set_price("AAPL", "89", "89.5")
        await settled(session, legs[LegRole.STOP_LOSS].broker_order_id, FILLED)
        await settled(session, legs[LegRole.TAKE_PROFIT].broker_order_id, CANCELLED)
        await h.set_price("AAPL", "111", "112")
        await position_becomes(session, "0")


@card(38, brackets())
async def cancelling_an_unfilled_bracket_cancels_its_legs(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        sent = await session.submit(limit(await stock(session), "95", take_profit=D(110), stop_loss=D(90)))
        await session.cancel(sent.broker_order_id)
        done = await settled(session, sent.broker_order_id, CANCELLED)
        await soon(lambda: _all_over(session, done.broker_order_id))
        assert list(await session.open_orders()) == []


async def _all_over(session: object, order_id: str) -> bool:
    report = await session.order(order_id)  # type: ignore[attr-defined]
    return bool(report.legs) and all(leg.state is CANCELLED for leg in report.legs)


@card(39, brackets(), can("short"))
async def a_bracket_for_a_short_mirrors_its_legs(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        request = ask_for(
            await stock(session),
            side=Side.SELL,
            take_profit=D(90),
            stop_loss=D(110),
            time_in_force=TimeInForce.GTC,
        )
        sent = await session.submit(request)
        await settled(session, sent.broker_order_id, FILLED)
        await position_becomes(session, "-10")
        await h.set_price("AAPL", "89", "89.5")
        await position_becomes(session, "0")


@card(40, brackets())
async def an_oto_carries_its_one_stop(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        request = ask_for(await stock(session), stop_loss=D(90), time_in_force=TimeInForce.GTC)
        sent = await session.submit(request)
        await settled(session, sent.broker_order_id, FILLED)
        (leg,) = (await session.order(sent.broker_order_id)).legs
        assert (leg.role, leg.stop_price) == (LegRole.STOP_LOSS, D(90))
        await h.set_price("AAPL", "89", "89.5")
        await settled(session, leg.broker_order_id, FILLED)
        await position_becomes(session, "0")


@card(41, brackets())
async def an_oco_on_a_position_executes_one_of_its_two_orders(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        instrument = await holding(session, "10")
        sent = await session.submit(
            limit(
                instrument,
                "110",
                side=Side.SELL,
                effect=PositionEffect.CLOSE,
                take_profit=D(110),
                stop_loss=D(90),
                time_in_force=TimeInForce.GTC,
            )
        )
        every = flat([await session.order(sent.broker_order_id)])
        assert len(every) == 2
        assert {r.role for r in every.values()} == {LegRole.TAKE_PROFIT, LegRole.STOP_LOSS}
        await h.set_price("AAPL", "89", "89.5")
        stop = next(r for r in every.values() if r.role is LegRole.STOP_LOSS)
        target = next(r for r in every.values() if r.role is LegRole.TAKE_PROFIT)
        await settled(session, stop.broker_order_id, FILLED)
        await settled(session, target.broker_order_id, CANCELLED)
        await position_becomes(session, "0")


@card(42, STOCKS)
async def a_partial_fill_is_told_and_the_rest_follows(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        instrument = await stock(session)
        await h.set_price("AAPL", "99", "100", "4", "4")
        sent = await session.submit(limit(instrument, "100"))
        part = await settled(session, sent.broker_order_id, OrderState.PARTIALLY_FILLED, "4")
        assert part.average_price == D(100)
        await position_becomes(session, "4")
        await h.set_price("AAPL", "98", "99", "50", "50")
        done = await settled(session, sent.broker_order_id, FILLED, "10")
        assert done.average_price == (4 * D(100) + 6 * D(99)) / 10
        await position_becomes(session, "10")


@card(43, STOCKS)
async def a_cancelled_partial_fill_keeps_what_was_filled(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        instrument = await stock(session)
        await h.set_price("AAPL", "99", "100", "4", "4")
        sent = await session.submit(limit(instrument, "100"))
        await settled(session, sent.broker_order_id, OrderState.PARTIALLY_FILLED, "4")
        await session.cancel(sent.broker_order_id)
        gone = await settled(session, sent.broker_order_id, CANCELLED, "4")
        assert gone.average_price == D(100)
        await position_becomes(session, "4")


@card(44, brackets())
async def a_partly_filled_bracket_never_protects_more_than_is_held(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        instrument = await stock(session)
        await h.set_price("AAPL", "99", "100", "4", "4")
        sent = await session.submit(
            limit(instrument, "100", take_profit=D(110), stop_loss=D(90), time_in_force=TimeInForce.GTC)
        )
        await settled(session, sent.broker_order_id, OrderState.PARTIALLY_FILLED, "4")
        await session.cancel(sent.broker_order_id)
        await settled(session, sent.broker_order_id, CANCELLED, "4")
        legs = (await session.order(sent.broker_order_id)).legs
        assert all(leg.quantity == D(4) for leg in legs if leg.state is WORKING)
        await h.set_price("AAPL", "89", "89.5")
        assert await held(session) >= 0
        await h.set_price("AAPL", "111", "112")
        assert await held(session) >= 0


@card(45, STOCKS)
async def a_working_order_is_cancelled(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        sent = await session.submit(limit(await stock(session), "90"))
        await session.cancel(sent.broker_order_id)
        gone = await settled(session, sent.broker_order_id, CANCELLED)
        assert gone.filled_quantity == 0
        await h.set_price("AAPL", "85", "86")
        assert await held(session) == 0


@card(46, STOCKS)
async def cancelling_what_is_over_is_success(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        instrument = await stock(session)
        done = await session.submit(ask_for(instrument, "1"))
        await settled(session, done.broker_order_id, FILLED)
        await session.cancel(done.broker_order_id)
        assert (await session.order(done.broker_order_id)).state is FILLED
        gone = await session.submit(limit(instrument, "90"))
        await session.cancel(gone.broker_order_id)
        await settled(session, gone.broker_order_id, CANCELLED)
        await session.cancel(gone.broker_order_id)


@card(47)
async def cancelling_what_never_was_is_not_found(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        await refused(session.cancel(new_id()), NotFound)


@card(48, can("replace"))
async def a_replaced_price_works_at_the_new_price(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        sent = await session.submit(limit(await stock(session), "90"))
        changed = await session.replace(sent.broker_order_id, limit_price=D("95.5"))
        assert changed.limit_price == D("95.5")
        await h.set_price("AAPL", "95", "95.5")
        await settled(session, changed.broker_order_id, FILLED)
        await position_becomes(session, "10")


@card(49, can("replace"))
async def a_replaced_quantity_is_the_whole_new_quantity(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        sent = await session.submit(limit(await stock(session), "90"))
        changed = await session.replace(sent.broker_order_id, quantity=D(4))
        assert changed.quantity == D(4)
        await h.set_price("AAPL", "89", "90")
        await settled(session, changed.broker_order_id, FILLED, "4")
        await position_becomes(session, "4")


@card(50, can("replace"))
async def a_replaced_order_is_followed_under_its_new_id(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        sent = await session.submit(limit(await stock(session), "90"))
        changed = await session.replace(sent.broker_order_id, limit_price=D(91))
        assert set(flat(await session.open_orders())) == {changed.broker_order_id}
        old = await session.order(sent.broker_order_id)
        if changed.broker_order_id != sent.broker_order_id:
            assert old.replaced_by == changed.broker_order_id


@card(51, can("replace"), brackets())
async def a_stop_leg_is_moved(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        _, legs = await _bracket(session)
        moved = await session.replace(legs[LegRole.STOP_LOSS].broker_order_id, stop_price=D(97))
        assert moved.stop_price == D(97)
        await h.set_price("AAPL", "96.5", "97")
        await settled(session, moved.broker_order_id, FILLED)
        await settled(session, legs[LegRole.TAKE_PROFIT].broker_order_id, CANCELLED)
        await position_becomes(session, "0")


@card(52, can("replace"))
async def replacing_what_is_over_is_refused(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        sent = await session.submit(ask_for(await stock(session), "1"))
        await settled(session, sent.broker_order_id, FILLED)
        await refused(session.replace(sent.broker_order_id, limit_price=D(91)), Rejected)
        await position_becomes(session, "1")


@card(53, STOCKS)
async def a_second_order_under_one_id_is_never_made(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        request = limit(await stock(session), "90")
        first = await session.submit(request)
        try:
            again = await session.submit(request)
        except DuplicateClientId:
            pass
        else:
            assert again.broker_order_id == first.broker_order_id
        assert await h.orders_at_broker(request.client_order_id) == 1
        assert len(await session.open_orders()) == 1


@card(54, STOCKS)
async def too_little_money_is_told_as_such(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        request = limit(await stock(session), "100", "100000")
        error = await refused(session.submit(request), InsufficientFunds)
        assert error.sent is Sent.YES
        assert list(await session.open_orders()) == []


@card(55, STOCKS)
async def more_than_is_held_is_not_sold(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        instrument = await holding(session, "10")
        request = limit(instrument, "120", "11", side=Side.SELL, effect=PositionEffect.CLOSE)
        await refused(session.submit(request), Rejected)
        await session.submit(limit(instrument, "120", "10", side=Side.SELL, effect=PositionEffect.CLOSE))
        again = limit(instrument, "121", "1", side=Side.SELL, effect=PositionEffect.CLOSE)
        await refused(session.submit(again), Rejected)
        assert len(await session.open_orders()) == 1


async def _protected(h: Harness, *, short: bool, role: LegRole) -> None:
    async with h.open() as session:
        instrument = await stock(session)
        sent = await session.submit(ask_for(instrument, side=Side.SELL if short else Side.BUY))
        await settled(session, sent.broker_order_id, FILLED)
        signed = "-10" if short else "10"
        await position_becomes(session, signed)
        above = short is (role is LegRole.STOP_LOSS)
        call = session.set_stop_loss if role is LegRole.STOP_LOSS else session.set_take_profit
        mine = new_id()
        rests = await call(instrument, D(signed), D(110 if above else 90), mine)  # type: ignore[arg-type]
        assert rests.side is (Side.BUY if short else Side.SELL)
        assert (await settled(session, rests.broker_order_id, WORKING)).filled_quantity == 0
        await position_becomes(session, signed)
        assert (await session.find_order(mine)).broker_order_id == rests.broker_order_id  # type: ignore[arg-type]
        await h.set_price("AAPL", *(("110.5", "111") if above else ("89", "89.5")))
        await settled(session, rests.broker_order_id, FILLED)
        await position_becomes(session, "0")


@card(56, takes(OrderType.STOP), works_for(TimeInForce.GTC))
async def a_stop_loss_rests_under_a_long_position(h: Harness, spec: HarnessSpec) -> None:
    await _protected(h, short=False, role=LegRole.STOP_LOSS)


@card(57, takes(OrderType.STOP), can("short"))
async def a_stop_loss_rests_above_a_short_position(h: Harness, spec: HarnessSpec) -> None:
    await _protected(h, short=True, role=LegRole.STOP_LOSS)


@card(58, STOCKS)
async def a_take_profit_rests_above_a_long_position(h: Harness, spec: HarnessSpec) -> None:
    await _protected(h, short=False, role=LegRole.TAKE_PROFIT)


@card(59, can("short"))
async def a_take_profit_rests_below_a_short_position(h: Harness, spec: HarnessSpec) -> None:
    await _protected(h, short=True, role=LegRole.TAKE_PROFIT)


@card(60, STOCKS)
async def a_position_is_closed_whole(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        instrument = await holding(session, "10")
        mine = new_id()
        sent = await session.close_position(instrument, mine)  # type: ignore[arg-type]
        await settled(session, sent.broker_order_id, FILLED, "10")
        await position_becomes(session, "0")
        assert (await session.find_order(mine)).side is Side.SELL  # type: ignore[arg-type]


@card(61, STOCKS)
async def a_part_of_a_position_is_closed(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        instrument = await holding(session, "10")
        sent = await session.close_position(instrument, new_id(), D(4))  # type: ignore[arg-type]
        await settled(session, sent.broker_order_id, FILLED, "4")
        await position_becomes(session, "6")


@card(62, STOCKS)
async def closing_what_is_not_held_is_refused(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        await refused(session.close_position(await stock(session), new_id()), BrokerError)  # type: ignore[arg-type]
        assert await held(session) == 0
        assert list(await session.open_orders()) == []


def _not_offered(instrument: Instrument, spec: HarnessSpec) -> dict[str, object]:
    rules = spec.manifest.classes[instrument.asset_class]
    for kind, prices in (
        (OrderType.TRAILING_STOP, {"trail_percent": D(5)}),
        (OrderType.STOP, {"stop_price": D(90)}),
    ):
        if kind not in rules.order_types:
            return {"order_type": kind, **prices}
    for force in (TimeInForce.OPG, TimeInForce.CLS, TimeInForce.FOK, TimeInForce.DAY):
        if force not in rules.times_in_force:
            return {"time_in_force": force}
    return {}


@card(63)
async def what_the_manifest_does_not_offer_is_denied_unsent(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        instruments = [await stock(session)]
        if AssetClass.CRYPTO in spec.manifest.classes:
            instruments.append(await coin(session))
        wrong = [(i, extra) for i in instruments if (extra := _not_offered(i, spec))]
        assert wrong, "this manifest offers everything; the card needs another example"
        for instrument, extra in wrong:
            request = ask_for(instrument, "1", **extra)
            error = await refused(session.submit(request), Denied)
            assert error.sent is Sent.NO
            assert await h.orders_at_broker(request.client_order_id) == 0
        assert await h.requests_seen("submit") == 0


@card(64, works_for(TimeInForce.IOC))
async def what_cannot_fill_at_once_does_not_stay(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        sent = await session.submit(limit(await stock(session), "90", time_in_force=TimeInForce.IOC))
        await settled(session, sent.broker_order_id, CANCELLED, "0")


@card(65, STOCKS)
async def an_order_whose_time_is_over_is_denied_unsent(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        quote = await session.quote(await stock(session))
        request = ask_for(await stock(session), "1", expires_at=quote.at - timedelta(minutes=5))
        await refused(session.submit(request), Denied)
        assert await h.orders_at_broker(request.client_order_id) == 0
