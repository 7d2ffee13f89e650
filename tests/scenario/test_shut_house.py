"""An order by hand for an account that nothing serves: the house is opening, shutting or lacks the SDK."""

from decimal import Decimal

import pytest

from domain.errors import InvalidValue
from domain.ids import UserId
from domain.orders import Side
from tests.scenario.world import world
from trading.views import ManualOrder


async def test_an_order_by_hand_is_refused_with_a_sentence_while_its_account_is_not_served(tmp_path):
    async with world(tmp_path, {}) as scene:
        await scene.source()
        await scene.member("7")
        await scene.verbs.trading.stop()
        order = ManualOrder(
            key="k", user=UserId("7"), guild=None, side=Side.BUY, symbol="MSFT", quantity=Decimal(1)
        )
        with pytest.raises(InvalidValue, match="Try again in a minute"):
            await scene.verbs.trading.place(order)
