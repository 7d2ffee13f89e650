"""Refuse as Alpaca does what the matching engine, or a rule of Alpaca's own, does not take."""

from collections.abc import Iterable
from decimal import Decimal

from adapters.paper.engine import EngineOrder, EngineRequest, MatchingEngine, Refusal, Refused
from domain.instruments import AssetClass
from domain.money import plain
from domain.orders import OrderClass, OrderType, Side, TimeInForce
from sim.alpaca.state import ApiRefusal, SimAccount

WORDS = {
    Refusal.DUPLICATE_CLIENT_ID: (422, 40010001, "client_order_id must be unique"),
    Refusal.INSUFFICIENT_FUNDS: (403, 40310000, "insufficient buying power"),
    Refusal.NOT_SHORTABLE: (403, 40310000, "account is not allowed to short"),
    Refusal.NOTHING_TO_CLOSE: (422, 42210000, "oco orders must be exit orders"),
}


def of(engine: MatchingEngine, refused: Refused, account: SimAccount, wanted: EngineRequest) -> ApiRefusal:
    """Say in Alpaca's words what the engine refused."""
    if refused.code is Refusal.INSUFFICIENT_QUANTITY:
        return _too_few(engine, account, wanted)
    coin = wanted.instrument.asset_class is AssetClass.CRYPTO
    if refused.code is Refusal.NOT_SHORTABLE and coin:
        return _too_few(engine, account, wanted)
    if refused.code is Refusal.INSUFFICIENT_FUNDS:
        power = plain(round(engine.buying_power(account.key), 2))
        return ApiRefusal(*WORDS[refused.code], buying_power=power)
    status, code, message = WORDS.get(refused.code, (422, 42210000, refused.text))
    return ApiRefusal(status, code, message)


def _too_few(engine: MatchingEngine, account: SimAccount, wanted: EngineRequest) -> ApiRefusal:
    instrument = wanted.instrument
    found = [p for p in engine.positions(account.key) if p.instrument.symbol == instrument.symbol]
    free = found[0].available if found else Decimal(0)
    asked = plain(wanted.quantity or Decimal(0))
    coin = instrument.asset_class is AssetClass.CRYPTO
    what = f"balance for {instrument.broker_symbol.split('/')[0]}" if coin else "qty available for order"
    return ApiRefusal(
        403,
        40310000,
        f"insufficient {what} (requested: {asked}, available: {plain(free)})",
        available=plain(free),
        existing_qty=plain(abs(found[0].quantity)) if found else "0",
        held_for_orders=plain(found[0].held) if found else "0",
        symbol=instrument.symbol,
    )


def check_wash(engine: MatchingEngine, account: SimAccount, wanted: EngineRequest) -> None:
    """Refuse to trade against one's own resting order. Raises ApiRefusal."""
    if wanted.order_class is not OrderClass.SINGLE:
        return
    for other in _simple_live(engine.orders(account.key)):
        if other.symbol != wanted.instrument.symbol or other.side is wanted.side:
            continue
        if other.order_type in {OrderType.MARKET, OrderType.STOP} or _cross(other, wanted):
            raise ApiRefusal(
                403,
                40310000,
                "potential wash trade detected. use complex orders",
                existing_order_id=other.id,
                reject_reason="opposite side market/stop order exists",
            )


def _simple_live(orders: Iterable[EngineOrder]) -> Iterable[EngineOrder]:
    return (o for o in orders if o.live and o.request.order_class is OrderClass.SINGLE)


def _cross(other: EngineOrder, wanted: EngineRequest) -> bool:
    if wanted.time_in_force in {TimeInForce.OPG, TimeInForce.CLS} or other.limit_price is None:
        return False
    if wanted.limit_price is None:
        return True
    buy, sell = (
        (wanted.limit_price, other.limit_price)
        if wanted.side is Side.BUY
        else (other.limit_price, wanted.limit_price)
    )
    return buy >= sell
