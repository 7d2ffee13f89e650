"""Orders that close a position: the side away from it, and never more than it holds."""

from decimal import Decimal

import pytest

from adapters.kit import closing
from domain.errors import InvalidValue
from domain.ids import ClientOrderId
from domain.instruments import AssetClass, Instrument
from domain.orders import OrderType, PositionEffect, Side, TimeInForce

D = Decimal
MINE = ClientOrderId("11111111-1111-4111-8111-111111111111")
SHARE = Instrument(symbol="AAPL", asset_class=AssetClass.EQUITY, broker_symbol="AAPL")
WAYS = [(D(5), Side.SELL, D("49")), (D(-5), Side.BUY, D("51"))]


@pytest.mark.parametrize(("position", "side", "worst"), WAYS)
def test_every_closing_order_goes_away_from_the_position(position, side, worst):
    stop = closing.stop_loss(SHARE, position, D(50), MINE)
    limited = closing.stop_loss(SHARE, position, D(50), MINE, limited=True)
    target = closing.take_profit(SHARE, position, D(60), MINE)
    now = closing.at_market(SHARE, position, D(2), MINE)
    for request in (stop, limited, target, now):
        assert (request.side, request.effect, request.client_order_id) == (side, PositionEffect.CLOSE, MINE)
    assert [r.quantity for r in (stop, limited, target, now)] == [D(5), D(5), D(5), D(2)]
    assert (stop.order_type, stop.stop_price, stop.limit_price) == (OrderType.STOP, D(50), None)
    assert limited.order_type is OrderType.STOP_LIMIT
    assert (limited.stop_price, limited.limit_price) == (D(50), worst)
    assert (target.order_type, target.limit_price) == (OrderType.LIMIT, D(60))
    assert {r.time_in_force for r in (stop, limited, target)} == {TimeInForce.GTC}
    assert (now.order_type, now.time_in_force) == (OrderType.MARKET, TimeInForce.DAY)


def test_no_more_is_closed_than_there_is():
    assert closing.size(D(-5), None) == D(5)
    assert closing.size(D(5), D(3)) == D(3)
    assert closing.size(D(-5), D(9)) == D(5)


def test_closing_less_than_nothing_is_refused_and_not_turned_round():
    with pytest.raises(InvalidValue):
        closing.at_market(SHARE, D(5), closing.size(D(5), D(-1)), MINE)
