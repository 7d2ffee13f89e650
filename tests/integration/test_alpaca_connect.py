"""Signing in at Alpaca through the operator's app, instead of typing keys, through the real SDK."""

import asyncio
import contextlib
from decimal import Decimal

import aiohttp
import pytest

from adapters.alpaca import ADAPTER
from adapters.alpaca.manifest import MANIFEST
from domain.accounts import Environment
from domain.broker import ConsentRequest, Credentials, SessionDeps
from domain.clock import SystemClock
from domain.errors import AuthFailed, Unreachable
from domain.ids import AccountRef, UserId
from sim.alpaca import AlpacaSim
from sim.market import Market
from tests.support import end, eventually

BACK = "https://bot.example/oauth/alpaca/callback"
APP = Credentials({"client_id": "the-app", "client_secret": "canary-app-secret"})


@contextlib.asynccontextmanager
async def alpaca():
    clock = SystemClock()
    async with AlpacaSim(Market(seed=7, clock=clock), clock) as sim:
        sim.add_app("the-app", "canary-app-secret", BACK)
        sim.add_account("PKPAPER0000000000001", "s" * 40, cash=Decimal(1234))
        sim.add_account("AKLIVE00000000000001", "s" * 40, cash=Decimal(99), live=True)
        yield sim


async def signed_in(sim, key="PKPAPER0000000000001", environment=Environment.PAPER) -> str:
    """Click through Alpaca's page; give where the browser is sent."""
    address = MANIFEST.consent(
        ConsentRequest(
            redirect_uri=BACK,
            state="A" * 43,
            environment=environment,
            credentials=Credentials({}),
            app=APP,
            endpoint=sim.url,
        )
    )
    async with aiohttp.ClientSession() as http:
        page = await http.get(address)
        assert sim.account(key).number in await page.text()
        answer = await http.get(f"{address}&as={key}", allow_redirects=False)
        return answer.headers["Location"]


def opened(sim, credentials, kept=None, environment=Environment.PAPER, app=APP):
    async def keep(fields):
        kept.update(fields)

    return ADAPTER.open(
        Credentials(credentials),
        SessionDeps(
            ref=AccountRef(user=UserId("1"), broker="alpaca", account="a"),
            environment=environment,
            clock=SystemClock(),
            endpoint=sim.url,
            on_credentials=None if kept is None else keep,
            app=app,
        ),
    )


async def test_a_sign_in_is_exchanged_once_and_the_token_is_handed_on_to_be_kept():
    async with alpaca() as sim:
        kept = {}
        async with opened(sim, {"redirect_url": await signed_in(sim)}, kept) as session:
            verified = await session.verify()
            assert (verified.state.cash, verified.state.paper) == (1234, True)
        assert kept["redirect_url"] == ""
        async with opened(sim, {"token": kept["token"]}) as session:
            assert (await session.account()).cash == 1234
        assert len([r for r in sim.requests if r.path == "/oauth/token"]) == 1
        assert {r.headers.get("APCA-API-KEY-ID") for r in sim.requests} == {None}


async def test_the_stream_of_updates_is_opened_with_the_token_too():
    async with alpaca() as sim, opened(sim, {"redirect_url": await signed_in(sim)}) as session:

        async def listen():
            async for _ in session.events():
                pass

        task = asyncio.create_task(listen())
        await eventually(lambda: sim.streams.open("PKPAPER0000000000001"))
        await end(task)


async def test_a_live_sign_in_shows_live_accounts_only():
    async with alpaca() as sim:
        back = await signed_in(sim, "AKLIVE00000000000001", Environment.LIVE)
        async with opened(sim, {"redirect_url": back}, environment=Environment.LIVE) as session:
            assert not (await session.verify()).state.paper


async def test_a_sign_in_used_twice_is_refused_in_words(caplog):
    async with alpaca() as sim:
        back = await signed_in(sim)
        async with opened(sim, {"redirect_url": back}):
            pass
        with pytest.raises(AuthFailed) as told:
            async with opened(sim, {"redirect_url": back}):
                pass
        assert told.value.code == "code_refused"
        assert "canary-app-secret" not in repr(told.value) + caplog.text


async def test_without_the_operators_app_and_without_a_connection_it_is_said():
    async with alpaca() as sim:
        back = await signed_in(sim)
        with pytest.raises(AuthFailed):
            async with opened(sim, {"redirect_url": back}, app=None):
                pass
        await sim.stop()
        with pytest.raises(Unreachable):
            async with opened(sim, {"redirect_url": back}):
                pass


async def test_withdrawn_at_alpaca_is_told_as_refused():
    async with alpaca() as sim, opened(sim, {"redirect_url": await signed_in(sim)}) as session:
        sim.account("PKPAPER0000000000001").expired = True
        with pytest.raises(AuthFailed):
            await session.account()
