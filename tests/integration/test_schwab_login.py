"""Sign in at the pretend Schwab through the real SDK: 30 minutes, seven days, and addresses good once."""

import asyncio
import json
import logging
import time
from datetime import timedelta

import pytest

from adapters.schwab import ADAPTER, guard
from adapters.schwab.manifest import MANIFEST
from domain.accounts import Environment
from domain.errors import AuthFailed, Denied, OutcomeUnknown, Sent, Unreachable
from sim.clock import DrivenClock
from sim.faults import FaultAction
from tests.integration.schwab_world import NUMBER, SECRET, limit, stock, world


def soon_over(w):
    return w.sim.token(w.login, expires_at=int(time.time()) + 100)


async def test_an_access_token_near_its_end_is_renewed_once_for_ten_who_ask():
    async with world() as w, w.open(token=soon_over(w)) as session:
        await asyncio.gather(*(session.account() for _ in range(10)))
        assert w.renewals() == 1


async def test_a_renewed_token_is_handed_on_to_be_kept_with_the_day_of_the_sign_in():
    async with world() as w:
        token = soon_over(w)
        async with w.open(token=token) as session:
            await session.account()
        (fields,) = w.kept
        kept = json.loads(fields["token"])
        assert kept["creation_timestamp"] == token["creation_timestamp"]
        assert kept["token"]["access_token"] != token["token"]["access_token"]
        async with w.open(token=kept) as session:
            await session.account()
        assert w.renewals() == 1


async def test_a_keeper_that_fails_costs_no_request(caplog):
    async with world() as w:

        async def fails(_):
            raise RuntimeError("the store is away")

        w.keep = fails
        async with w.open(token=soon_over(w)) as session:
            assert (await session.account()).cash == 100_000
    assert "could not be kept" in caplog.text


async def test_a_session_goes_on_after_thirty_minutes():
    clock = DrivenClock()
    async with world(clock) as w, w.open() as session:
        await session.account()
        await clock.advance(1900)
        assert (await session.account()).cash == 100_000
        assert w.renewals() == 1


async def test_a_sign_in_of_seven_days_is_over_and_says_so_before_anything_is_sent():
    clock = DrivenClock()
    async with world(clock) as w, w.open() as session:
        await session.account()
        await clock.advance(timedelta(days=7).total_seconds())
        before = len(w.sim.requests)
        with pytest.raises(AuthFailed) as told:
            await session.account()
        assert told.value.code == "login_expired"
        with pytest.raises(AuthFailed):
            await session.renew()
        assert len(w.sim.requests) == before


async def test_a_revoked_sign_in_is_another_state_than_one_that_is_over():
    async with world() as w, w.open(token=soon_over(w)) as session:
        w.login.refresh.clear()
        with pytest.raises(AuthFailed) as told:
            await session.account()
        assert told.value.code == "login_refused"


async def test_a_wrong_app_secret_is_told_as_such():
    async with world() as w, w.open(token=soon_over(w), app_secret="not-the-secret") as session:
        with pytest.raises(AuthFailed) as told:
            await session.account()
        assert told.value.code == "app_refused"


async def test_an_order_is_not_in_doubt_when_only_the_renewal_failed():
    async with world() as w:
        async with w.open() as session:
            instrument = await stock(session)
        async with w.open(token=soon_over(w)) as session:
            w.faults.add("POST /v1/oauth/token", FaultAction.DROP_BEFORE_EXECUTE, times=9)
            with pytest.raises(Unreachable):
                await session.submit(limit(instrument, "90"))
        assert w.sim.posted() == []


async def test_an_access_refused_while_ordering_is_renewed_and_blocks_no_account():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        await session.account()
        w.login.access.clear()
        with pytest.raises(Unreachable) as told:  # the order was refused unread: it may be sent again
            await session.submit(limit(instrument, "90"))
        assert (told.value.code, told.value.sent) == ("access_expired", Sent.NO)
        assert w.renewals() == 1
        assert (await session.submit(limit(instrument, "90"))).quantity == 10
        assert w.renewals() == 1


async def test_a_sign_in_withdrawn_while_ordering_is_told_as_such():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        await session.account()
        w.login.access.clear()
        w.login.refresh.clear()
        with pytest.raises(AuthFailed) as told:
            await session.submit(limit(instrument, "90"))
        assert told.value.code == "login_refused"
        assert w.sim.orders(NUMBER) == []


