"""The demo plays to its end and its receipt holds: it is the first thing anybody sees of this."""

import asyncio
import sys
from pathlib import Path

import pytest


@pytest.mark.timeout(120)
async def test_the_demo_ends_with_nothing_missing_and_nothing_double():
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "demo"),
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await running.communicate()
    assert running.returncode == 0, told.decode()[-3000:]
    assert "0 missing, 0 duplicate" in told.decode()
