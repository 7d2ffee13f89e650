"""Close every known trap of moomoo's SDK and of OpenD (shared/reference/brokers.md section 4)."""

import asyncio
import itertools
import subprocess
import sys
import threading
import time

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters.moomoo import sdk
from domain.broker import HistoryFilter
from domain.errors import (
    AuthFailed,
    Denied,
    DuplicateClientId,
    InsufficientFunds,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Sent,
    Throttled,
    Unreachable,
)
from domain.orders import OrderState, OrderType, PositionEffect, Side, TimeInForce
from sim.faults import FaultAction
from tests.contract.moomoo_harness import BAD_PASSWORD, PASSWORD
from tests.integration.moomoo_world import LIVE, D, limit, order, stock, world
from tests.support import eventually


def test_ctrl_c_stays_ours_for_the_sdk_is_imported_in_a_thread():
    code = (
        "import signal, threading; from adapters.moomoo import sdk; "
        "before = signal.getsignal(signal.SIGINT); "
        "t = threading.Thread(target=sdk.load); t.start(); t.join(); import sys; "
        "print('moomoo' in sys.modules, signal.getsignal(signal.SIGINT) is before)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["True", "True"]


def test_importing_the_sdk_in_the_main_thread_is_refused():
    with pytest.raises(RuntimeError, match="in a thread only"):
        sdk.load()


def test_the_adapter_is_imported_without_the_sdk():
    code = "import sys, adapters.moomoo; print('moomoo' in sys.modules, 'pandas' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "False"]


async def test_without_a_home_directory_the_member_is_told(monkeypatch):
    def no_home():
        raise KeyError("HOME")

    monkeypatch.setattr(sdk, "load", no_home)
    async with world() as w:
        with pytest.raises(Denied) as told:
            async with w.open():
                pass
        assert told.value.code == "no_home"


async def test_a_closed_port_is_told_at_once_and_not_tried_for_ever():
    async with world() as w, w.open(endpoint="127.0.0.1:1") as session:
        begun = time.monotonic()
        with pytest.raises(Unreachable) as told:
            await session.submit(limit(await _known(), "90"))
        assert told.value.sent is Sent.NO
        assert time.monotonic() - begun < 2


async def test_an_opend_that_never_shakes_hands_is_given_up():
    async with world(connect_timeout=0.3) as w:
        await w.opend.call("mute")
        before = threading.active_count()
        async with w.open() as session:
            with pytest.raises(Unreachable) as told:
                await session.submit(limit(await _known(), "90"))
            assert told.value.code == "no_handshake"
        await eventually(lambda: not [t for t in threading.enumerate() if t.name == "moomoo-connect"])
        assert threading.active_count() <= before + 4


async def test_a_session_leaves_no_thread_behind():
    async with world() as w:
        async with w.open() as session:
            await stock(session)
            await session.account()
        settled = await eventually(lambda: _threads() or 1)
        for _ in range(3):
            async with w.open() as session:
                await stock(session)
                await session.account()
        await eventually(lambda: _threads() <= settled)


async def test_every_default_that_could_mean_real_money_or_hong_kong_is_spelt_out():
    async with world() as w, w.open() as session:
        await session.submit(limit(await stock(session), "90"))
        await session.account()
        await session.positions()
        bodies = [b for path in ("/2202", "/2101", "/2102", "/2201") for b in w.bodies(path)]
        assert {(b["header"]["trdEnv"], b["header"]["accID"]) for b in bodies} == {(0, str(w.paper))}
        assert {b["header"]["trdMarket"] for b in bodies} == {2}
        assert {b["currency"] for b in w.bodies("/2101")} == {2}


async def test_a_live_account_with_hong_kong_first_still_trades_in_the_us():
    async with world() as w, w.open(environment=LIVE) as session:
        sent = await session.submit(limit(await stock(session), "90"))
        await session.replace(sent.broker_order_id, limit_price=D(91))
        headers = [b["header"] for path in ("/2202", "/2205/modify", "/2201") for b in w.bodies(path)]
        assert {(h["trdEnv"], h["trdMarket"]) for h in headers} == {(1, 2)}


async def test_a_paper_session_cannot_pack_a_request_for_the_live_account():
    async with world() as w, w.open() as session:
        await session.account()
        link = session._client._links[True]
        seen = len(w.paths())
        for env, number in (("REAL", w.real), ("SIMULATE", w.real), ("REAL", w.paper)):
            with pytest.raises(PermissionError):
                link.context.order_list_query(trd_env=env, acc_id=number)
        assert len(w.paths()) == seen


async def test_paper_unlocks_nothing():
    async with world() as w, w.open() as session:
        await session.submit(limit(await stock(session), "90"))
        assert "/2005" not in w.paths()


async def test_live_is_unlocked_once_and_the_sdk_does_not_keep_the_password():
    async with world() as w, w.open(environment=LIVE) as session:
        await session.submit(limit(await stock(session), "90"))
        assert w.paths().count("/2005") == 1
        context = session._client._links[True].context
        assert context._ctx_unlock is None
        assert PASSWORD not in repr(vars(context))


async def test_a_wrong_trade_password_is_told_as_such():
    async with world() as w, w.open(environment=LIVE, unlock_password=BAD_PASSWORD) as session:
        with pytest.raises(AuthFailed) as told:
            await session.verify()
        assert BAD_PASSWORD not in str(told.value)


async def test_live_without_a_password_works_where_opend_itself_is_unlocked():
    async with world() as w, w.open(environment=LIVE, unlock_password="") as session:
        assert (await session.verify()).state.paper is False
        request = limit(await stock(session), "90")
        with pytest.raises(AuthFailed):
            await session.submit(request)
        await w.opend.call("set", unlocked=True)
        assert (await session.submit(request)).state is OrderState.WORKING


async def test_an_account_number_that_opend_does_not_have_is_told():
    async with world() as w:
        async with w.open(account_id="1234") as session:
            with pytest.raises(AuthFailed):
                await session.verify()
        # The live account's number is no paper account.
        async with w.open(account_id=str(w.real)) as session:
            with pytest.raises(AuthFailed):
                await session.verify()
        async with w.open(account_id=str(w.paper)) as session:
            assert (await session.verify()).state.number_masked == "…1234"


async def test_a_disabled_account_is_not_picked():
    async with world() as w:
        await w.opend.call("set", disable=[w.paper])
        async with w.open() as session:
            with pytest.raises(AuthFailed) as told:
                await session.account()
        assert told.value.code == "no_account"


async def test_the_remark_carries_our_id_and_finds_the_order_after_a_drop():
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "90")
        w.fault("/2202", FaultAction.EXECUTE_THEN_DROP)
        with pytest.raises(OutcomeUnknown):
            await session.submit(request)
        assert (await session.find_order(request.client_order_id)).state is OrderState.WORKING
        assert w.bodies()[0]["remark"] == request.client_order_id


