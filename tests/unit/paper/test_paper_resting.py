"""An entry's time is a time to be sent by: once it rests, it waits for its price as at every other broker."""

from datetime import timedelta
from decimal import Decimal

from domain.ids import client_order_id
from domain.instruments import AssetClass, InstrumentQuery
from domain.orders import OrderRequest, OrderState, OrderType, Side
from tests.contract import paper_harness


async def test_an_order_that_was_taken_in_time_rests_beyond_the_time_it_had_to_be_sent_by():
    async with paper_harness.make() as harness, harness.open() as session:
        request = OrderRequest(
            client_order_id=client_order_id("s", "entry.0", "1", "a", 1),
            instrument=await session.resolve(InstrumentQuery(symbol="AAPL", asset_class=AssetClass.EQUITY)),
            side=Side.BUY,
            order_type=OrderType.LIMIT,
            quantity=Decimal(1),
            limit_price=Decimal(90),
            expires_at=harness.clock.now() + timedelta(seconds=30),
        )
        report = await session.submit(request)
        await harness.advance(120)
        await harness.set_price("AAPL", "98", "99")
        assert (await session.order(report.broker_order_id)).state is OrderState.WORKING
        await harness.set_price("AAPL", "88", "89")
        assert (await session.order(report.broker_order_id)).state is OrderState.FILLED
