"""Both libraries come through one import point; `make test` runs every IBKR test on each of them."""

import asyncio
import subprocess
import sys
from importlib.util import find_spec

import pytest

from adapters.ibkr import sdk
from domain.errors import NotTradable
from sim.faults import FaultAction
from tests.integration.ibkr_world import limit, stock, world


async def test_the_successor_is_used_where_somebody_installed_it():
    chosen = "ib_async" if find_spec("ib_async") else "ib_insync"
    assert sdk.load().__name__ == chosen


async def test_the_version_spoken_is_the_highest_that_both_ends_know():
    async with world() as w, w.open() as session:
        spoken = session._link.ib.client.serverVersion()
        assert spoken == (178 if sdk.load().__name__ == "ib_async" else 176)
        placed = await session.submit(limit(await stock(session), "90"))
        assert placed.limit_price == 90
        assert len(w.seen("placeOrder")[0].raw) == (114 if spoken > 176 else 115)


async def test_a_refused_request_ends_at_once_although_a_library_calls_its_code_a_warning():
    async with world(patience=5) as w, w.open() as session:
        stocks = await stock(session)
        w.faults.add("TWS /reqMktData", FaultAction.STATUS, code=321, text="Error validating request.")
        with pytest.raises(NotTradable):
            async with asyncio.timeout(1):
                await session.quote(stocks)


def test_the_library_can_be_imported_off_the_main_thread():
    lines = (
        "import asyncio, threading, adapters.ibkr.sdk as sdk",
        "async def go(): return sdk.load().__name__",
        "thread = threading.Thread(target=lambda: print(asyncio.run(go())))",
        "thread.start(); thread.join()",
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(lines)], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() in {"ib_async", "ib_insync"}, done.stderr
