"""The ways ccxt and Kraken lose money, each closed and named."""

import asyncio
import logging
import time
from datetime import timedelta

import pytest

from adapters.kraken import guard, limits, manifest
from adapters.kraken.shared import SHARED
from domain.accounts import Environment
from domain.broker import Lane
from domain.errors import (
    AuthFailed,
    Denied,
    DuplicateClientId,
    InsufficientFunds,
    MarketClosed,
    NotFound,
    NotTradable,
    OutcomeUnknown,
    Rejected,
    Sent,
    Throttled,
    Unreachable,
)
from domain.instruments import InstrumentQuery
from domain.orders import OrderState, OrderType, TimeInForce
from sim.clock import DrivenClock
from sim.faults import FaultAction
from tests.integration.kraken_world import KEY, SECRET, D, coin, limit, order, sell, world
from tests.support import eventually

ADD = "POST /0/private/AddOrder"


def says(*codes):
    return {"status": 200, "body": {"error": list(codes)}}


@pytest.fixture
def unlimited(monkeypatch):
    monkeypatch.setattr(manifest, "COUNTER", 1e6)
    monkeypatch.setattr(limits, "PUBLIC", 1e6)


# What goes out


async def test_a_stop_goes_out_as_a_stop_loss_and_never_as_a_market_order():
    async with world() as w, w.open() as session:
        instrument = await coin(session)
        await session.submit(order(instrument))
        await session.submit(sell(instrument, order_type=OrderType.STOP, stop_price=D(90)))
        form = w.sim.posted()[1]
        assert (form["ordertype"], form["price"]) == ("stop-loss", "90")
        assert "price2" not in form


async def test_a_stop_limit_sends_its_trigger_first_and_its_limit_second():
    async with world() as w, w.open() as session:
        instrument = await coin(session)
        await session.submit(order(instrument))
        sent = await session.submit(
            sell(instrument, order_type=OrderType.STOP_LIMIT, stop_price=D(90), limit_price=D(89))
        )
        form = w.sim.posted()[1]
        assert (form["ordertype"], form["price"], form["price2"]) == ("stop-loss-limit", "90", "89")
        seen = await session.order(sent.broker_order_id)
        assert (seen.stop_price, seen.limit_price) == (D(90), D(89))


async def test_a_trailing_stop_sends_a_relative_price_in_percent():
    async with world() as w, w.open() as session:
        instrument = await coin(session)
        await session.submit(order(instrument))
        await session.submit(sell(instrument, order_type=OrderType.TRAILING_STOP, trail_percent=D(5)))
        assert w.sim.posted()[1]["price"] == "+5%"


async def test_a_stop_and_a_target_on_one_order_are_denied_unsent():
    async with world() as w, w.open() as session:
        with pytest.raises(Denied) as refused:
            await session.submit(limit(await coin(session), "90", take_profit=D(120), stop_loss=D(80)))
        assert refused.value.code == "no_brackets"
        assert not w.sim.posted()


async def test_every_order_carries_our_id_a_deadline_and_fees_in_dollars():
    clock = DrivenClock()
    async with world(clock) as w, w.open() as session:
        request = limit(await coin(session), "90")
        await session.submit(request)
        (form,) = w.sim.posted()
        assert form["cl_ord_id"] == request.client_order_id
        assert form["deadline"] == "2026-03-02T15:00:05.000Z"
        assert form["oflags"] == "fciq"
        assert "userref" not in form


async def test_floats_never_reach_the_wire():
    async with world() as w, w.open() as session:
        instrument = await coin(session)
        await session.submit(limit(instrument, "87.654321", str(D("0.1") + D("0.2"))))
        (form,) = w.sim.posted()
        assert (form["volume"], form["price"]) == ("0.3", "87.65")


async def test_money_is_turned_into_coins_here_and_not_into_a_volume_in_dollars():
    async with world() as w, w.open() as session:
        sent = await session.submit(order(await coin(session), None, notional=D(250)))
        (form,) = w.sim.posted()
        assert (form["volume"], "viqc" in form["oflags"]) == ("2.5", False)
        assert sent.quantity == D("2.5")


