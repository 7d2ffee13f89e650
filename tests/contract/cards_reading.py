"""Cards AX-01 to AX-22: what a session says of account, instruments, quotes and past orders."""

import dataclasses

import pytest

from domain.accounts import Environment
from domain.broker import HistoryFilter
from domain.errors import AuthFailed, BrokerError, Denied, InvalidValue, NotFound, NotTradable
from domain.instruments import AssetClass, InstrumentQuery
from domain.orders import OrderState, OrderType, Side
from tests.contract.cards import (
    D,
    Need,
    ask_for,
    brackets,
    card,
    coin,
    contract,
    flat,
    has_secrets,
    held,
    holding,
    leads,
    limit,
    new_id,
    position_becomes,
    refused,
    settled,
    stock,
    trades,
)
from tests.contract.harness import START_CASH, Harness, HarnessSpec

STOCKS = leads


@card(1)
async def verifying_shows_the_account_and_that_it_is_paper(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        shown = await session.verify()
        assert shown.state.paper is (Environment.PAPER in spec.manifest.environments)
        assert shown.state.cash == START_CASH
        assert not shown.may_withdraw


@card(2)
async def the_account_number_is_masked_to_four_characters(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        masked = (await session.account()).number_masked
        assert masked
        assert len([c for c in masked if c.isalnum()]) <= 4


@card(3)
async def money_in_the_account_is_exact(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        state = await session.account()
        assert all(type(v) is D for v in (state.cash, state.equity, state.buying_power))
        assert state.equity == START_CASH
        assert state.buying_power >= START_CASH


@card(4, STOCKS)
async def a_fresh_account_has_no_positions_and_no_orders(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        assert list(await session.positions()) == []
        assert list(await session.open_orders()) == []
        assert list(await session.history(HistoryFilter())) == []


@card(5, STOCKS)
async def a_position_shows_what_was_bought_at_which_price(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        await holding(session, "10")
        (position,) = await session.positions()
        assert (position.instrument.symbol, position.quantity) == ("AAPL", D(10))
        assert position.average_price == D(100)
        assert all(type(v) is D for v in (position.quantity, position.average_price))


@card(6, trades(AssetClass.EQUITY))
async def a_stock_is_resolved_with_its_steps(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        found = await session.resolve(InstrumentQuery(symbol="AAPL"))
        assert (found.symbol, found.asset_class, found.currency) == ("AAPL", AssetClass.EQUITY, "USD")
        assert found.tradable
        assert found.price_increment == D("0.01")
        assert found.quantity_increment > 0
        assert found.multiplier == 1


@card(7, trades(AssetClass.CRYPTO))
async def a_coin_is_resolved_under_our_symbol(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        found = await coin(session)
        assert (found.symbol, found.asset_class) == ("BTCUSD", AssetClass.CRYPTO)
        assert found.quantity_increment < 1
        assert found.fractionable


@card(8, trades(AssetClass.OPTION))
async def an_option_is_resolved_with_its_multiplier(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        found = await contract(session, spec)
        assert (found.symbol, found.multiplier) == (spec.option, D(100))
        assert found.option is not None
        assert found.option.occ == spec.option


@card(9)
async def an_unknown_symbol_is_not_tradable(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        error = await refused(session.resolve(InstrumentQuery(symbol="ZZZZZ")), NotTradable)
        assert "ZZZZZ" in error.text


@card(10, Need("nothing is halted", lambda spec: bool(spec.untradable)))
async def a_symbol_the_broker_halts_is_not_traded(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        try:
            found = await session.resolve(InstrumentQuery(symbol=spec.untradable))
        except NotTradable:
            return
        assert not found.tradable
        request = ask_for(found, "1")
        await refused(session.submit(request), BrokerError)
        assert await h.orders_at_broker(request.client_order_id) == 0


@card(11, STOCKS)
async def a_quote_is_exact_and_carries_its_time(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        quote = await session.quote(await stock(session))
        assert (quote.bid, quote.ask, quote.symbol) == (D(99), D(100), "AAPL")
        assert type(quote.bid) is D
        assert quote.at.tzinfo is not None


@card(12, STOCKS)
async def a_quote_follows_the_market(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        instrument = await stock(session)
        await h.set_price("AAPL", "101.5", "101.75")
        quote = await session.quote(instrument)
        assert (quote.bid, quote.ask) == (D("101.5"), D("101.75"))


@card(13, STOCKS)
async def fees_are_an_exact_estimate(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        fees = await session.fees(ask_for(await stock(session)))
        assert type(fees.amount) is D
        assert fees.amount >= 0
        assert fees.estimated


@card(14, STOCKS)
async def an_order_is_found_by_our_id_open_and_closed(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        request = limit(await stock(session), "90")
        sent = await session.submit(request)
        found = await session.find_order(request.client_order_id)
        assert (found.broker_order_id, found.state) == (sent.broker_order_id, OrderState.WORKING)
        await session.cancel(sent.broker_order_id)
        await settled(session, sent.broker_order_id, OrderState.CANCELLED)
        found = await session.find_order(request.client_order_id)
        assert (found.broker_order_id, found.state) == (sent.broker_order_id, OrderState.CANCELLED)


@card(15)
async def what_the_broker_does_not_know_is_not_found(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        await refused(session.find_order(new_id()), NotFound)
        await refused(session.order(new_id()), NotFound)


@card(16, STOCKS)
async def open_orders_hold_what_works_and_nothing_else(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        instrument = await stock(session)
        works = await session.submit(limit(instrument, "90"))
        gone = await session.submit(limit(instrument, "91"))
        done = await session.submit(ask_for(instrument, "1"))
        await session.cancel(gone.broker_order_id)
        await settled(session, gone.broker_order_id, OrderState.CANCELLED)
        await settled(session, done.broker_order_id, OrderState.FILLED)
        assert set(flat(await session.open_orders())) == {works.broker_order_id}


@card(17, STOCKS)
async def history_is_newest_first_and_can_be_narrowed(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        apple, tesla = await stock(session), await stock(session, "TSLA")
        first = await session.submit(ask_for(apple, "1"))
        await settled(session, first.broker_order_id, OrderState.FILLED)
        await h.advance(2)
        second = await session.submit(limit(tesla, "200", "1"))
        every = [r.broker_order_id for r in await session.history(HistoryFilter())]
        assert every == [second.broker_order_id, first.broker_order_id]
        named = await session.history(HistoryFilter(symbol="AAPL"))
        assert [r.broker_order_id for r in named] == [first.broker_order_id]
        filled = await session.history(HistoryFilter(states=frozenset({OrderState.FILLED})))
        assert [r.broker_order_id for r in filled] == [first.broker_order_id]
        assert len(await session.history(HistoryFilter(limit=1))) == 1


@card(18, has_secrets)
async def wrong_credentials_are_told_as_such(h: Harness, spec: HarnessSpec) -> None:
    async def try_them() -> None:
        async with h.open(good_credentials=False) as session:
            await session.verify()

    await refused(try_them(), AuthFailed)


_has_a_live_side = Need(
    "no address is only for live",
    lambda spec: bool(spec.live_endpoint) or Environment.LIVE not in spec.manifest.environments,
)


@card(19, _has_a_live_side)
async def a_paper_session_never_opens_a_live_endpoint(h: Harness, spec: HarnessSpec) -> None:
    how = {"endpoint": spec.live_endpoint} if spec.live_endpoint else {"environment": Environment.LIVE}
    with pytest.raises((Denied, InvalidValue)):
        async with h.open(**how) as session:
            await session.verify()


@card(20, brackets())
async def open_orders_nest_the_legs_of_a_bracket(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        request = limit(await stock(session), "90", take_profit=D(120), stop_loss=D(80))
        await session.submit(request)
        (parent,) = await session.open_orders()
        assert parent.client_order_id == request.client_order_id
        assert {(leg.limit_price, leg.stop_price) for leg in parent.legs} == {(D(120), None), (None, D(80))}


@card(21, STOCKS)
async def reports_hold_decimals_only(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        done = await session.submit(limit(await stock(session), "100.01"))
        done = await settled(session, done.broker_order_id, OrderState.FILLED)
        values = [getattr(done, f.name) for f in dataclasses.fields(done)]
        assert not [v for v in values if isinstance(v, float)]
        assert type(done.filled_quantity) is D
        assert type(done.average_price) is D
        assert done.at.tzinfo is not None


@card(22, STOCKS)
async def positions_after_selling_everything_are_gone(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        instrument = await holding(session, "10")
        await session.submit(ask_for(instrument, "10", side=Side.SELL, order_type=OrderType.MARKET))
        await position_becomes(session, "0")
        assert await held(session) == 0
        state = await session.account()
        assert state.cash == START_CASH - 10