async def test_a_remark_of_more_than_64_bytes_is_denied_unsent():
    async with world() as w, w.open() as session:
        with pytest.raises(Denied) as told:
            await session.submit(limit(await stock(session), "90", client_order_id="é" * 33))
        assert told.value.code == "id_too_long"
        assert w.bodies() == []


async def test_absence_is_believed_only_after_opend_asked_its_servers():
    async with world() as w, w.open() as session:
        with pytest.raises(NotFound):
            await session.find_order("never-sent")
        assert [b.get("refreshCache", False) for b in w.bodies("/2201")] == [False, True]
        assert len(w.bodies("/2221")) == 1


async def test_an_order_of_an_earlier_day_is_found_in_the_history():
    async with world() as w, w.open() as session:
        request = order(await stock(session), "1")
        sent = await session.submit(request)
        await w.advance(36 * 3600)
        assert (await session.find_order(request.client_order_id)).broker_order_id == sent.broker_order_id
        assert (await session.order(sent.broker_order_id)).state is OrderState.FILLED
        assert [r.broker_order_id for r in await session.history(HistoryFilter())] == [sent.broker_order_id]


async def test_a_second_order_under_one_remark_is_stopped_here_for_moomoo_would_take_it():
    async with world() as w:
        async with w.open() as session:
            request = limit(await stock(session), "90")
            w.fault("/2202", FaultAction.DROP_BEFORE_EXECUTE)
            with pytest.raises(OutcomeUnknown):
                await session.submit(request)
        async with w.open() as session:
            with pytest.raises(DuplicateClientId):
                await session.submit(request)
        assert len(w.bodies()) == 1


