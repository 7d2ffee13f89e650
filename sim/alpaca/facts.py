"""Answer what anyone may ask Alpaca: /v2 of assets, clock and calendar."""

from datetime import date, timedelta

from aiohttp import web

from sim.alpaca import hours, render
from sim.alpaca.state import ApiRefusal, World


class FactsApi:
    """Serve one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Give the routes."""
        return [
            web.get("/v2/assets", self.assets),
            web.get("/v2/assets/{symbol:.+}", self.asset),
            web.get("/v2/clock", self.clock),
            web.get("/v2/calendar", self.calendar),
        ]

    async def assets(self, request: web.Request) -> web.Response:
        """Answer GET /v2/assets."""
        wanted = request.query.get("asset_class")
        found = [render.asset_json(i) for i in self._world.market.instruments() if not i.option]
        return web.json_response([a for a in found if wanted in {None, "", a["class"]}])

    async def asset(self, request: web.Request) -> web.Response:
        """Answer GET /v2/assets/{symbol}."""
        symbol = request.match_info["symbol"]
        if not self._world.market.exists(symbol) or self._world.market.instrument(symbol).option:
            raise ApiRefusal(404, 40410000, f"asset not found for {symbol}")
        return web.json_response(render.asset_json(self._world.market.instrument(symbol)))

    async def clock(self, _: web.Request) -> web.Response:
        """Answer GET /v2/clock."""
        now = self._world.clock.now()
        return web.json_response(
            {
                "timestamp": render.stamp(now),
                "is_open": self._world.always_open or hours.is_open(now),
                "next_open": hours.next_at(now, hours.OPEN).isoformat(),
                "next_close": hours.next_at(now, hours.CLOSE).isoformat(),
            }
        )

    async def calendar(self, request: web.Request) -> web.Response:
        """Answer GET /v2/calendar."""
        today = self._world.clock.now().date()
        start = date.fromisoformat(request.query.get("start") or today.isoformat())
        end = date.fromisoformat(request.query.get("end") or (today + timedelta(days=30)).isoformat())
        days = hours.trading_days(start, end)
        return web.json_response([{"date": d.isoformat(), "open": "09:30", "close": "16:00"} for d in days])
