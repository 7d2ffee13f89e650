"""Weigh the real bot, started as a person starts it, with an account linked through Discord."""

import subprocess
import sys
import time

import psutil
import pytest

from bot.demo.cast import ALPACA_KEYS, command, gather, link_alpaca
from bot.demo.stage import Stage
from tests.support import eventually

MIB = 1024 * 1024
CEILING = 200 * MIB
SDKS = {"alpaca", "ib_insync", "schwab", "moomoo", "ccxt"}


@pytest.fixture
async def linked_stage():
    async with Stage(seed=7) as stage:
        cast = gather(stage)
        await stage.start_bot()
        await command(
            stage, cast.owner, cast.channel, "channel add", channel=cast.channel, author=cast.analyst
        )
        await link_alpaca(stage, cast)
        yield stage


async def idle(stage):
    """Wait until the bot hears its account, and has asked nobody for anything for a while."""
    seen, since = -1, time.monotonic()

    def quiet():
        nonlocal seen, since
        asked = len(stage.alpaca.requests) + len(stage.discord.requests)
        if asked != seen:
            seen, since = asked, time.monotonic()
        return time.monotonic() - since > 1.0

    await eventually(lambda: stage.alpaca.streams.open(ALPACA_KEYS[0]), timeout=20)
    await eventually(quiet, timeout=20)


async def test_the_idle_bot_with_alpaca_linked_needs_less_than_200_mb(linked_stage):
    await idle(linked_stage)
    used = psutil.Process(linked_stage.bot.pid).memory_info().rss
    assert used < CEILING, f"{used / MIB:.0f} MiB"


async def test_a_restarted_bot_that_takes_its_account_up_again_needs_no_more(linked_stage):
    await linked_stage.bot.stop()
    await linked_stage.start_bot()
    await idle(linked_stage)
    used = psutil.Process(linked_stage.bot.pid).memory_info().rss
    assert used < CEILING, f"{used / MIB:.0f} MiB"


@pytest.mark.parametrize(
    "module", ["bot", "bot.compose", "bot.runner", "trading.compose", "adapters.registry"]
)
def test_importing_loads_no_broker_sdk(module):
    code = f"import sys, {module}; print(' '.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
    argv = [sys.executable, "-c", code]
    loaded = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()
    assert not SDKS.intersection(loaded)
