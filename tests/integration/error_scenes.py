"""Bring each row of the error matrix about: a pretend broker, the broker's own SDK, and something wrong.

A scene is a function of a stage; it raises what a member's bot would get, or returns where nothing is wrong.
"""

import asyncio
import socket
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from adapters.coinbasepro import ADAPTER as COINBASE
from adapters.moomoo import ADAPTER as MOOMOO
from adapters.schwab import ADAPTER as SCHWAB
from domain.accounts import Environment
from domain.broker import BrokerSession
from domain.errors import BrokerError, StoreUnavailable
from domain.instruments import Instrument, InstrumentQuery
from domain.orders import OrderState, TimeInForce
from sim.clock import DrivenClock
from sim.faults import FaultAction
from tests.contract import (
    alpaca_harness,
    coinbasepro_harness,
    ibkr_harness,
    kraken_harness,
    moomoo_harness,
    schwab_harness,
)
from tests.contract.cards import stock
from tests.contract.harness import START_CASH
from tests.integration import alpaca_world
from tests.integration.error_matrix import Row, Trouble
from tests.integration.error_stage import OFF, SPECS, Skewed, Stage, Told, knows_no_name, staged
from tests.integration.wire_relay import deaf_port, relay
from tests.support import eventually, patched


async def play(row: Row) -> Told:
    """Bring a row about, and tell what came of it."""
    scene = _scene(row)
    secrets = (*SPECS[row.broker].secrets, *MORE_SECRETS)
    # Short patience only where it is spent: elsewhere a slow machine must not look like a dead broker.
    hasty = row.trouble in {Trouble.SILENT, Trouble.FROZEN}
    async with staged(row.broker, hasty=hasty) as stage:
        error: BrokerError | None = None
        printed = ""
        try:
            await scene(stage)
        except BrokerError as raised:
            error, printed = raised, "".join(traceback.format_exception(raised)) + repr(vars(raised))
        counts = [await stage.h.orders_at_broker(request.client_order_id) for request in stage.sent]
    return Told(error=error, printed=printed, at_broker=sum(counts), secrets=secrets)


def _scene(row: Row) -> "Callable[[Stage], Awaitable[None]]":
    names = (f"{row.broker}_{row.trouble.name.lower()}", row.trouble.name.lower())
    for name in names:
        found = globals().get(f"{name}_{row.scene}" if row.scene else name)
        if found is not None:
            return found
    raise AssertionError(f"no scene for {row.id}")


# Scenes that are the same everywhere


async def keys(s: Stage) -> None:
    session = await s.open(good_credentials=False)
    await session.verify()


async def funds(s: Stage) -> None:
    session = await s.open()
    await s.buy(session, await stock(session), "1000000")


async def symbol(s: Stage) -> None:
    session = await s.open()
    await session.resolve(InstrumentQuery(symbol="ZZZQUSD" if s.coins else "ZZZQ", asset_class=s.spec.lead))


async def symbol_ordered(s: Stage) -> None:
    session = await s.open()
    known = await stock(session)
    there = known.broker_symbol
    gone = {"ibkr": "999999999", "moomoo": "US.ZZZQ", "kraken": "ZZZQUSD", "coinbasepro": "ZZZQ-USD"}
    broker_symbol = gone.get(s.spec.name, "ZZZQ")
    if s.spec.name == "ibkr":
        broker_symbol = there.replace(there.partition("@")[0], broker_symbol)
    await s.buy(session, replace(known, symbol="ZZZQ", broker_symbol=broker_symbol))


async def nobody(s: Stage) -> None:
    with deaf_port() as port:
        session = await s.open(endpoint=s.address("127.0.0.1", port))
        await session.verify()


async def no_name(s: Stage) -> None:
    with patched((socket, "getaddrinfo", knows_no_name)):
        session = await s.open(endpoint=s.address("nowhere.invalid", 7497))
        await session.verify()


async def silent(s: Stage) -> None:
    mute = await s.stack.enter_async_context(relay())
    session = await s.open(endpoint=s.address("127.0.0.1", mute.port))
    await session.verify()


async def frozen(s: Stage) -> None:
    between, session = await s.relayed()
    await session.account()
    instrument = await stock(session)
    between.frozen = True
    await s.buy(session, instrument)


