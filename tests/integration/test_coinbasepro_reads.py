"""Coinbase reads: look-ups by scanning, dollars and stablecoins, dust, fees, keys and limits."""

import asyncio
import logging
from decimal import Decimal

import pytest

from adapters.coinbasepro import orders as orders_module
from adapters.coinbasepro.shared import SHARED
from domain.accounts import Environment
from domain.broker import HistoryFilter
from domain.errors import AuthFailed, Denied, NotFound, NotTradable, OutcomeUnknown, Unreachable
from domain.instruments import AssetClass, InstrumentQuery
from domain.orders import OrderState
from sim.coinbase.auth import ecdsa_key, eddsa_key
from sim.faults import FaultAction
from tests.integration.coinbasepro_world import BASE, KEY, D, coin, limit, order, world


@pytest.mark.parametrize("name", ["BTC", "BTCUSD", "BTCUSDT", "BTCUSDC", "BTC/USD", "BTC-USDT"])
async def test_every_dollar_in_a_signal_is_a_dollar(name):
    async with world() as w, w.open() as session:
        found = await session.resolve(InstrumentQuery(symbol=name))
        assert (found.symbol, found.broker_symbol, found.currency) == ("BTCUSD", "BTC-USD", "USD")


async def test_a_report_names_the_pair_as_the_instrument_does():
    async with world() as w, w.open() as session:
        pair = await session.resolve(InstrumentQuery(symbol="BTCUSDT"))
        sent = await session.submit(limit(pair, "40000", "0.1"))
        assert (await session.order(sent.broker_order_id)).symbol == pair.symbol == sent.symbol


@pytest.mark.parametrize(
    "query",
    [
        InstrumentQuery(symbol="AAPL"),
        InstrumentQuery(symbol="BTC", asset_class=AssetClass.EQUITY),
        InstrumentQuery(symbol="USD"),
        InstrumentQuery(symbol="-"),
    ],
)
async def test_what_is_no_coin_is_not_tradable(query):
    async with world() as w, w.open() as session:
        with pytest.raises(NotTradable):
            await session.resolve(query)


async def test_the_pairs_are_read_once_for_all_accounts():
    async with world() as w:
        other = ecdsa_key()
        w.sim.add_account(other)
        async with w.open() as one, w.open(key=other) as two:
            await asyncio.gather(*(coin(s) for s in (one, two, one, two)))
        assert len(w.seen("GET", "/market/products")) == 1


async def test_accounts_share_one_session_and_one_tls_context():
    async with world() as w:
        other = eddsa_key()
        w.sim.add_account(other)
        async with w.open() as one, w.open(key=other) as two:
            a, b = one._client._sdk, two._client._sdk
            assert a.session is b.session
            assert a.ssl_context is b.ssl_context
        assert SHARED._session is None


@pytest.mark.parametrize("make", [ecdsa_key, eddsa_key])
async def test_both_kinds_of_key_are_signed_with(make):
    async with world() as w:
        key = make()
        w.sim.add_account(key)
        async with w.open(key=key) as session:
            assert (await session.verify()).state.cash == 100_000


@pytest.mark.parametrize(
    "mangle",
    [
        lambda pem: pem.replace("\n", "\\n"),
        lambda pem: pem.replace("\n", " "),
        lambda pem: '"' + pem.replace("\n", "\\n") + '"',
        lambda pem: "  " + pem.replace("\n", "\r\n") + "\n\n",
    ],
    ids=["written-out", "one-line", "quoted", "windows"],
)
async def test_a_key_that_was_pasted_badly_still_signs(mangle):
    async with world() as w, w.open(secret=mangle(KEY.secret)) as session:
        assert (await session.account()).cash == 100_000