async def test_an_id_that_was_refused_may_be_used_again():
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "90")
        w.fault("/2202", FaultAction.STATUS, status=429)
        with pytest.raises(Throttled):
            await session.submit(request)
        await w.advance(31)
        assert (await session.submit(request)).state is OrderState.WORKING


@pytest.mark.parametrize("ret", [-100, -200, -400, -500])
async def test_a_result_type_other_than_failed_is_no_refusal(ret):
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "90")
        w.fault("/2202", FaultAction.STATUS, ret=ret, text="insufficient buying power")
        with pytest.raises(OutcomeUnknown) as told:
            await session.submit(request)
        assert told.value.sent is Sent.MAYBE


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [
        ("Your buying power is insufficient", InsufficientFunds, "insufficient_funds"),
        ("购买力不足", InsufficientFunds, "insufficient_funds"),
        ("请先解锁交易", AuthFailed, "auth_failed"),
        ("Orders are not accepted: market closed", Rejected, "market_closed"),
        ("Unknown stock AAPL", Rejected, "not_tradable"),
        ("Something nobody has ever seen", Rejected, "refused"),
    ],
)
async def test_refusals_are_told_apart_by_their_words_and_an_unknown_one_is_a_refusal(text, kind, code):
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        w.fault("/2202", FaultAction.STATUS, ret=-1, text=text)
        with pytest.raises(kind) as told:
            await session.submit(limit(instrument, "90"))
        assert told.value.code == code
        assert text not in told.value.text


async def test_an_order_whose_read_back_fails_is_still_reported_by_its_id():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        w.fault("/2201", FaultAction.STATUS, times=3, ret=-1, text="not now")
        request = limit(instrument, "90.129")
        sent = await session.submit(request)
        assert (sent.client_order_id, sent.limit_price) == (request.client_order_id, D("90.13"))
        assert (await session.order(sent.broker_order_id)).limit_price == D("90.13")


async def test_a_connection_lost_right_after_the_order_was_taken_is_no_unknown():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        w.fault("/2201", FaultAction.DROP_BEFORE_EXECUTE)
        request = limit(instrument, "90")
        sent = await session.submit(request)
        assert (await session.find_order(request.client_order_id)).broker_order_id == sent.broker_order_id


async def test_what_is_not_held_is_not_sold_for_moomoo_would_sell_it_short():
    async with world() as w, w.open() as session:
        with pytest.raises(InsufficientFunds):
            await session.submit(order(await stock(session), "1", side=Side.SELL))
        with pytest.raises(InsufficientFunds):
            await session.submit(order(await stock(session), "1", effect=PositionEffect.CLOSE))
        assert w.bodies() == []


async def test_floats_meet_the_sdk_only_on_moomoos_steps():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        await session.submit(limit(instrument, "0.30000000000000004", "3.9"))
        await session.submit(limit(instrument, "90.125", "7"))
        assert [(b["price"], b["qty"]) for b in w.bodies()] == [(0.3, 3.0), (90.12, 7.0)]


async def test_a_stop_sends_its_trigger_and_a_change_keeps_what_is_not_named():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        await session.submit(order(instrument))
        request = order(
            instrument,
            side=Side.SELL,
            order_type=OrderType.STOP_LIMIT,
            stop_price=D(95),
            limit_price=D("94.5"),
            time_in_force=TimeInForce.GTC,
        )
        sent = await session.submit(request)
        moved = await session.replace(sent.broker_order_id, stop_price=D(96))
        assert (moved.stop_price, moved.limit_price, moved.quantity) == (D(96), D("94.5"), D(10))
        (body,) = w.bodies("/2205/modify")
        assert (body["auxPrice"], body["price"], body["qty"]) == (96.0, 94.5, 10.0)
        assert body["orderIDEx"] == sent.broker_order_id
        assert "forAll" not in body or body["forAll"] is False
        again = await session.order(sent.broker_order_id)
        assert (again.stop_price, again.limit_price) == (D(96), D("94.5"))


