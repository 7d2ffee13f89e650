"""Answer market data, and where the stream is."""

from aiohttp import web

from sim.schwab import intake, render
from sim.schwab.state import LOGIN, Json, World


class DataApi:
    """Quote from one market."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Give the routes."""
        return [
            web.get("/marketdata/v1/quotes", self.quotes),
            web.get("/trader/v1/userPreference", self.preference),
        ]

    async def quotes(self, request: web.Request) -> web.Response:
        """Answer GET quotes: unknown symbols are listed as errors inside a 200."""
        body: Json = {}
        invalid = []
        for symbol in [s for s in request.query.get("symbols", "").split(",") if s]:
            found = intake.known(symbol, self._world.market)
            if found is None:
                invalid.append(symbol)
            else:
                body[symbol] = render.quote_json(found, self._world.market.quote(found.symbol))
        if invalid:
            body["errors"] = {"invalidSymbols": invalid}
        return web.json_response(body)

    async def preference(self, request: web.Request) -> web.Response:
        """Answer GET userPreference."""
        login = request[LOGIN]
        info = {
            "streamerSocketUrl": f"ws://{request.host}/ws",
            "schwabClientCustomerId": f"customer-{login.name}",
            "schwabClientCorrelId": f"correl-{login.name}",
            "schwabClientChannel": "N9",
            "schwabClientFunctionId": "APIAPP",
        }
        accounts = [
            {"accountNumber": a.number, "primaryAccount": i == 0} for i, a in enumerate(login.accounts)
        ]
        return web.json_response({"accounts": accounts, "streamerInfo": [info], "offers": []})
