"""Answer the market data protocols."""

from typing import Any

from domain.errors import InvalidValue
from domain.instruments import AssetClass, Instrument
from sim.moomoo import render
from sim.moomoo.state import Refusal, World

_US_QUOTES, _STOCK = 11, 3
_MOST = 400
"""Stocks in one snapshot (openapi.moomoo.com, get_market_snapshot)."""


def static(world: World, c2s: Any, s2c: Any) -> None:
    """Answer GetStaticInfo."""
    for asked in c2s.securityList:
        instrument = _find(world, asked)
        basic = s2c.staticInfoList.add().basic
        basic.security.market, basic.security.code = _US_QUOTES, instrument.symbol
        basic.id, basic.lotSize, basic.secType = 1, 1, _STOCK
        basic.name, basic.listTime = instrument.name, "1980-12-12"
        basic.delisting = not instrument.tradable


def snapshot(world: World, c2s: Any, s2c: Any) -> None:
    """Answer GetSecuritySnapshot."""
    world.count("quotes")
    if len(c2s.securityList) > _MOST:
        raise Refusal(f"At most {_MOST} stocks can be asked for at once")
    for asked in c2s.securityList:
        instrument = _find(world, asked)
        quote = world.market.quote(instrument.symbol)
        basic = s2c.snapshotList.add().basic
        basic.security.market, basic.security.code = _US_QUOTES, instrument.symbol
        basic.name, basic.type, basic.isSuspend = instrument.name, _STOCK, not instrument.tradable
        basic.listTime, basic.lotSize, basic.priceSpread = "1980-12-12", 1, 0.01
        basic.updateTime = render.stamp(quote.at)
        for name in ("highPrice", "openPrice", "lowPrice", "lastClosePrice", "curPrice"):
            setattr(basic, name, float(quote.mid))
        basic.volume, basic.turnover, basic.turnoverRate = 1000, 100000.0, 0.1
        basic.askPrice, basic.bidPrice = float(quote.ask), float(quote.bid)


def _find(world: World, asked: Any) -> Instrument:
    try:
        found = world.market.instrument(asked.code)
    except InvalidValue:
        raise Refusal(f"Unknown stock {asked.code}") from None
    if asked.market != _US_QUOTES or found.asset_class is not AssetClass.EQUITY:
        raise Refusal(f"Unknown stock {asked.code}")
    return found