async def test_a_bracket_is_denied_for_moomoo_ties_no_legs():
    async with world() as w, w.open() as session:
        with pytest.raises(Denied) as told:
            await session.submit(limit(await stock(session), "90", take_profit=D(110), stop_loss=D(80)))
        assert told.value.code == "no_brackets"
        assert w.bodies() == []


async def test_papers_own_limits_are_refused_by_the_broker_and_said_plainly():
    async with world(paper_rules=True) as w, w.open() as session:
        instrument = await stock(session)
        await session.submit(order(instrument))
        with pytest.raises(Rejected) as told:
            await session.set_stop_loss(instrument, D(10), D(90), "stop-on-paper")
        assert told.value.code == "paper_limits"
        assert (
            await session.set_take_profit(instrument, D(10), D(120), "target")
        ).state is OrderState.WORKING
        assert any("paper" in note for note in (await session.verify()).notes)


async def test_orders_wait_for_their_quota_and_stay_a_little_apart():
    async with world() as w, w.open(ceiling=3) as session:
        instrument = await stock(session)
        for price in ("90", "91", "92"):
            await session.submit(limit(instrument, price))
        waits = asyncio.create_task(session.submit(limit(instrument, "93")))
        await asyncio.sleep(0.05)
        assert len(w.bodies()) == 3
        await w.advance(5)
        await w.advance(6)
        with pytest.raises(Throttled) as told:
            await waits
        assert told.value.sent is Sent.NO
        times = [r["monotonic"] for r in w.opend.ask("requests") if r["path"] == "/2202"]
        assert min(b - a for a, b in itertools.pairwise(times)) >= 0.015


async def test_reading_often_costs_no_quota_for_the_cache_is_read():
    async with world() as w, w.open() as session:
        sent = await session.submit(limit(await stock(session), "90"))
        for _ in range(25):
            await session.order(sent.broker_order_id)
            await session.positions()
            await session.account()
            await session.open_orders()
        for path in ("/2101", "/2102", "/2201"):
            assert sum(b.get("refreshCache", False) for b in w.bodies(path)) <= 10


async def test_an_order_that_opend_gave_up_on_is_unknown_and_not_rejected():
    async with world() as w, w.open() as session:
        stream = session.events()
        ahead = asyncio.ensure_future(anext(stream))
        await session.account()
        sent = await session.submit(limit(await stock(session), "90"))
        assert (await ahead).state is OrderState.WORKING
        changes = {"orderStatus": 4, "lastErrMsg": "timeout"}
        await w.opend.call("push", account=w.paper, order=sent.broker_order_id, changes=changes)
        with pytest.raises(OutcomeUnknown) as told:
            await asyncio.wait_for(_until_error(stream), 5)
        assert told.value.code == "stream_unreadable"


async def test_a_push_nobody_can_read_is_a_gap():
    async with world() as w, w.open() as session:
        stream = session.events()
        ahead = asyncio.ensure_future(anext(stream))
        await eventually(session.is_connected)
        await session.account()
        await w.opend.call("push_raw", body="ffff")
        with pytest.raises(OutcomeUnknown):
            await asyncio.wait_for(ahead, 5)


async def test_another_accounts_pushes_are_none_of_ours():
    async with world() as w, w.open(environment=LIVE) as live, w.open() as paper:
        stream = paper.events()
        ahead = asyncio.ensure_future(anext(stream))
        await live.submit(limit(await stock(live), "90"))
        mine = await paper.submit(limit(await stock(paper), "91"))
        assert (await asyncio.wait_for(ahead, 5)).broker_order_id == mine.broker_order_id


