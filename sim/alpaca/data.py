"""Answer the market data API: latest quotes of stocks, coin pairs and option contracts."""

import re

from aiohttp import web

from domain.instruments import AssetClass
from sim.alpaca import listing, render
from sim.alpaca.state import ApiRefusal, World

_PAIR = re.compile(r"[A-Z]+/[A-Z]+")


class DataApi:
    """Quote from one market."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._market = world.market

    def routes(self) -> list[web.RouteDef]:
        """Give the routes."""
        return [
            web.get("/v2/stocks/quotes/latest", self.stocks),
            web.get("/v1beta3/crypto/us/latest/quotes", self.coins),
            web.get("/v1beta1/options/quotes/latest", self.options),
        ]

    async def stocks(self, request: web.Request) -> web.Response:
        """Quote stocks; unknown ones are left out of the answer, without an error."""
        return self._quotes(request, AssetClass.EQUITY)

    async def coins(self, request: web.Request) -> web.Response:
        """Quote coin pairs, which must be written with their slash here."""
        for symbol in _symbols(request):
            if not _PAIR.fullmatch(symbol):
                raise ApiRefusal(400, None, f"invalid symbol: {symbol} does not match {_PAIR.pattern}")
        return self._quotes(request, AssetClass.CRYPTO)

    async def options(self, request: web.Request) -> web.Response:
        """Quote option contracts."""
        return self._quotes(request, AssetClass.OPTION)

    def _quotes(self, request: web.Request, kind: AssetClass) -> web.Response:
        listed = (s for s in _symbols(request) if not listing.is_option(s) or listing.option(self._world, s))
        known = [s for s in listed if self._market.exists(s)]
        found = [s for s in known if self._market.instrument(s).asset_class is kind]
        return web.json_response(
            {"quotes": {s: render.quote_json(self._market.quote(s), kind) for s in found}}
        )


def _symbols(request: web.Request) -> list[str]:
    return [s for s in request.query.get("symbols", "").split(",") if s]
