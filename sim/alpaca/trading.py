"""Answer the trading API: /v2 of account, positions and orders."""

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from aiohttp import web

from adapters.paper.engine import EngineEvent, EngineOrder, EnginePosition, EngineRequest, Refusal, Refused
from domain.instruments import AssetClass
from domain.money import plain
from sim.alpaca import hours, intake, options, refusals, render
from sim.alpaca.state import ACCOUNT, ApiRefusal, SimAccount, World


class TradingApi:
    """Serve one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._engine = world.engine

    def routes(self) -> list[web.RouteDef]:
        """Give the routes."""
        order = "/v2/orders/{id}"
        return [
            web.get("/v2/account", self.account),
            web.get("/v2/positions", self.positions),
            web.get("/v2/positions/{symbol}", self.position),
            web.delete("/v2/positions/{symbol}", self.close_position),
            web.post("/v2/orders", self.place),
            web.get("/v2/orders", self.list_orders),
            web.delete("/v2/orders", self.cancel_all),
            web.get("/v2/orders:by_client_order_id", self.by_client_order_id),
            web.get(order, self.order),
            web.patch(order, self.replace),
            web.delete(order, self.cancel),
        ]

    # Account

    async def account(self, request: web.Request) -> web.Response:
        """Answer GET /v2/account."""
        return web.json_response(render.account_json(_account(request), self._engine))

    async def positions(self, request: web.Request) -> web.Response:
        """Answer GET /v2/positions."""
        found = self._engine.positions(_account(request).key)
        return web.json_response([render.position_json(position) for position in found])

    async def position(self, request: web.Request) -> web.Response:
        """Answer GET /v2/positions/{symbol}."""
        return web.json_response(render.position_json(self._position(request)))

    async def close_position(self, request: web.Request) -> web.Response:
        """Answer DELETE /v2/positions/{symbol}."""
        position = self._position(request)
        coin = position.instrument.asset_class is AssetClass.CRYPTO
        body = {
            "symbol": position.instrument.symbol,
            "qty": request.query.get("qty") or plain(abs(position.quantity)),
            "side": "sell" if position.quantity > 0 else "buy",
            "type": "market",
            "time_in_force": "gtc" if coin else "day",
        }
        return web.json_response(self._place(_account(request), body))

    def _position(self, request: web.Request) -> EnginePosition:
        symbol = request.match_info["symbol"]
        for position in self._engine.positions(_account(request).key):
            if position.instrument.symbol == symbol:
                return position
        raise ApiRefusal(404, 40410000, "position does not exist")

    # Orders

    async def place(self, request: web.Request) -> web.Response:
        """Answer POST /v2/orders."""
        return web.json_response(self._place(_account(request), await _body(request)))

    def _place(self, account: SimAccount, body: dict[str, Any]) -> render.Json:
        if account.blocked:
            raise ApiRefusal(403, 40310000, "account is restricted to liquidation only")
        wanted = intake.read_order(body, self._world)
        self._feed(wanted)
        # Alpaca looks at the id before the money and the prices.
        if self._engine.find(account.key, wanted.client_order_id) is not None:
            raise ApiRefusal(*refusals.WORDS[Refusal.DUPLICATE_CLIENT_ID])
        quote = self._world.market.quote(wanted.instrument.symbol)
        intake.check_sides(wanted, quote.bid, quote.ask)
        if wanted.instrument.asset_class is AssetClass.OPTION:
            options.check_account(account, self._world, wanted, body)
        if self._world.wash_trades:
            refusals.check_wash(self._engine, account, wanted)
        first: list[EngineOrder] = []
        stop = self._engine.subscribe(_keep_new(first))
        try:
            self._engine.place(account.key, wanted)
        except Refused as refused:
            raise refusals.of(self._engine, refused, account, wanted) from refused
        finally:
            stop()
        return render.order_json(first[0], self._engine, nested=True, as_new=True)

    async def list_orders(self, request: web.Request) -> web.Response:
        """Answer GET /v2/orders."""
        query, nested = request.query, _flag(request.query.get("nested"))
        limit = int(query.get("limit") or 50)
        if not 1 <= limit <= 500:
            raise ApiRefusal(422, 42210000, "limit must be between 1 and 500")
        tops = self._engine.orders(_account(request).key)
        orders = tops if nested else [o for top in tops for o in (top, *top.legs)]
        found = [o for o in orders if self._wanted(o, query)]
        found.sort(key=lambda o: (o.created_at, o.sequence), reverse=query.get("direction", "desc") == "desc")
        return web.json_response([render.order_json(o, self._engine, nested=nested) for o in found[:limit]])

    def _wanted(self, order: EngineOrder, query: Any) -> bool:
        status = query.get("status") or "open"
        # A held leg is in neither list of its own: alpaca-trade-api-js issue 87.
        is_open = order.live and render.status(order, self._engine) != "held"
        if (status == "open" and not is_open) or (status == "closed" and order.live):
            return False
        symbols = {s.replace("/", "") for s in (query.get("symbols") or "").split(",") if s}
        if symbols and order.symbol not in symbols:
            return False
        if query.get("side") and order.side.value != query["side"]:
            return False
        after, until = _time(query.get("after")), _time(query.get("until"))
        late_enough = after is None or order.created_at > after
        return late_enough and (until is None or order.created_at < until)

    async def by_client_order_id(self, request: web.Request) -> web.Response:
        """Answer GET /v2/orders:by_client_order_id, which never shows legs."""
        wanted = request.query.get("client_order_id", "")
        found = self._engine.find(_account(request).key, wanted)
        if found is None:
            raise ApiRefusal(404, 40410000, f"order not found for {wanted}")
        return web.json_response(render.order_json(found, self._engine, nested=False))

    async def order(self, request: web.Request) -> web.Response:
        """Answer GET /v2/orders/{id}."""
        nested = _flag(request.query.get("nested"))
        return web.json_response(render.order_json(self._order(request), self._engine, nested=nested))

    async def cancel(self, request: web.Request) -> web.Response:
        """Answer DELETE /v2/orders/{id}."""
        order = self._order(request)
        if not order.live:
            state = render.status(order, self._engine)
            raise ApiRefusal(422, 42210000, f'order is already in "{state}" state')
        self._engine.cancel(order.id)
        return web.Response(status=204)

    async def cancel_all(self, request: web.Request) -> web.Response:
        """Answer DELETE /v2/orders."""
        done = []
        for order in self._engine.orders(_account(request).key):
            for found in (order, *order.legs):
                if self._engine.order(found.id).live:
                    self._engine.cancel(found.id)
                    done.append({"id": found.id, "status": 200})
        return web.json_response(done, status=207)

    async def replace(self, request: web.Request) -> web.Response:
        """Answer PATCH /v2/orders/{id}: a new order under a new id."""
        account, order, body = _account(request), self._order(request), await _body(request)
        if not order.live:
            state = render.status(order, self._engine)
            raise ApiRefusal(422, 42210000, f'cannot replace order in "{state}" state')
        quantity = intake.amount(body, "qty")
        stock = order.request.instrument.asset_class is AssetClass.EQUITY
        if order.request.notional is not None or (stock and (order.quantity or Decimal(0)) % 1):
            raise ApiRefusal(422, 42210000, "fractional and notional orders cannot be replaced")
        coin = order.request.instrument.asset_class is AssetClass.CRYPTO
        if not coin and quantity is not None and quantity % 1:
            raise ApiRefusal(422, 42210000, "qty must be integer")
        try:
            new = self._engine.replace(
                order.id,
                quantity=quantity,
                limit_price=intake.price(body, "limit_price", order.request.instrument),
                stop_price=intake.price(body, "stop_price", order.request.instrument),
                client_order_id=body.get("client_order_id"),
            )
        except Refused as refused:
            raise refusals.of(self._engine, refused, account, order.request) from refused
        return web.json_response(render.order_json(new, self._engine, nested=True))

    def _order(self, request: web.Request) -> EngineOrder:
        wanted = request.match_info["id"]
        try:
            order = self._engine.order(wanted)
        except Refused:
            raise ApiRefusal(404, 40410000, f"order not found for {wanted}") from None
        if order.account != _account(request).key:
            raise ApiRefusal(404, 40410000, f"order not found for {wanted}")
        return order

    def _feed(self, wanted: EngineRequest) -> None:
        """Give the engine its price; a closed market has none, so that the order waits."""
        instrument = wanted.instrument
        symbol, now = instrument.symbol, self._world.clock.now()
        coin = instrument.asset_class is AssetClass.CRYPTO
        if not coin and not self._world.always_open and not hours.is_open(now) and not wanted.extended_hours:
            self._engine.forget_quote(symbol)
        elif self._engine.quote(symbol) is None:
            quote = self._world.market.quote(symbol)
            self._engine.on_quote(symbol, quote.bid, quote.ask, quote.bid_size, quote.ask_size)


def _account(request: web.Request) -> SimAccount:
    account: SimAccount = request[ACCOUNT]
    return account


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read(), parse_float=Decimal)
    except ValueError:
        raise ApiRefusal(400, 40010000, "request body format is invalid") from None
    if not isinstance(body, dict):
        raise ApiRefusal(400, 40010000, "request body format is invalid")
    return body


def _flag(value: str | None) -> bool:
    return (value or "").lower() in {"1", "t", "true"}


def _time(value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise ApiRefusal(422, 42210000, "invalid timestamp") from None


def _keep_new(found: list[EngineOrder]) -> Callable[[EngineEvent], None]:
    def keep(event: EngineEvent) -> None:
        if event.kind == "new" and not found:
            found.append(event.order)

    return keep
