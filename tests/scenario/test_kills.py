"""kill -9 of the real bot process at every named moment: nothing twice, nothing lost, nothing stuck."""

import os

import pytest

from tests.scenario.killing import AFTER_SEND, POINTS, kill_rounds
from trading import points

SOAK = bool(os.environ.get("SOAK"))
ROUNDS = 50 if SOAK else 4
SEED = 20260302


@pytest.mark.timeout(3600 if SOAK else 240)
@pytest.mark.parametrize("broker", ["alpaca", "paper"])
@pytest.mark.parametrize("point", POINTS)
async def test_a_kill_leaves_one_order_and_a_trade_that_ends(broker, point):
    tally = await kill_rounds(broker, [point] * ROUNDS, SEED)
    assert tally.posted == ROUNDS
    assert tally.clean, f"seed {SEED}: {tally}"


@pytest.mark.timeout(240)
async def test_without_the_write_ahead_step_the_same_kills_make_duplicates_or_losses():
    moments = [AFTER_SEND, points.AFTER_REPLY, AFTER_SEND]
    tally = await kill_rounds("alpaca", moments, SEED, patience=8.0, WRITE_AHEAD="false")
    assert tally.duplicate or tally.lost, tally