@pytest.mark.parametrize(
    "secret", ["hello", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----"]
)
async def test_a_key_that_cannot_sign_is_told_before_anything_is_sent(secret):
    async with world() as w:
        with pytest.raises(AuthFailed) as told:
            async with w.open(secret=secret):
                pass
        assert secret not in str(told.value)
        assert w.sim.requests == []
        assert SHARED._session is None


async def test_a_key_that_may_transfer_is_told_as_one_that_may_withdraw():
    async with world() as w, w.open() as session:
        w.account.can_transfer = True
        assert (await session.verify()).may_withdraw


async def test_a_permission_that_is_not_denied_counts_as_given():
    async with world() as w, w.open() as session:
        body = {"can_view": True, "can_trade": True, "portfolio_uuid": "p-1"}
        w.faults.add(f"GET {BASE}/key_permissions", FaultAction.STATUS, status=200, body=body)
        assert (await session.verify()).may_withdraw


async def test_a_key_that_may_only_look_is_refused():
    async with world() as w, w.open() as session:
        w.account.can_trade = False
        with pytest.raises(Denied):
            await session.verify()


async def test_a_paper_account_is_never_opened():
    async with world() as w:
        with pytest.raises(Denied):
            async with w.open(environment=Environment.PAPER):
                pass
        assert w.sim.requests == []


@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:9"])
async def test_only_the_endpoint_that_was_given_is_reached(endpoint):
    from adapters.coinbasepro import guard

    assert not guard.allowed("https://evil.example/api", endpoint)
    assert not guard.allowed("http://api.coinbase.com/x", endpoint)
    assert guard.allowed("https://api.coinbase.com/x", endpoint) is (endpoint == "")


async def test_stablecoins_are_worth_a_dollar_and_are_no_position():
    async with world() as w, w.open() as session:
        w.account.extra["USDC"] = D(500)
        state = await session.account()
        assert (state.cash, state.equity) == (100_000, 100_500)
        assert list(await session.positions()) == []


async def test_dust_is_no_position():
    async with world() as w, w.open() as session:
        w.account.extra |= {"BTC": D("0.00000001"), "SOL": D("0.001"), "NOPAIR": D(7)}
        await session.submit(order(await coin(session), "2"))
        assert [p.instrument.symbol for p in await session.positions()] == ["ETHUSD"]


async def test_coins_are_counted_with_what_open_orders_hold():
    async with world() as w, w.open() as session:
        pair = await coin(session)
        await session.submit(order(pair, "2"))
        await session.set_take_profit(pair, D(2), D(120), order(pair).client_order_id)
        (position,) = await session.positions()
        assert (position.quantity, position.average_price, position.mark) == (D(2), D(100), D("99.5"))


async def test_wallets_are_read_to_the_last_page():
    async with world() as w, w.open() as session:
        w.account.extra |= {f"X{n}": D(1) for n in range(300)} | {"USDC": D(9)}
        assert (await session.account()).equity == 100_009
        assert len(w.seen("GET", "/accounts")) == 2


async def test_fees_follow_the_tier_of_the_account():
    async with world() as w, w.open() as session:
        fees = await session.fees(limit(await coin(session), "90", "10"))
        assert fees.amount == D("7.20")
        await session.fees(limit(await coin(session), "90", "10"))
        assert len(w.seen("GET", "/transaction_summary")) == 1


async def test_an_order_is_found_by_our_id_behind_hundreds_of_others():
    async with world(rate_limit=None) as w, w.open() as session:
        pair = await coin(session)
        request = limit(pair, "50", "1")
        await session.submit(request)
        for n in range(300):
            w.sim.engine.place(KEY.name, limit(w.sim.market.instrument("ETHUSD"), "20", "1"))
            del n
        found = await session.find_order(request.client_order_id)
        assert found.limit_price == D(50)
        assert len(w.seen("GET", "/orders/historical/batch")) == 2


async def test_absence_is_told_only_after_every_order_was_seen(monkeypatch):
    monkeypatch.setattr(orders_module, "MAX_PAGES", 1)
    async with world() as w, w.open() as session:
        for n in range(260):
            w.sim.engine.place(KEY.name, limit(w.sim.market.instrument("ETHUSD"), "20", "1"))
            del n
        with pytest.raises(OutcomeUnknown):
            await session.find_order("never-sent")
    async with world() as w, w.open() as session:
        with pytest.raises(NotFound):
            await session.find_order("never-sent")


@pytest.mark.parametrize("status", ["PENDING", "QUEUED", "CANCEL_QUEUED", "EDIT_QUEUED"])
async def test_an_order_on_its_way_in_or_out_still_works(status):
    async with world() as w, w.open() as session:
        sent = await session.submit(limit(await coin(session), "90"))
        w.sim.world.renamed[sent.broker_order_id] = status
        assert (await session.order(sent.broker_order_id)).state is OrderState.WORKING
        assert [r.broker_order_id for r in await session.open_orders()] == [sent.broker_order_id]


@pytest.mark.parametrize("status", ["UNKNOWN_ORDER_STATUS", "HALF_FILLED", ""])
async def test_a_state_that_is_not_known_is_not_guessed(status):
    async with world() as w, w.open() as session:
        sent = await session.submit(limit(await coin(session), "90"))
        w.sim.world.renamed[sent.broker_order_id] = status or "?"
        with pytest.raises(OutcomeUnknown):
            await session.order(sent.broker_order_id)


async def test_history_is_narrowed_at_coinbase_by_pair():
    async with world() as w, w.open() as session:
        await session.submit(limit(await coin(session), "90"))
        await session.submit(limit(await coin(session, "BTC"), "40000", "0.1"))
        found = await session.history(HistoryFilter(symbol="BTCUSD"))
        assert [r.symbol for r in found] == ["BTCUSD"]
        assert list(await session.history(HistoryFilter(symbol="AAPL"))) == []


async def test_forty_reads_at_once_are_never_throttled():
    async with world(rate_limit=30) as w, w.open() as session:
        await asyncio.gather(*(session.find_order("none") for _ in range(40)), return_exceptions=True)
        assert {r.status for r in w.sim.requests} == {200}


async def test_tokens_are_in_no_log(caplog):
    with caplog.at_level(logging.DEBUG):
        async with world() as w, w.open() as session:
            await session.account()
            await session.submit(limit(await coin(session), "90"))
    assert "Bearer" not in caplog.text
    assert KEY.secret.splitlines()[1] not in caplog.text


async def test_a_broker_that_is_away_was_sent_nothing():
    async with world() as w, w.open() as session:
        pair = await coin(session)
        await w.sim.stop()
        with pytest.raises(Unreachable):  # a read first: it uses up the connection that was kept open
            await session.quote(pair)
        with pytest.raises(Unreachable):
            await session.submit(limit(pair, "90"))
        await w.sim.start(w.sim.port)


async def test_amounts_are_decimals_to_the_last_digit():
    async with world() as w, w.open() as session:
        w.account.extra["USD"] = Decimal("0.00000000000012345678")
        assert (await session.account()).cash == Decimal("100000.00000000000012345678")