async def test_an_immediate_order_is_so_only_where_kraken_takes_it():
    async with world() as w, w.open() as session:
        instrument = await coin(session)
        await session.submit(limit(instrument, "90", time_in_force=TimeInForce.IOC))
        assert w.sim.posted()[0]["timeinforce"] == "IOC"
        with pytest.raises(Denied):
            await session.submit(
                order(instrument, order_type=OrderType.STOP, stop_price=D(120), time_in_force=TimeInForce.IOC)
            )


# Ids, deadlines and doubles


async def test_an_id_kraken_would_take_again_is_not_bought_twice():
    async with world() as w, w.open() as session:
        request = order(await coin(session))
        w.faults.add(ADD, FaultAction.EXECUTE_THEN_DROP)
        with pytest.raises(OutcomeUnknown):
            await session.submit(request)
        with pytest.raises(DuplicateClientId):
            await session.submit(request)
        assert len(w.sim.posted()) == 1


async def test_an_id_that_may_still_land_is_not_sent_again_before_the_deadline_is_past():
    clock = DrivenClock()
    async with world(clock) as w, w.open() as session:
        request = order(await coin(session))
        w.faults.add(ADD, FaultAction.DROP_BEFORE_EXECUTE)
        with pytest.raises(OutcomeUnknown):
            await session.submit(request)
        with pytest.raises(OutcomeUnknown) as unsettled:
            await session.submit(request)
        assert unsettled.value.code == "unsettled"
        assert len(w.sim.posted()) == 1
        await clock.advance(manifest.SETTLE)
        await session.submit(request)
        assert len(w.sim.orders(KEY)) == 1


async def test_a_copy_that_arrives_after_the_deadline_does_not_land():
    clock = DrivenClock()
    async with world(clock) as w, w.open() as session:
        request = order(await coin(session))
        w.faults.add(ADD, FaultAction.LATE_EXECUTE, seconds=manifest.DEADLINE + 1)
        with pytest.raises(OutcomeUnknown):
            await session.submit(request)
        await clock.advance(manifest.SETTLE)
        await asyncio.sleep(0.05)
        assert w.sim.orders(KEY) == []
        with pytest.raises(NotFound):
            await session.find_order(request.client_order_id)


def test_the_settle_time_lies_past_the_deadline():
    assert manifest.MANIFEST.settle > manifest.DEADLINE


async def test_a_refused_order_frees_its_id_at_once():
    async with world() as w, w.open() as session:
        request = order(await coin(session))
        w.faults.add(ADD, FaultAction.STATUS, **says("EAPI:Rate limit exceeded"))
        with pytest.raises(Throttled):
            await session.submit(request)
        assert (await session.submit(request)).client_order_id == request.client_order_id


async def test_our_id_is_looked_up_by_cl_ord_id_among_open_and_then_closed():
    async with world() as w, w.open() as session:
        request = order(await coin(session))
        await session.submit(request)
        found = await session.find_order(request.client_order_id)
        assert found.state is OrderState.FILLED
        (opened,), (closed,) = w.sim.posted("OpenOrders"), w.sim.posted("ClosedOrders")
        assert opened["cl_ord_id"] == closed["cl_ord_id"] == request.client_order_id
        assert not w.sim.posted("QueryOrders")


async def test_a_duplicate_that_kraken_itself_refuses_is_told_as_such(monkeypatch):
    async with world() as w, w.open() as session:
        request = limit(await coin(session), "90")
        await session.submit(request)
        monkeypatch.setattr("adapters.kraken.shared.Link.sent_ago", lambda *_: None)
        with pytest.raises(DuplicateClientId):
            await session.submit(request)
        assert len(w.sim.orders(KEY)) == 1


# Nonces and instances


async def test_two_sessions_on_one_key_share_one_instance_and_no_nonce_is_refused(unlimited):
    async with world() as w, w.open() as one, w.open() as other:
        instrument = await coin(one)
        calls = [s.submit(limit(instrument, "90", "0.1")) for s in (one, other) for _ in range(25)]
        answers = await asyncio.gather(*calls, *(s.account() for s in (one, other)), return_exceptions=True)
        assert not [a for a in answers if isinstance(a, BaseException)]
        assert len(w.sim.orders(KEY)) == 50
        assert len(SHARED._links) == 1


