"""Know which option contracts the pretend exchanges list.

Of a stock: every Friday for a year, and strikes in steps of 2.50 around its price. Beside these, whatever a
test has quoted. The shared market would make up any contract it is asked for, so this is asked first.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from domain.errors import InvalidValue
from domain.instruments import AssetClass, Instrument, OptionContract, OptionRight
from domain.money import plain
from sim.alpaca import hours
from sim.alpaca.state import World, named

_STEP = Decimal("2.5")
_DAYS = 370
_FRIDAY = 4
_LOW, _HIGH = Decimal("0.25"), Decimal(3)


def option(world: World, symbol: str) -> Instrument | None:
    """Give a listed contract, or None."""
    for known in world.market.instruments():
        if known.symbol == symbol and known.option is not None:
            return known
    contract = _read(symbol)
    if contract is None or not world.market.exists(contract.underlying):
        return None
    if contract.expiry not in set(_fridays(today(world))) or not _has_strike(world, contract):
        return None
    return world.market.instrument(symbol)


def is_option(symbol: str) -> bool:
    """Tell whether a symbol is written like a contract."""
    return _read(symbol) is not None


def today(world: World) -> date:
    """Give the day in New York."""
    return world.clock.now().astimezone(hours.NEW_YORK).date()


def chain(world: World, underlying: str, first: date, last: date) -> list[OptionContract]:
    """Give every listed contract of a stock that expires from ``first`` to ``last``."""
    if not world.market.exists(underlying):
        return []
    known = [i.option for i in world.market.instruments() if i.option and i.option.underlying == underlying]
    made = (
        OptionContract(underlying=underlying, expiry=day, strike=strike, right=right)
        for day in _fridays(today(world))
        if first <= day <= last
        for strike in _strikes(world, underlying)
        for right in OptionRight
    )
    every = {c.occ: c for c in (*made, *(c for c in known if first <= c.expiry <= last))}
    return sorted(every.values(), key=lambda c: (c.expiry, c.strike, c.right))


def contract_json(contract: OptionContract) -> dict[str, object]:
    """Write a contract as GET /v2/options/contracts does: numbers as text."""
    word = "call" if contract.right is OptionRight.CALL else "put"
    return {
        "id": str(named("asset", contract.occ)),
        "symbol": contract.occ,
        "name": f"{contract.underlying} {contract.expiry:%b %d %Y} {plain(contract.strike)} {word.title()}",
        "status": "active",
        "tradable": True,
        "expiration_date": contract.expiry.isoformat(),
        "root_symbol": contract.underlying,
        "underlying_symbol": contract.underlying,
        "underlying_asset_id": str(named("asset", contract.underlying)),
        "type": word,
        "style": "american",
        "strike_price": plain(contract.strike),
        "multiplier": "100",
        "size": "100",
        "open_interest": None,
        "open_interest_date": None,
        "close_price": None,
        "close_price_date": None,
        "ppind": True,
    }


def _read(symbol: str) -> OptionContract | None:
    try:
        return OptionContract.from_occ(symbol)
    except InvalidValue:
        return None


def _fridays(start: date) -> Iterator[date]:
    return (day for n in range(_DAYS) if (day := start + timedelta(days=n)).weekday() == _FRIDAY)


def _strikes(world: World, underlying: str) -> Iterator[Decimal]:
    if world.market.instrument(underlying).asset_class is not AssetClass.EQUITY:
        return
    spot = world.market.quote(underlying).mid
    strike = (spot * _LOW // _STEP + 1) * _STEP
    while strike <= spot * _HIGH:
        yield strike
        strike += _STEP


def _has_strike(world: World, contract: OptionContract) -> bool:
    return contract.strike in set(_strikes(world, contract.underlying))