async def test_what_changed_in_a_gap_is_told_first():
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "95")
        stream = session.events()
        ahead = asyncio.ensure_future(anext(stream))
        await session.account()
        await session.submit(request)
        await ahead
        await w.opend.call("drop")
        with pytest.raises(OutcomeUnknown):
            await asyncio.wait_for(_until_error(stream), 5)
        w.price("94", "95")
        told = await asyncio.wait_for(anext(session.events()), 5)
        assert (told.client_order_id, told.state) == (request.client_order_id, OrderState.FILLED)


async def test_a_lost_connection_is_noticed_and_the_next_request_makes_a_new_one():
    async with world() as w, w.open() as session:
        await session.account()
        await w.opend.call("drop")
        await eventually(lambda: not session.is_connected())
        begun = time.monotonic()
        await session.account()
        assert session.is_connected()
        assert time.monotonic() - begun < 3


async def test_an_answer_the_sdk_stumbles_over_leaves_the_order_unknown(monkeypatch):
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "90")
        await session.account()
        from moomoo.trade import open_trade_context

        def stumble(*_, **__):
            raise KeyError("a column")

        monkeypatch.setattr(open_trade_context.pd, "DataFrame", stumble)
        with pytest.raises(OutcomeUnknown):
            await session.submit(request)
        monkeypatch.undo()
        assert (await session.find_order(request.client_order_id)).state is OrderState.WORKING


async def test_a_submit_nobody_waits_for_any_more_is_found_and_not_sent_again():
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "90")
        w.fault("/2202", FaultAction.DELAY, seconds=60)
        gone = asyncio.create_task(session.submit(request))
        await eventually(lambda: w.bodies())
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        assert (await session.find_order(request.client_order_id)).state is OrderState.WORKING
        with pytest.raises(DuplicateClientId):
            await session.submit(request)
        await w.advance(60)
        assert len(w.bodies()) == 1


async def test_the_sdk_prints_nothing(capfd):
    async with world() as w, w.open() as session:
        await session.account()
        await w.opend.call("drop")
        await session.account()
    told = capfd.readouterr().out
    assert not [word for word in ("conn=", "Disconnected", "New connect") if word in told]


async def test_an_address_that_is_none_is_denied():
    async with world() as w:
        with pytest.raises(Denied):
            async with w.open(endpoint="127.0.0.1:notaport"):
                pass


async def test_a_key_file_that_is_none_is_denied(tmp_path):
    async with world() as w, w.open(rsa_file=str(tmp_path / "missing.pem")) as session:
        with pytest.raises(Denied) as told:
            await session.account()
        assert told.value.code == "rsa_broken"


async def test_an_encrypted_opend_and_a_plain_one_are_served_by_one_process(tmp_path):
    key = rsa.generate_private_key(65537, 1024)
    form = (serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    pem = key.private_bytes(serialization.Encoding.PEM, *form)
    (tmp_path / "opend.pem").write_bytes(pem)
    async with world() as w:
        async with w.open() as plain:
            await plain.account()
        await w.opend.call("encrypt", pem=pem.decode())
        async with w.open(rsa_file=str(tmp_path / "opend.pem")) as session:
            sent = await session.submit(limit(await stock(session), "90"))
            assert (await session.order(sent.broker_order_id)).state is OrderState.WORKING
    async with world() as w, w.open() as plain:
        assert (await plain.account()).cash == D(100_000)


async def test_a_second_key_is_denied_for_the_sdk_holds_one(tmp_path):
    codes = []
    for name in ("one.pem", "two.pem"):
        key = rsa.generate_private_key(65537, 1024)
        form = (serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
        (tmp_path / name).write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
        async with world() as w, w.open(rsa_file=str(tmp_path / name)) as session:
            try:
                await session.account()
            except (Denied, Unreachable) as error:
                codes.append(error.code)
    assert codes[-1] == "rsa_clash"


async def _until_error(stream):
    while True:
        await anext(stream)


async def _known():
    from adapters.moomoo.parse import bare_instrument

    return bare_instrument("AAPL")


def _threads():
    # The pool's own threads come and go with load; contexts' callback threads must not stay.
    return len([t for t in threading.enumerate() if not t.name.startswith(("moomoo_", "asyncio_"))])