async def test_sessions_share_connections_and_markets(unlimited):
    async with world() as w:
        w.sim.add_account(KEY[::-1], SECRET)
        async with w.open() as one, w.open(key=KEY[::-1]) as other:
            await asyncio.gather(coin(one), coin(other))
            await asyncio.gather(one.account(), other.account())
            first, second = (link.exchange for link in SHARED._links.values())
            assert first is not second
            assert first.session is second.session
            assert first.markets is second.markets
            assert not first.enableRateLimit
            assert len(w.calls("AssetPairs")) == 1
        assert not SHARED._links
        assert not SHARED._wires


async def test_a_nonce_that_came_too_late_is_throttled_unsent_and_never_a_refused_order():
    async with world() as w, w.open() as session:
        request = order(await coin(session))
        w.faults.add(ADD, FaultAction.STATUS, **says("EAPI:Invalid nonce"))
        with pytest.raises(Throttled) as slow:
            await session.submit(request)
        assert slow.value.sent is Sent.NO


async def test_an_order_does_not_wait_for_a_read_that_hangs():
    async with world() as w, w.open() as session:
        request = limit(await coin(session), "90")
        w.faults.add("POST /0/private/OpenOrders", FaultAction.DELAY, seconds=3)
        reading = asyncio.create_task(session.open_orders())
        await eventually(lambda: w.calls("OpenOrders"))
        started = time.monotonic()
        await session.submit(request)
        assert time.monotonic() - started < 1
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


# What comes back


@pytest.mark.parametrize("code", ["EAPI:Invalid signature", "EAPI:Invalid key"])
async def test_a_bad_signature_is_bad_credentials_and_not_some_error(code):
    async with world() as w, w.open() as session:
        request = order(await coin(session))
        w.faults.add(ADD, FaultAction.STATUS, **says(code))
        with pytest.raises(AuthFailed):
            await session.submit(request)
        assert not session.is_connected()


@pytest.mark.parametrize("status", [400, 403, 404, 409, 500, 502, 503, 504, 520])
async def test_an_http_error_without_krakens_words_proves_nothing(status):
    async with world() as w, w.open() as session:
        request = order(await coin(session))
        w.faults.add(ADD, FaultAction.GARBAGE_BODY, status=status)
        with pytest.raises(OutcomeUnknown) as unknown:
            await session.submit(request)
        assert unknown.value.sent is Sent.MAYBE
        assert len(w.sim.posted()) == 1


@pytest.mark.parametrize(
    ("code", "kind", "name"),
    [
        ("EOrder:Insufficient funds", InsufficientFunds, "insufficient_funds"),
        ("EOrder:Order minimum not met", Rejected, "too_small"),
        ("EOrder:Cost minimum not met", Rejected, "too_small"),
        ("EOrder:Orders limit exceeded", Rejected, "too_many_orders"),
        ("EOrder:Invalid price", Rejected, "invalid"),
        ("EGeneral:Invalid arguments:volume", Rejected, "invalid"),
        ("EQuery:Unknown asset pair", NotTradable, "not_tradable"),
        ("EService:Market in cancel_only mode", MarketClosed, "market_closed"),
        ("EService:Market in post_only mode", MarketClosed, "market_closed"),
        ("EGeneral:Permission denied", AuthFailed, "no_permission"),
        ("EAPI:Rate limit exceeded", Throttled, "rate_limited"),
        ("EOrder:Rate limit exceeded", Throttled, "rate_limited"),
        ("EService:Unavailable", OutcomeUnknown, "kraken_busy"),
        ("EService:Busy", OutcomeUnknown, "kraken_busy"),
        ("EService:Deadline elapsed", OutcomeUnknown, "deadline"),
        ("EGeneral:Internal error", OutcomeUnknown, "kraken_broken"),
        ("EFuture:Something new", OutcomeUnknown, "unknown_code"),
    ],
)
async def test_each_of_krakens_codes_is_told_by_what_it_proves(code, kind, name):
    async with world() as w, w.open() as session:
        request = order(await coin(session))
        w.faults.add(ADD, FaultAction.STATUS, **says(code))
        with pytest.raises(kind) as refused:
            await session.submit(request)
        assert (type(refused.value), refused.value.code) == (kind, name)


