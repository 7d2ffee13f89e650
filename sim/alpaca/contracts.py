"""Answer GET /v2/options/contracts and what became of options: /v2/account/activities."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from aiohttp import web

from domain.instruments import OptionContract, OptionRight
from sim.alpaca import listing
from sim.alpaca.state import ACCOUNT, ApiRefusal, World

_MOST = 10_000


class ContractsApi:
    """Serve one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Give the routes."""
        return [
            web.get("/v2/options/contracts", self.contracts),
            web.get("/v2/options/contracts/{symbol}", self.contract),
            web.get("/v2/account/activities", self.activities),
        ]

    async def contracts(self, request: web.Request) -> web.Response:
        """Answer GET /v2/options/contracts, a page at a time."""
        query = request.query
        limit, start = _whole(query, "limit", 100), _whole(query, "page_token", 0)
        if not 1 <= limit <= _MOST:
            raise _bad(f"limit must be between 1 and {_MOST}")
        found = [c for c in self._asked(query) if _wanted(c, query)]
        page = found[start : start + limit]
        more = str(start + limit) if start + limit < len(found) else None
        body = {"option_contracts": [listing.contract_json(c) for c in page], "next_page_token": more}
        return web.json_response(body)

    async def contract(self, request: web.Request) -> web.Response:
        """Answer GET /v2/options/contracts/{symbol}."""
        symbol = request.match_info["symbol"]
        found = listing.option(self._world, symbol)
        if found is None or found.option is None:
            raise ApiRefusal(404, 40410000, f"option contract not found for {symbol}")
        return web.json_response(listing.contract_json(found.option))

    async def activities(self, request: web.Request) -> web.Response:
        """Answer GET /v2/account/activities with what a test put there."""
        types = {t for t in request.query.get("activity_types", "").split(",") if t}
        found = request[ACCOUNT].activities
        return web.json_response([a for a in found if not types or a["activity_type"] in types])

    def _asked(self, query: Mapping[str, str]) -> list[OptionContract]:
        exact = _day(query, "expiration_date")
        today = listing.today(self._world)
        first = exact or _day(query, "expiration_date_gte") or today
        # Told no last day, Alpaca stops at the coming weekend.
        weekend = today + timedelta(days=6 - today.weekday())
        last = exact or _day(query, "expiration_date_lte") or weekend
        names = [s for s in query.get("underlying_symbols", "").split(",") if s]
        return [c for name in names for c in listing.chain(self._world, name, first, last)]


def _wanted(contract: OptionContract, query: Mapping[str, str]) -> bool:
    word = "call" if contract.right is OptionRight.CALL else "put"
    least, most = _amount(query, "strike_price_gte"), _amount(query, "strike_price_lte")
    return (
        query.get("type", word) == word
        and query.get("status", "active") == "active"
        and query.get("style", "american") == "american"
        and query.get("root_symbol", contract.underlying) == contract.underlying
        and (least is None or contract.strike >= least)
        and (most is None or contract.strike <= most)
    )


def _day(query: Mapping[str, str], name: str) -> date | None:
    try:
        return date.fromisoformat(query[name]) if query.get(name) else None
    except ValueError:
        raise _bad(f"invalid {name}") from None


def _amount(query: Mapping[str, str], name: str) -> Decimal | None:
    try:
        return Decimal(query[name]) if query.get(name) else None
    except InvalidOperation:
        raise _bad(f"invalid {name}") from None


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name) or str(default)
    if not text.isdecimal():
        raise _bad(f"invalid {name}")
    return int(text)


def _bad(message: str) -> ApiRefusal:
    return ApiRefusal(422, 40010001, message)