async def test_a_pasted_address_is_exchanged_once_and_serves_the_next_session_too():
    async with world() as w:
        address = w.sim.redirect(w.login)
        async with w.open(redirect_url=address) as session:
            assert (await session.verify()).state.number_masked.endswith("4321")
        async with w.open(redirect_url=address) as session:
            await session.account()
        assert w.renewals() == 1
        assert w.kept[0]["redirect_url"] == ""
        assert json.loads(w.kept[0]["token"])["token"]["refresh_token"]


async def test_a_pasted_address_that_was_used_before_is_refused_with_what_to_do():
    async with world() as w:
        address = w.sim.redirect(w.login)
        w.login.codes.clear()
        with pytest.raises(AuthFailed) as told:
            async with w.open(redirect_url=address):
                pass
        assert told.value.code == "code_refused"
        assert "Sign in again" in told.value.text


@pytest.mark.parametrize("token", ["{}", '{"token": 3, "creation_timestamp": 1}', "[1]", "not json"])
async def test_a_pasted_token_that_cannot_be_read_is_refused_without_showing_it(token):
    async with world() as w:
        with pytest.raises(AuthFailed) as told:
            async with w.open(redirect_url="", token=token):
                pass
        assert token not in str(told.value)


async def test_a_paper_session_is_refused_whatever_the_address():
    async with world() as w:
        for endpoint in (None, "", "https://api.schwabapi.com"):
            with pytest.raises(Denied):
                async with w.open(environment=Environment.PAPER, endpoint=endpoint):
                    pass
        assert w.sim.requests == []


async def test_the_transport_itself_refuses_paper_and_other_hosts():
    import httpx

    for environment, host in ((Environment.PAPER, guard.HOST), (Environment.LIVE, "evil.example")):
        transport = guard.make_transport(environment, "http://127.0.0.1:9")
        with pytest.raises(Denied):
            await transport.handle_async_request(httpx.Request("GET", f"https://{host}/x"))
        await transport.dispose()


def test_the_stream_may_only_be_where_the_broker_is():
    guard.check_stream("wss://streamer-api.schwab.com/ws", "")
    guard.check_stream("ws://127.0.0.1:81/ws", "http://127.0.0.1:80")
    for url, endpoint in (
        ("ws://streamer-api.schwab.com/ws", ""),
        ("wss://streamer-api.schwab.com.evil.example/ws", ""),
        ("wss://streamer-api.schwab.com/ws", "http://127.0.0.1:80"),
    ):
        with pytest.raises(Denied):
            guard.check_stream(url, endpoint)


async def test_several_accounts_ask_for_a_choice_and_show_four_digits_only():
    async with world(numbers=("11112222", "33334444")) as w:
        async with w.open() as session:
            with pytest.raises(Denied) as told:
                await session.verify()
            assert told.value.code == "several_accounts"
            assert "…2222" in told.value.text
            assert "11112222" not in told.value.text
        async with w.open(account="4444") as session:
            assert (await session.verify()).accounts == ("…4444",)
        async with w.open(account="999") as session:
            with pytest.raises(Denied):
                await session.account()


async def test_no_secret_is_logged_at_debug(caplog):
    caplog.set_level(logging.DEBUG)
    async with world() as w:
        token = soon_over(w)
        async with w.open(token=token) as session:
            await session.account()
            stream = session.events()
            waiting = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0.3)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        secrets = [SECRET, *w.login.access, *w.login.refresh]
    assert len(secrets) > 2
    assert not [s for s in secrets if s in caplog.text]


async def test_nobody_listening_means_unreachable_and_nothing_sent():
    async with world() as w:
        async with w.open() as session:
            instrument = await stock(session)
        async with w.open(endpoint="http://127.0.0.1:9") as session:
            with pytest.raises(Unreachable):
                await session.submit(limit(instrument, "90"))


async def test_an_answer_that_is_no_json_is_unreadable_and_not_a_refusal():
    async with world() as w, w.open() as session:
        w.faults.add(f"GET {w.base}", FaultAction.GARBAGE_BODY, times=3)
        with pytest.raises(OutcomeUnknown):
            await session.account()


def test_the_wizards_fields_fit_discord():
    assert len(MANIFEST.fields) <= 5
    for field in MANIFEST.fields:
        assert len(field.label) <= 45
        assert len(field.help) <= 100
        assert field.pattern_hint
        assert field.max_length <= 4000
    assert ADAPTER.manifest is MANIFEST