@pytest.mark.parametrize(
    "body",
    [{}, [], 7, "text", {"error": []}, {"error": [], "result": {}}, {"error": [], "result": {"txid": []}}],
)
async def test_an_answer_without_an_order_in_it_is_unknown(body):
    async with world() as w, w.open() as session:
        request = order(await coin(session))
        w.faults.add(ADD, FaultAction.STATUS, status=200, body=body)
        with pytest.raises(OutcomeUnknown):
            await session.submit(request)


async def test_a_warning_beside_a_result_is_no_error():
    async with world() as w, w.open() as session:
        body = {"error": ["WGeneral:Danger"], "result": {"txid": ["OABCDE-FGHIJ-KLMNOP"]}}
        request = order(await coin(session))
        w.faults.add(ADD, FaultAction.STATUS, status=200, body=body)
        assert (await session.submit(request)).broker_order_id == "OABCDE-FGHIJ-KLMNOP"


async def test_an_order_state_nobody_knows_is_never_guessed():
    async with world() as w, w.open() as session:
        sent = await session.submit(limit(await coin(session), "90"))
        raw = {"status": "resting", "vol": "1", "vol_exec": "0", "opentm": 1.0, "descr": {"pair": "ETHUSD"}}
        raw["descr"] |= {"type": "buy", "ordertype": "limit", "price": "90"}
        body = {"error": [], "result": {sent.broker_order_id: raw}}
        w.faults.add("POST /0/private/QueryOrders", FaultAction.STATUS, status=200, body=body, times=9)
        with pytest.raises(OutcomeUnknown) as unknown:
            await session.order(sent.broker_order_id)
        assert unknown.value.code == "unreadable"


async def test_cancelling_an_order_that_is_over_is_success_though_kraken_calls_it_unknown():
    async with world() as w, w.open() as session:
        sent = await session.submit(order(await coin(session)))
        await session.cancel(sent.broker_order_id)
        assert (await session.order(sent.broker_order_id)).state is OrderState.FILLED


async def test_an_unknown_order_is_not_found_and_not_an_invalid_one():
    async with world() as w, w.open() as session:
        for ask in (session.order, session.cancel):
            with pytest.raises(NotFound):
                await ask("OAAAAA-BBBBB-CCCCCC")


async def test_a_refused_connection_is_unreachable_and_proves_that_nothing_was_sent():
    async with world() as w, w.open() as session:
        request = order(await coin(session))
        port = w.sim.port
        await w.sim.stop()
        with pytest.raises(Unreachable) as unreachable:
            await session.submit(request)
        assert unreachable.value.sent is Sent.NO
        await w.sim.start(port)
        assert (await session.submit(request)).client_order_id == request.client_order_id


async def test_a_redirect_is_not_followed_with_the_key_in_hand():
    async with world() as w, w.open() as session:
        request = order(await coin(session))
        headers = {"Location": f"{w.sim.url}/0/private/AddOrder"}
        w.faults.add(ADD, FaultAction.STATUS, status=307, headers=headers)
        with pytest.raises(OutcomeUnknown):
            await session.submit(request)
        assert len(w.sim.posted()) == 1


# Where it goes, and with what


async def test_there_is_no_paper_at_kraken_and_a_paper_session_sends_nothing():
    async with world() as w:
        with pytest.raises(Denied):
            async with w.open(environment=Environment.PAPER):
                pass
        assert not w.sim.requests
        assert manifest.MANIFEST.environments == (Environment.LIVE,)


def test_requests_go_to_kraken_or_the_override_only():
    assert guard.allowed("api.kraken.com", "")
    assert not guard.allowed("api.kraken.com.evil.example", "")
    assert not guard.allowed("api.kraken.com", "http://127.0.0.1:1")


async def test_a_key_that_may_withdraw_is_told_before_it_is_kept():
    async with world() as w:
        w.sim.account(KEY).permissions += ("withdraw-funds",)
        async with w.open() as session:
            assert (await session.verify()).may_withdraw


async def test_a_key_that_may_not_trade_is_refused_with_what_it_lacks():
    async with world() as w:
        w.sim.account(KEY).permissions = ("query-funds", "query-open-trades", "query-closed-trades")
        async with w.open() as session:
            with pytest.raises(AuthFailed) as refused:
                await session.verify()
        assert "create and modify orders" in refused.value.text


