"""Hold many accounts at a broker and send orders, through our sessions or through the SDK as documented.

Each side runs in a process of its own and is told what to do over a pipe. "Plain" is what the SDK's own pages
show: one client for each account; the synchronous ones called with ``asyncio.to_thread``.
"""

import asyncio
import gc
import importlib
import itertools
import json
import multiprocessing
import sys
import time
import uuid
import warnings
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import psutil
import stamina
from adapter_sims import Place, lift_file_limit

AT_ONCE = 32
"""Accounts being opened at the same time."""
PRICE = "50"
"""Far below the market: the order rests."""


class Ours:
    """Be our sessions, whatever the broker."""

    def __init__(self, broker: str, places: Sequence[Place]) -> None:
        self._broker, self._places = broker, places
        self._open: list[Any] = []
        self._sessions: list[Any] = []
        self._listening: list[asyncio.Task[None]] = []
        self._stock: Any = None

    async def open(self, index: int) -> None:
        from adapters.registry import adapters
        from domain.accounts import Environment
        from domain.broker import Credentials, SessionDeps
        from domain.clock import SystemClock
        from domain.ids import AccountRef, UserId

        self._clock = getattr(self, "_clock", None) or SystemClock()
        place = self._places[index]
        deps = SessionDeps(
            ref=AccountRef(user=UserId(str(index)), broker=self._broker, account="a"),
            environment=Environment.PAPER if place.paper else Environment.LIVE,
            clock=self._clock,
            endpoint=place.address,
        )
        opening = adapters()[self._broker].open(Credentials(dict(place.fields)), deps)
        session = await opening.__aenter__()
        self._open.append(opening)  # closed only with the process
        await session.account()
        self._sessions.append(session)

    async def learn(self) -> None:
        """Resolve the instrument once: the bot does so for all of a broker's accounts together."""
        from domain.instruments import AssetClass, InstrumentQuery

        coins = self._broker in {"kraken", "coinbasepro"}
        kind = AssetClass.CRYPTO if coins else AssetClass.EQUITY
        symbol = "ETHUSD" if coins else "AAPL"
        self._stock = await self._sessions[0].resolve(InstrumentQuery(symbol=symbol, asset_class=kind))

    async def listen(self) -> None:
        """Listen to the order updates of every account, as an account's actor does."""
        for session in self._sessions[len(self._listening) :]:
            self._listening.append(asyncio.create_task(_drain(session)))
            await asyncio.sleep(0.002)

    def lost(self) -> str:
        """Name what ended a stream, if anything did: then the figures are of something else."""
        return next((repr(task.exception()) for task in self._listening if task.done()), "")

    async def submit(self, index: int) -> None:
        from domain.instruments import AssetClass
        from domain.orders import OrderRequest, OrderType, Side, TimeInForce

        coin = self._stock.asset_class is AssetClass.CRYPTO
        await self._sessions[index].submit(
            OrderRequest(
                client_order_id=str(uuid.uuid4()),
                instrument=self._stock,
                side=Side.BUY,
                order_type=OrderType.LIMIT,
                time_in_force=TimeInForce.GTC if coin else TimeInForce.DAY,
                quantity=Decimal(1),
                limit_price=Decimal(PRICE),
            )
        )


async def _drain(session: Any) -> None:
    async for _ in session.events():
        pass


class Plain:
    """Be the SDK as its own pages show it. A subclass for each broker."""

    def __init__(self, _: str, places: Sequence[Place]) -> None:
        self._places = places
        self._clients: list[Any] = []

    async def learn(self) -> None:
        """Know nothing beforehand."""

    async def listen(self) -> None:
        """Listen to nothing."""

    def lost(self) -> str:
        """Lose nothing."""
        return ""


class PlainAlpaca(Plain):
    async def open(self, index: int) -> None:
        from alpaca.trading.client import TradingClient

        place = self._places[index]
        keys = (place.fields["key_id"], place.fields["secret_key"])
        client = TradingClient(*keys, url_override=place.address)
        await asyncio.to_thread(client.get_account)
        self._clients.append(client)

    async def submit(self, index: int) -> None:
        from alpaca.trading.requests import LimitOrderRequest

        order = LimitOrderRequest(
            symbol="AAPL",
            qty=1,
            side="buy",
            time_in_force="day",
            limit_price=float(PRICE),
            client_order_id=str(uuid.uuid4()),
        )
        await asyncio.to_thread(self._clients[index].submit_order, order)


