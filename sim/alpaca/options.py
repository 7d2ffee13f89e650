"""Take and refuse orders in options as Alpaca does.

Status, codes and words: docs.alpaca.markets/us/docs/options-trading-overview, Error Responses (2026-09-16).
The pretend Alpaca writes no options: a sale without a position is refused for want of what would cover it.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.paper.engine import EngineRequest
from domain.instruments import Instrument, OptionContract, OptionRight
from domain.money import plain
from domain.orders import OrderClass, OrderType, Side, TimeInForce
from sim.alpaca import hours, listing
from sim.alpaca.state import ApiRefusal, SimAccount, World

_BUYING = 2
_INTENTS = {f"{side.value}_to_{what}" for side in Side for what in ("open", "close")}


def instrument(symbol: str, world: World) -> Instrument:
    """Give the contract an order names. Raises ApiRefusal."""
    found = listing.option(world, symbol)
    contract = found.option if found else OptionContract.from_occ(symbol)
    if contract is not None and contract.expiry < listing.today(world):
        raise _wrong(f'contract "{symbol}" is expired')
    if found is None:
        raise _wrong(f'contract "{symbol}" not found')
    return found


def check_body(body: Mapping[str, Any]) -> None:
    """Refuse what is no order in an option at all, before its parts are read. Raises ApiRefusal."""
    if body.get("order_class") not in {None, "", "simple"}:
        raise _wrong("complex orders not supported for options trading")
    if body.get("extended_hours"):
        raise _wrong("extended hours is not supported for options trading")
    if body.get("notional"):
        raise _wrong("notional orders are not supported for options trading")
    if body.get("type") == OrderType.TRAILING_STOP.value:
        raise _wrong("invalid order type for options trading")
    if body.get("position_intent") not in {None, "", *_INTENTS}:
        raise ApiRefusal(422, 40010001, "invalid position_intent")


def check(request: EngineRequest) -> None:
    """Refuse an order whose parts options do not have. Raises ApiRefusal."""
    if request.order_class is not OrderClass.SINGLE:
        raise _wrong("complex orders not supported for options trading")
    if request.time_in_force not in {TimeInForce.DAY, TimeInForce.GTC}:
        raise _wrong("order_time_in_force provided not supported for options trading")
    if (request.quantity or Decimal(0)) % 1:
        raise _wrong("qty must be integer for options trading")


def check_account(account: SimAccount, world: World, request: EngineRequest, body: Mapping[str, Any]) -> None:
    """Refuse what this account, or this hour, does not allow. Raises ApiRefusal."""
    if account.options_level == 0:
        raise _forbidden("account not authorized to trade options")
    held = _held(account, world, request.instrument.symbol)
    closes = request.side is Side.SELL and held > 0
    inferred = f"{request.side.value}_to_{'close' if closes else 'open'}"
    intent = body.get("position_intent")
    if intent and intent != inferred:
        raise _wrong(f"position intent mismatch, inferred: {inferred}, specified: {intent}")
    if not closes and _soon_over(world, request.instrument):
        raise _wrong(f'contract "{request.instrument.symbol}" expires soon, unable to open new positions')
    if request.order_type is OrderType.MARKET and not (world.always_open or hours.is_open(world.clock.now())):
        raise _wrong("options market orders are only allowed during market hours")
    if request.side is Side.BUY and account.options_level < _BUYING:
        raise _forbidden("account not eligible to trade long option contracts")
    if request.side is Side.SELL and (request.quantity or Decimal(0)) > held:
        raise _naked(account, world, request, held)


def _naked(account: SimAccount, world: World, request: EngineRequest, held: Decimal) -> ApiRefusal:
    contract, quantity = request.instrument.option, request.quantity or Decimal(0)
    if held > 0 or contract is None:
        return _forbidden("account not eligible to trade uncovered option contracts")
    if contract.right is OptionRight.CALL:
        required, available = quantity * 100, _held(account, world, contract.underlying)
        what = "insufficient underlying qty available for covered call"
    else:
        required, available = quantity * 100 * contract.strike, world.engine.buying_power(account.key)
        what = "insufficient options buying power for cash-secured put"
    if available >= required:
        return _forbidden("account not eligible to trade uncovered option contracts")
    return _forbidden(f"{what} (required: {plain(required)}, available: {plain(round(available, 2))})")


def _held(account: SimAccount, world: World, symbol: str) -> Decimal:
    found = (p.quantity for p in world.engine.positions(account.key) if p.instrument.symbol == symbol)
    return next(found, Decimal(0))


def _soon_over(world: World, found: Instrument) -> bool:
    local = world.clock.now().astimezone(hours.NEW_YORK)
    over = found.option is not None and found.option.expiry <= local.date()
    return over and local.time() >= hours.LAST_OPTION_ENTRY


def _wrong(message: str) -> ApiRefusal:
    return ApiRefusal(422, 42210000, message)


def _forbidden(message: str) -> ApiRefusal:
    return ApiRefusal(403, 40310000, message)