async def test_a_key_whose_powers_cannot_be_read_is_not_taken():
    async with world() as w, w.open() as session:
        body = {"error": [], "result": {"apiKeyName": "bot"}}
        w.faults.add("POST /0/private/GetApiKeyInfo", FaultAction.STATUS, status=200, body=body, times=9)
        with pytest.raises(OutcomeUnknown):
            await session.verify()


async def test_a_private_key_cut_short_is_refused_before_anything_is_sent():
    async with world() as w:
        with pytest.raises(AuthFailed):
            async with w.open(secret=SECRET[:-3]):
                pass
        assert not w.sim.requests


async def test_the_log_of_ccxt_holds_no_secret(caplog):
    caplog.set_level(logging.DEBUG)
    async with world() as w, w.open() as session:
        await session.submit(order(await coin(session)))
    assert SECRET not in caplog.text
    assert KEY not in caplog.text


async def test_an_order_whose_time_is_over_is_not_sent():
    async with world() as w, w.open() as session:
        request = order(await coin(session), expires_at=w.clock.now() - timedelta(seconds=1))
        with pytest.raises(Denied):
            await session.submit(request)
        assert not w.sim.posted()


# Symbols and balances


@pytest.mark.parametrize("said", ["BTC", "XBT", "BTCUSD", "XBTUSD", "BTCUSDT", "BTC/USDC", "XBTUSDT"])
async def test_every_name_of_bitcoin_is_the_dollar_pair(said):
    async with world() as w, w.open() as session:
        found = await session.resolve(InstrumentQuery(symbol=said))
        assert (found.symbol, found.broker_symbol, found.currency) == ("BTCUSD", "XBTUSD", "USD")


async def test_dogecoin_is_xdg_at_kraken():
    async with world() as w, w.open() as session:
        found = await session.resolve(InstrumentQuery(symbol="DOGEUSDT"))
        assert (found.symbol, found.broker_symbol) == ("DOGEUSD", "XDGUSD")
        sent = await session.submit(limit(found, "0.1", "100"))
        assert (await session.order(sent.broker_order_id)).symbol == "DOGEUSD"


async def test_dust_is_no_position_and_staked_coins_are_none_either():
    async with world() as w, w.open() as session:
        staked = w.sim.account(KEY).staked
        staked |= {"SOL": "0.0000600000", "XXBT": "0.0000000090", "ETH2.S": "1.0000000000", "ZEUR": "5.0000"}
        assert list(await session.positions()) == []
        staked["SOL"] = "0.1000000000"
        (position,) = await session.positions()
        assert (position.instrument.symbol, position.quantity) == ("SOLUSD", D("0.1"))


async def test_what_a_position_cost_comes_from_its_own_trades():
    async with world() as w, w.open() as session:
        instrument = await coin(session)
        await session.submit(order(instrument, "3"))
        w.market.set("ETHUSD", D(109), D(110))
        await session.submit(order(instrument, "1"))
        await session.submit(sell(instrument, "2"))
        (position,) = await session.positions()
        assert (position.quantity, position.average_price) == (D(2), D("102.5"))
        assert position.mark == D("109.5")
        asked = len(w.calls("TradesHistory"))
        await session.positions()
        assert len(w.calls("TradesHistory")) == asked


async def test_coins_held_by_a_resting_stop_are_not_sold_twice():
    async with world() as w, w.open() as session:
        instrument = await coin(session)
        await session.submit(order(instrument))
        await session.set_stop_loss(instrument, D(1), D(90), limit(instrument, "1").client_order_id)
        with pytest.raises(InsufficientFunds) as held:
            await session.close_position(instrument, limit(instrument, "1").client_order_id)
        assert held.value.code == "held_for_orders"


async def test_fees_are_those_of_the_accounts_own_volume():
    async with world() as w, w.open() as session:
        fees = await session.fees(limit(await coin(session), "100", "10"))
        assert fees.amount == D("3.50")
        w.faults.add("POST /0/private/TradeVolume", FaultAction.STATUS, status=500, times=9)
        assert (await session.fees(limit(await coin(session), "100", "10"))).amount == D("4.00")


# Limits


