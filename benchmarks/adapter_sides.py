"""Hold many accounts at a broker and send orders, through our sessions or through the SDK as documented.

Each side runs in a process of its own and is told what to do over a pipe.
"""

import asyncio
import gc
import itertools
import multiprocessing
import time
import uuid
import warnings
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import psutil
import stamina
from adapter_plain import PLAIN
from adapter_sims import PRICE, Place, lift_file_limit

AT_ONCE = 32
"""Accounts being opened at the same time."""


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
