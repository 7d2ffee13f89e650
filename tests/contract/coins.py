"""Let the cards, which speak of shares, be kept by a broker that trades coins only.

The cards buy AAPL at 99 to 100. At a broker of coins a coin quoted at that price stands for it: only names
are changed, on the way in and on the way out; every call, number and error is the session's own.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

from domain.broker import BrokerSession, HistoryFilter
from domain.instruments import AssetClass, Instrument, InstrumentQuery
from domain.orders import OrderReport, OrderRequest
from domain.portfolio import Fees, Position, Quote

STAND_INS = {"AAPL": "ETHUSD", "TSLA": "SOLUSD"}
_BACK = {coin: share for share, coin in STAND_INS.items()}


def coin_for(symbol: str) -> str:
    """Give the coin pair that stands for a share; other symbols stand for themselves."""
    return STAND_INS.get(symbol, symbol)


@asynccontextmanager
async def renamed(opening: AbstractAsyncContextManager[BrokerSession]) -> AsyncIterator[Any]:
    """Open a session and let coins stand for shares."""
    async with opening as session:
        yield CoinsForShares(session)


class CoinsForShares:
    """Be a session that trades coins under the names of shares."""

    def __init__(self, session: BrokerSession) -> None:
        self.inner = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def positions(self) -> Sequence[Position]:
        found = await self.inner.positions()
        return [replace(p, instrument=_shown(p.instrument)) for p in found]

    async def resolve(self, query: InstrumentQuery) -> Instrument:
        if query.symbol in STAND_INS:
            query = InstrumentQuery(symbol=STAND_INS[query.symbol], asset_class=AssetClass.CRYPTO)
        return _shown(await self.inner.resolve(query))

    async def quote(self, instrument: Instrument) -> Quote:
        found = await self.inner.quote(_meant(instrument))
        return replace(found, symbol=_BACK.get(found.symbol, found.symbol))

    async def fees(self, request: OrderRequest) -> Fees:
        return await self.inner.fees(_asked(request))

    async def submit(self, request: OrderRequest) -> OrderReport:
        return _told(await self.inner.submit(_asked(request)))

    async def replace(self, broker_order_id: str, **changes: Any) -> OrderReport:
        return _told(await self.inner.replace(broker_order_id, **changes))

    async def order(self, broker_order_id: str) -> OrderReport:
        return _told(await self.inner.order(broker_order_id))

    async def find_order(self, client_order_id: Any) -> OrderReport:
        return _told(await self.inner.find_order(client_order_id))

    async def open_orders(self) -> Sequence[OrderReport]:
        return [_told(report) for report in await self.inner.open_orders()]

    async def history(self, query: HistoryFilter) -> Sequence[OrderReport]:
        if query.symbol is not None:
            query = replace(query, symbol=coin_for(query.symbol))
        return [_told(report) for report in await self.inner.history(query)]

    async def set_stop_loss(
        self, instrument: Instrument, quantity: Decimal, stop: Decimal, mine: Any
    ) -> OrderReport:
        return _told(await self.inner.set_stop_loss(_meant(instrument), quantity, stop, mine))

    async def set_take_profit(
        self, instrument: Instrument, quantity: Decimal, limit: Decimal, mine: Any
    ) -> OrderReport:
        return _told(await self.inner.set_take_profit(_meant(instrument), quantity, limit, mine))

    async def close_position(
        self, instrument: Instrument, mine: Any, quantity: Decimal | None = None
    ) -> OrderReport:
        return _told(await self.inner.close_position(_meant(instrument), mine, quantity))

    async def events(self) -> AsyncIterator[OrderReport]:
        async for report in self.inner.events():
            yield _told(report)


def _shown(instrument: Instrument) -> Instrument:
    return replace(instrument, symbol=_BACK.get(instrument.symbol, instrument.symbol))


def _meant(instrument: Instrument) -> Instrument:
    return replace(instrument, symbol=coin_for(instrument.symbol))


def _asked(request: OrderRequest) -> OrderRequest:
    return replace(request, instrument=_meant(request.instrument))


def _told(report: OrderReport) -> OrderReport:
    legs = tuple(_told(leg) for leg in report.legs)
    return replace(report, symbol=_BACK.get(report.symbol, report.symbol), legs=legs)