async def frozen_read(s: Stage) -> None:
    between, session = await s.relayed()
    await session.account()
    between.frozen = True
    await session.account()


async def clock(s: Stage) -> None:
    """Trade with a clock that is slow and with one that is fast: nothing comes of it."""
    true = s.h.clock
    for seconds in (-OFF, OFF):
        s.h.clock = Skewed(true, seconds)
        async with s.h.open(environment=s.live) as session:
            instrument = await stock(session)
            sent = await s.buy(session, instrument)
            assert sent.state is OrderState.WORKING
            assert sent.broker_order_id in {order.broker_order_id for order in await session.open_orders()}


async def _after_death(s: Stage, session: BrokerSession, kill: Callable[[], Any]) -> None:
    """Work, let the credentials die, and order."""
    await session.account()
    instrument = await stock(session)
    kill()
    await s.buy(session, instrument)


async def _refused_order(s: Stage, spoil: Callable[[], Any], session: BrokerSession | None = None) -> None:
    session = session or await s.open()
    instrument = await stock(session)
    spoil()
    await s.buy(session, instrument)


# Paper trading


async def paper_keys(s: Stage) -> None:
    await keys(s)


async def paper_revoked(s: Stage) -> None:
    await _after_death(s, await s.open(), lambda: None)


async def paper_closed(s: Stage) -> None:
    session = await s.open()
    instrument = await stock(session)
    s.h.prices.silent.add("AAPL")
    assert (await s.buy(session, instrument)).state is OrderState.WORKING


async def paper_nobody(s: Stage) -> None:
    async def away(_: str) -> None:
        raise StoreUnavailable("the database is away")

    s.h.books.get = away
    await (await s.open()).verify()


async def paper_no_name(s: Stage) -> None:
    with patched((socket, "getaddrinfo", knows_no_name)):
        await (await s.open(endpoint="http://nowhere.invalid:1")).verify()


async def paper_silent(s: Stage) -> None:
    async def never(_: Instrument) -> None:
        await asyncio.Event().wait()

    s.h.prices.quote = never
    await stock(await s.open())


async def paper_frozen(s: Stage) -> None:
    session = await s.open()
    instrument = await stock(session)
    s.h.plan("submit", FaultAction.EXECUTE_THEN_DROP)
    await s.buy(session, instrument)


# Alpaca


async def alpaca_revoked(s: Stage) -> None:
    account = s.h.sim.account(alpaca_harness.KEY)
    await _after_death(s, await s.open(), lambda: setattr(account, "expired", True))


async def alpaca_closed(s: Stage) -> None:
    """At ten in the morning, send an order that is to be filled at half past nine."""
    async with alpaca_world.world(DrivenClock(), always_open=False) as w, w.open() as session:
        instrument = await alpaca_world.stock(session)
        await session.submit(alpaca_world.order(instrument, time_in_force=TimeInForce.OPG))


async def alpaca_closed_plain(s: Stage) -> None:
    clock = DrivenClock()
    await clock.advance(12 * 3600)
    async with alpaca_world.world(clock, always_open=False) as w, w.open() as session:
        sent = await session.submit(alpaca_world.order(await alpaca_world.stock(session)))
        assert sent.state is OrderState.WORKING


# Interactive Brokers


async def ibkr_keys_taken(s: Stage) -> None:
    await s.open()
    await s.open()


async def ibkr_revoked(s: Stage) -> None:
    session = await s.open()
    instrument = await stock(session)
    s.h.sim.notice(1100, "Connectivity between IB and TWS has been lost.")
    await eventually(lambda: not session.is_connected())
    await s.buy(session, instrument)


async def ibkr_revoked_other(s: Stage) -> None:
    session = await s.open()
    s.h.sim.engine.open_account("DU7777777", START_CASH)
    s.h.sim.accounts = ("DU7777777",)
    s.h.sim.drop()
    await eventually(lambda: not session.is_connected())
    await session.account()


async def ibkr_closed(s: Stage) -> None:
    refusal = {"code": 201, "text": "Order rejected - reason:Exchange is closed."}
    await _refused_order(s, lambda: s.h.plan("submit", FaultAction.STATUS, **refusal))


# Schwab


