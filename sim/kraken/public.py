"""Answer /0/public: time, assets, pairs, tickers."""

from aiohttp import web

from sim.kraken import names, render
from sim.kraken.state import ApiRefusal, World


class PublicApi:
    """Serve one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Give the routes."""
        return [
            web.get("/0/public/Time", self.time),
            web.get("/0/public/Assets", self.assets),
            web.get("/0/public/AssetPairs", self.pairs),
            web.get("/0/public/Ticker", self.ticker),
        ]

    async def time(self, _: web.Request) -> web.Response:
        """Answer Time."""
        now = self._world.clock.now()
        return _answer(
            {"unixtime": int(now.timestamp()), "rfc1123": now.strftime("%a, %d %b %y %H:%M:%S +0000")}
        )

    async def assets(self, _: web.Request) -> web.Response:
        """Answer Assets."""
        body = {"ZUSD": _asset("USD", 4)}
        for instrument in names.coins(self._world.market):
            coin = names.base(instrument)
            body[names.asset(coin)] = _asset(names.alt(coin), 10)
        return _answer(body)

    async def pairs(self, _: web.Request) -> web.Response:
        """Answer AssetPairs."""
        halted = self._world.halted
        return _answer(
            {
                names.pair_id(i): render.pair_json(i, halted=i.symbol in halted)
                for i in names.coins(self._world.market)
            }
        )

    async def ticker(self, request: web.Request) -> web.Response:
        """Answer Ticker."""
        body = {}
        for name in request.query.get("pair", "").split(","):
            found = names.find(self._world.market, name)
            if found is None:
                raise ApiRefusal("EQuery:Unknown asset pair")
            body[names.pair_id(found)] = render.ticker_json(self._world.market.quote(found.symbol))
        return _answer(body)


def _asset(name: str, decimals: int) -> render.Json:
    return {
        "aclass": "currency",
        "altname": name,
        "decimals": decimals,
        "display_decimals": 5,
        "status": "enabled",
    }


def _answer(result: render.Json) -> web.Response:
    return web.json_response({"error": [], "result": result})