async def test_the_decaying_counter_is_never_exceeded(monkeypatch):
    monkeypatch.setattr(manifest, "DECAY", 40.0)
    async with world(counter=15.0, decay=40.0) as w, w.open() as session:
        await asyncio.gather(*(session.open_orders() for _ in range(40)))
        assert len(w.calls("OpenOrders")) == 40


async def test_after_krakens_word_that_a_pair_is_full_orders_in_it_wait(monkeypatch):
    monkeypatch.setitem(limits.PATIENCE, Lane.ENTRY, 0.2)
    async with world() as w, w.open() as session:
        request = order(await coin(session))
        w.faults.add(ADD, FaultAction.STATUS, **says("EOrder:Rate limit exceeded"))
        for _ in range(2):
            with pytest.raises(Throttled) as slow:
                await session.submit(request)
            assert slow.value.sent is Sent.NO
        assert len(w.calls("AddOrder")) == 1


async def test_orders_do_not_wait_for_a_counter_that_reads_have_filled(monkeypatch):
    monkeypatch.setitem(limits.PATIENCE, Lane.READ, 0.05)
    async with world() as w, w.open(ceiling=2) as session:
        instrument = await coin(session)
        await session.account()
        with pytest.raises(Throttled) as slow:
            await session.open_orders()
        assert slow.value.sent is Sent.NO
        sent = await session.submit(limit(instrument, "90"))
        await session.cancel(sent.broker_order_id)
        assert not [o for _, o in w.sim.orders(KEY) if o.live]


# Updates


async def test_a_lost_message_of_the_stream_is_a_gap_and_not_silence():
    async with world() as w, w.open() as session:
        instrument = await coin(session)
        stream = session.events()
        task = asyncio.create_task(anext(stream))
        await eventually(lambda: w.sim.streams.listeners())
        await asyncio.sleep(0.05)
        w.sim.streams.skip()
        await session.submit(limit(instrument, "90"))
        with pytest.raises(OutcomeUnknown) as gap:
            await task
        assert gap.value.code == "stream_gap"


async def test_what_ended_while_nobody_listened_is_told_when_somebody_does():
    async with world() as w, w.open() as session:
        request = order(await coin(session))
        await session.submit(request)
        stream = session.events()
        told = await asyncio.wait_for(anext(stream), 3)
        assert (told.client_order_id, told.state) == (request.client_order_id, OrderState.FILLED)
        await stream.aclose()


async def test_our_id_in_the_stream_is_cl_ord_id_and_a_cancel_that_says_little_is_read_whole():
    async with world() as w, w.open() as session:
        request = limit(await coin(session), "90")
        sent = await session.submit(request)
        stream = session.events()
        first = await asyncio.wait_for(anext(stream), 3)
        assert (first.client_order_id, first.state) == (request.client_order_id, OrderState.WORKING)
        await session.cancel(sent.broker_order_id)
        gone = await asyncio.wait_for(anext(stream), 3)
        assert (gone.state, gone.symbol, gone.limit_price) == (OrderState.CANCELLED, "ETHUSD", D(90))
        await stream.aclose()


async def test_a_stream_of_garbage_is_a_gap():
    async with world() as w, w.open() as session:
        task = asyncio.create_task(anext(session.events()))
        await eventually(lambda: w.sim.streams.listeners())
        w.sim.streams.send_raw('{"channel": "executions", "data": [{"order_')
        with pytest.raises(OutcomeUnknown):
            await task


async def test_a_key_that_may_not_listen_is_polled_instead():
    clock = DrivenClock()
    async with world(clock) as w:
        account = w.sim.account(KEY)
        account.permissions = tuple(p for p in account.permissions if p != "create-ws-token")
        async with w.open() as session:
            assert len((await session.verify()).notes) == 2
            request = limit(await coin(session), "90")
            await session.submit(request)
            stream = session.events()
            told = await asyncio.wait_for(anext(stream), 3)
            assert told.client_order_id == request.client_order_id
            await stream.aclose()


async def test_disconnecting_ends_the_stream_quietly():
    async with world() as w, w.open() as session:
        stream = session.events()
        task = asyncio.create_task(anext(stream, None))
        await eventually(lambda: w.sim.streams.listeners())
        await session.disconnect()
        assert await asyncio.wait_for(task, 3) is None