async def schwab_keys_late(s: Stage) -> None:
    fields = {"app_key": schwab_harness.KEY, "app_secret": schwab_harness.SECRET}
    fields["redirect_url"] = "https://127.0.0.1:8182/?code=C0.used-up%40&session=1"
    session = await s.adapted(SCHWAB, fields, Environment.LIVE, s.h.sim.url)
    await session.verify()


async def schwab_revoked(s: Stage) -> None:
    def kill() -> None:
        s.h.login.access.clear()
        s.h.login.refresh.clear()

    await _after_death(s, await s.open(), kill)


async def schwab_revoked_week(s: Stage) -> None:
    session = await s.open()
    instrument = await stock(session)
    await s.h.clock.advance(7 * 24 * 3600)
    await s.buy(session, instrument)


async def schwab_closed(s: Stage) -> None:
    account = s.h.login.accounts[0]
    said = "This order cannot be accepted outside of market hours."
    await _refused_order(s, lambda: setattr(account, "refusing", said))


async def schwab_silent_login(s: Stage) -> None:
    between, session = await s.relayed()
    await session.account()
    s.h.login.access.clear()
    between.frozen = True
    session._client.login.distrust(session._client.login.access)  # type: ignore[attr-defined]
    await session.account()


# Moomoo


async def moomoo_keys_password(s: Stage) -> None:
    fields = {"unlock_password": moomoo_harness.BAD_PASSWORD}
    session = await s.adapted(MOOMOO, fields, Environment.LIVE, s.h.opend.endpoint)
    await session.verify()


async def moomoo_revoked(s: Stage) -> None:
    session = await s.open(environment=Environment.LIVE)
    await _after_death(s, session, lambda: s.h.opend.ask("set", unlocked=False))


async def moomoo_closed(s: Stage) -> None:
    refusal = {"ret": -1, "text": "Failed to place the order: the market is closed"}
    await _refused_order(s, lambda: s.h.plan("submit", FaultAction.STATUS, **refusal))


# Kraken


async def kraken_keys_permission(s: Stage) -> None:
    s.h.sim.account(kraken_harness.KEY).permissions = ("query-funds", "query-open-trades")
    await (await s.open()).verify()


async def kraken_revoked(s: Stage) -> None:
    account = s.h.sim.account(kraken_harness.KEY)
    await _after_death(s, await s.open(), lambda: setattr(account, "revoked", True))


async def kraken_closed(s: Stage) -> None:
    await _refused_order(s, lambda: s.h.sim.halted.add("ETHUSD"))


async def _kraken_clock(s: Stage, seconds: float) -> None:
    s.h.clock = Skewed(s.h.clock, seconds)
    await _refused_order(s, lambda: None)


async def kraken_clock_slow(s: Stage) -> None:
    await _kraken_clock(s, -OFF)


async def kraken_clock_fast(s: Stage) -> None:
    await _kraken_clock(s, OFF)


async def kraken_clock_back(s: Stage) -> None:
    """Order after the clock was set back: Kraken has seen higher numbers than those that come now."""
    account = s.h.sim.account(kraken_harness.KEY)

    def seen_the_future() -> None:
        account.nonce += int(OFF * 1000)

    session = await s.open()
    await session.account()
    await _refused_order(s, seen_the_future, session)


# Coinbase


async def coinbasepro_keys_torn(s: Stage) -> None:
    fields = {"key_name": coinbasepro_harness.GOOD.name}
    fields["private_key"] = coinbasepro_harness.GOOD.secret[:60]
    session = await s.adapted(COINBASE, fields, Environment.LIVE, s.h.sim.url)
    await session.verify()


async def coinbasepro_revoked(s: Stage) -> None:
    account = s.h.sim.account(coinbasepro_harness.GOOD.name)
    await _after_death(s, await s.open(), lambda: setattr(account, "expired", True))


async def coinbasepro_closed(s: Stage) -> None:
    await _refused_order(s, lambda: s.h.sim.world.disabled.add("ETHUSD"))


async def coinbasepro_clock_slow(s: Stage) -> None:
    await _refused_order(s, lambda: setattr(s.h.sim, "ahead", OFF))


async def coinbasepro_clock_fast(s: Stage) -> None:
    await _refused_order(s, lambda: setattr(s.h.sim, "ahead", -OFF))


MORE_SECRETS = (alpaca_harness.SECRET, ibkr_harness.ACCOUNT, "C0.used-up")