class PlainSchwab(Plain):
    async def open(self, index: int) -> None:
        with warnings.catch_warnings(record=True):  # Authlib overrules a filter while it is imported
            from schwab.auth import client_from_access_functions

        place = self._places[index]
        token = json.loads(place.fields["token"])
        client = client_from_access_functions(
            place.fields["app_key"],
            place.fields["app_secret"],
            lambda: token,
            lambda *_, **__: None,
            asyncio=True,
        )
        client.session._transport = _elsewhere(place.address, client.session._transport)
        hashes = (await client.get_account_numbers()).json()
        self._clients.append((client, hashes[0]["hashValue"]))

    async def submit(self, index: int) -> None:
        """Place, take the number from the answer, and read the order back: the answer says nothing else."""
        from schwab.orders.equities import equity_buy_limit
        from schwab.utils import Utils

        client, account = self._clients[index]
        answer = await client.place_order(account, equity_buy_limit("AAPL", 1, PRICE + ".00"))
        number = Utils(client, account).extract_order_id(answer)
        found = await client.get_order(number, account)
        assert found.json()["status"], found


def _elsewhere(address: str, inner: Any) -> Any:
    """Send what is meant for Schwab to the simulator: the SDK has its address built in."""
    import httpx

    base = httpx.URL(address)

    class Elsewhere(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            request.url = request.url.copy_with(scheme=base.scheme, host=base.host, port=base.port)
            request.headers["Host"] = base.netloc.decode()
            return await inner.handle_async_request(request)

    return Elsewhere()


class PlainIbkr(Plain):
    async def open(self, index: int) -> None:
        sdk = _ib()
        host, port = self._places[index].address.split(":")
        ib = sdk.IB()
        await ib.connectAsync(host, int(port), clientId=72, timeout=20)
        await ib.accountSummaryAsync()
        self._clients.append(ib)

    async def learn(self) -> None:
        (self._stock,) = await self._clients[0].qualifyContractsAsync(_ib().Stock("AAPL", "SMART", "USD"))

    async def submit(self, index: int) -> None:
        ib = self._clients[index]
        named = {"orderRef": str(uuid.uuid4()), "account": ib.managedAccounts()[0]}
        trade = ib.placeOrder(self._stock, _ib().LimitOrder("BUY", 1, float(PRICE), tif="DAY", **named))
        while trade.orderStatus.status in {"", "PendingSubmit", "ApiPending"}:
            await trade.statusEvent


def _ib() -> Any:
    for name in ("ib_async", "ib_insync"):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    raise ModuleNotFoundError("neither ib_async nor ib_insync is installed")


class PlainMoomoo(Plain):
    async def open(self, index: int) -> None:
        host, port = self._places[index].address.split(":")
        context = await asyncio.to_thread(self._connect, host, int(port))
        self._clients.append(context)

    def _connect(self, host: str, port: int) -> Any:
        import moomoo
        from moomoo.common.ft_logger import logger

        for one in (logger.console_logger, logger.file_logger):
            one.setLevel("CRITICAL")
        moomoo.SysConfig.set_all_thread_daemon(True)
        moomoo.SysConfig.set_proto_fmt(moomoo.ProtoFMT.Protobuf)
        context = moomoo.OpenSecTradeContext(
            filter_trdmarket=moomoo.TrdMarket.US,
            host=host,
            port=port,
            security_firm=moomoo.SecurityFirm.FUTUINC,
        )
        _good(context.accinfo_query(trd_env=moomoo.TrdEnv.SIMULATE, currency=moomoo.Currency.USD))
        return context

    async def submit(self, index: int) -> None:
        import moomoo

        context = self._clients[index]
        _good(
            await asyncio.to_thread(
                context.place_order,
                price=float(PRICE),
                qty=1,
                code="US.AAPL",
                trd_side=moomoo.TrdSide.BUY,
                order_type=moomoo.OrderType.NORMAL,
                trd_env=moomoo.TrdEnv.SIMULATE,
                remark=str(uuid.uuid4()),
            )
        )


def _good(answer: Any) -> None:
    if answer[0] != 0:
        raise RuntimeError(str(answer[1]))


class PlainKraken(Plain):
    async def open(self, index: int) -> None:
        import ccxt.async_support as ccxt

        place = self._places[index]
        client = ccxt.kraken(
            {
                "apiKey": place.fields["api_key"],
                "secret": place.fields["private_key"],
                "urls": {"api": {"public": place.address, "private": place.address}},
                "enableRateLimit": False,  # its own would wait three seconds between two calls
            }
        )
        await client.fetch_balance()
        self._clients.append(client)

    async def submit(self, index: int) -> None:
        await self._clients[index].create_order("ETH/USD", "limit", "buy", 1, float(PRICE))


class PlainCoinbase(Plain):
    async def open(self, index: int) -> None:
        import ccxt.async_support as ccxt

        place = self._places[index]
        client = ccxt.coinbase(
            {
                "apiKey": place.fields["key_name"],
                "secret": place.fields["private_key"],
                "urls": {"api": {"rest": place.address}},
                "enableRateLimit": False,
            }
        )
        # load_markets() also asks for currencies and futures, which the simulator does not have.
        found = await client.v3PublicGetBrokerageMarketProducts()
        client.set_markets([client.parse_spot_market(raw, {}) for raw in found["products"]])
        await client.fetch_balance({"v3": True})
        self._clients.append(client)

    async def submit(self, index: int) -> None:
        own = {"client_order_id": str(uuid.uuid4())}
        await self._clients[index].create_order("ETH/USD", "limit", "buy", 1, float(PRICE), own)


PLAIN: Mapping[str, Any] = {
    "alpaca": PlainAlpaca,
    "ibkr": PlainIbkr,
    "schwab": PlainSchwab,
    "moomoo": PlainMoomoo,
    "kraken": PlainKraken,
    "coinbasepro": PlainCoinbase,
}


class Worker:
    """Be a side in its own process, seen from here."""

    def __init__(self, side: str, broker: str, places: Sequence[Place]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(side, broker, list(places), theirs), daemon=True)
        self._process.start()

    def ask(self, what: str, *how: Any) -> Any:
        """Have something done, and give what came of it. Raises RuntimeError with what went wrong."""
        self._pipe.send((what, how))
        good, value = self._pipe.recv()
        if not good:
            raise RuntimeError(value)
        return value

    def stop(self) -> None:
        self._process.terminate()
        self._process.join(5)


def _work(side: str, broker: str, places: list[Place], pipe: Any) -> None:
    lift_file_limit()
    warnings.simplefilter("ignore")
    stamina.instrumentation.set_on_retry_hooks([])
    asyncio.run(_obey(_Doing((Ours if side == "ours" else PLAIN[broker])(broker, places)), pipe))


async def _obey(doing: "_Doing", pipe: Any) -> None:
    while True:
        what, how = await asyncio.to_thread(pipe.recv)
        try:
            answer = True, await getattr(doing, what)(*how)
        except Exception as error:  # noqa: BLE001 - told to who asked
            answer = False, f"{what}: {type(error).__name__}: {error}"
        pipe.send(answer)


class _Doing:
    """Do what the benchmark asks, on either side."""

    def __init__(self, side: Any) -> None:
        self._side = side
        self._process = psutil.Process()
        self._turn = itertools.count()

    async def open(self, begin: int, end: int) -> None:
        """Open accounts, each with one reading behind it."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(index: int) -> None:
            async with gate:
                await self._side.open(index)

        if begin == 0:
            await one(0)  # imports, and what all accounts share
            await self._side.learn()
            begin = 1
        await asyncio.gather(*(one(index) for index in range(begin, end)))

    async def listen(self) -> None:
        """Listen to order updates."""
        await self._side.listen()

    async def size(self) -> tuple[int, int]:
        """Give the resident bytes and the threads, once what is no longer needed is gone."""
        if lost := self._side.lost():
            raise RuntimeError(f"a stream ended: {lost}")
        for _ in range(3):
            await asyncio.sleep(0.2)
            gc.collect()
        return self._process.memory_info().rss, self._process.num_threads()

    async def burst(self, accounts: int) -> float:
        """Send an order on each account at once; give the seconds until the last is answered."""
        started = time.perf_counter()
        await asyncio.gather(*(self._side.submit(index) for index in range(accounts)))
        return time.perf_counter() - started

    async def each(self, accounts: int, count: int) -> tuple[list[float], float]:
        """Send orders one after the other, an account after the other; give the ms of each, and CPU ms."""
        taken, cpu = [], time.process_time()
        for _ in range(count):
            index = next(self._turn) % accounts
            started = time.perf_counter()
            await self._side.submit(index)
            taken.append((time.perf_counter() - started) * 1e3)
        return taken, (time.process_time() - cpu) * 1e3


if sys.platform == "win32":
    raise SystemExit("run this where there are file limits to lift")
