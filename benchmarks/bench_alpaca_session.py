"""Measure what our session adds to one request of alpaca-py: the same calls, with and without us.

Both run against the local Alpaca in a process of its own, one request at a time, in alternating blocks, so
that the machine's mood hits both alike. "Without" is the bare SDK client called in a thread.
"""

import asyncio
import multiprocessing
import statistics
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from adapters.alpaca import ADAPTER
from adapters.alpaca.manifest import MANIFEST
from domain.accounts import Environment
from domain.broker import Credentials, SessionDeps
from domain.clock import SystemClock
from domain.ids import AccountRef, UserId
from domain.instruments import AssetClass, InstrumentQuery
from domain.orders import OrderRequest, OrderType, Side
from sim.alpaca import AlpacaSim
from sim.market import Market

KEY, SECRET = "PKBENCHBENCHBENCH001", "bench-pretend-secret-0123456789"
BLOCKS, EACH = 20, 25


def serve(ports) -> None:
    async def run() -> None:
        clock = SystemClock()
        async with AlpacaSim(Market(clock=clock), clock, rate_limit=None) as sim:
            sim.add_account(KEY, SECRET, Decimal(10**9))
            ports.put(sim.url)
            await asyncio.Event().wait()

    asyncio.run(run())


async def timed(call, into) -> None:
    for _ in range(EACH):
        started = time.perf_counter()
        await call()
        into.append((time.perf_counter() - started) * 1e3)


def show(name, bare, ours) -> None:
    def line(values):
        values = sorted(values)
        return f"p50 {statistics.median(values):6.2f}  p95 {values[int(len(values) * 0.95)]:6.2f} ms"

    added = statistics.median(ours) - statistics.median(bare)
    print(f"{name:16} SDK {line(bare)}   ours {line(ours)}   added {added:+.2f} ms")


async def bench(url: str) -> None:
    from alpaca.trading.client import TradingClient
    from alpaca.trading.requests import LimitOrderRequest

    object.__setattr__(MANIFEST, "rates", ())  # the limit itself is not what is measured
    deps = SessionDeps(
        ref=AccountRef(user=UserId("1"), broker="alpaca", account="b"),
        environment=Environment.PAPER,
        clock=SystemClock(),
        endpoint=url,
    )
    bare = TradingClient(KEY, SECRET, url_override=url)
    pool, loop = ThreadPoolExecutor(64), asyncio.get_running_loop()
    async with ADAPTER.open(Credentials({"key_id": KEY, "secret_key": SECRET}), deps) as session:
        stock = await session.resolve(InstrumentQuery(symbol="AAPL", asset_class=AssetClass.EQUITY))

        def sdk_order():
            bare.submit_order(
                LimitOrderRequest(
                    symbol="AAPL",
                    qty=1,
                    side="buy",
                    time_in_force="day",
                    limit_price=50,
                    client_order_id=str(uuid.uuid4()),
                )
            )

        async def our_order():
            await session.submit(
                OrderRequest(
                    client_order_id=str(uuid.uuid4()),
                    instrument=stock,
                    side=Side.BUY,
                    order_type=OrderType.LIMIT,
                    limit_price=Decimal(50),
                    quantity=Decimal(1),
                )
            )

        calls = {
            "account": (lambda: loop.run_in_executor(pool, bare.get_account), session.account),
            "submit a limit": (lambda: loop.run_in_executor(pool, sdk_order), our_order),
        }
        for name, (theirs, mine) in calls.items():
            without, with_us = [], []
            for _ in range(BLOCKS):
                await timed(theirs, without)
                await timed(mine, with_us)
            show(name, without[EACH:], with_us[EACH:])
    pool.shutdown()
    bare._session.close()


def main() -> None:
    context = multiprocessing.get_context("spawn")
    ports = context.Queue()
    server = context.Process(target=serve, args=(ports,), daemon=True)
    server.start()
    asyncio.run(bench(ports.get(timeout=30)))
    server.terminate()


if __name__ == "__main__":
    main()
