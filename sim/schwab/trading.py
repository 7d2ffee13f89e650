"""Answer the trader API: /trader/v1 of accounts and orders."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from aiohttp import web

from adapters.paper.engine import EngineOrder, EngineRequest, Refusal, Refused
from domain.money import ZERO
from domain.orders import OrderClass, Side
from sim.schwab import intake, render
from sim.schwab.state import LOGIN, ApiRefusal, Json, SimAccount, World

HOST = "https://api.schwabapi.com"
_OVERSOLD = "This order may result in an oversold/overbought position in your account."
_WORDS = {
    Refusal.INSUFFICIENT_FUNDS: "You do not have enough available cash/buying power for this order.",
    Refusal.INSUFFICIENT_QUANTITY: _OVERSOLD,
    Refusal.NOTHING_TO_CLOSE: _OVERSOLD,
    Refusal.NOT_SHORTABLE: "This security cannot be sold short.",
}


class TradingApi:
    """Serve one world."""

    def __init__(self, world: World) -> None:
        self._world, self._engine, self._numbers = world, world.engine, world.numbers

    def routes(self) -> list[web.RouteDef]:
        """Give the routes."""
        account, order = "/trader/v1/accounts/{hash}", "/trader/v1/accounts/{hash}/orders/{id}"
        return [
            web.get("/trader/v1/accounts/accountNumbers", self.numbers),
            web.get(account, self.account),
            web.get(f"{account}/orders", self.list_orders),
            web.post(f"{account}/orders", self.place),
            web.get(order, self.order),
            web.put(order, self.replace),
            web.delete(order, self.cancel),
        ]

    async def numbers(self, request: web.Request) -> web.Response:
        """Answer GET accountNumbers."""
        accounts = request[LOGIN].accounts
        return web.json_response([{"accountNumber": a.number, "hashValue": a.hash} for a in accounts])

    async def account(self, request: web.Request) -> web.Response:
        """Answer GET of one account."""
        wants = "positions" in request.query.get("fields", "").split(",")
        return web.json_response(render.account_json(_account(request), self._engine, positions=wants))

    async def list_orders(self, request: web.Request) -> web.Response:
        """Answer GET of orders: both times are needed, and reach back 60 days at most."""
        account, query = _account(request), request.query
        start, end = _time(query.get("fromEnteredTime")), _time(query.get("toEnteredTime"))
        if start < self._world.clock.now() - timedelta(days=60, minutes=1):
            raise ApiRefusal(400, "fromEnteredTime must be within 60 days")
        found = [*self._all(account), *account.dead]
        found = [o for o in found if start <= datetime.fromisoformat(o["enteredTime"]) <= end]
        if status := query.get("status"):
            if status not in render.STATUSES:
                raise ApiRefusal(400, "status is invalid")
            found = [o for o in found if o.get("status") == status]
        found.sort(key=lambda o: (o["enteredTime"], o["orderId"]), reverse=True)
        most = query.get("maxResults", "3000")
        if not most.isdecimal():
            raise ApiRefusal(400, "maxResults must be a number")
        return web.json_response(found[: int(most)])

    async def order(self, request: web.Request) -> web.Response:
        """Answer GET of one order."""
        account = _account(request)
        dead = [o for o in account.dead if str(o["orderId"]) == request.match_info["id"]]
        if dead:
            return web.json_response(dead[0])
        order, whole = self._find(request, account)
        if order.request.order_class is OrderClass.OCO and order.parent_id is None and not whole:
            body = next(iter(self._json(order, account)["childOrderStrategies"]))
        else:
            body = self._json(order, account)
        return web.json_response(body)

    async def place(self, request: web.Request) -> web.Response:
        """Answer POST of an order: 201 with its address even where it is rejected a moment later."""
        account, body = _account(request), await _body(request)
        number = self._place(account, body)
        return self._created(account, number)

    def _created(self, account: SimAccount, number: int) -> web.Response:
        if self._world.wrong_location:
            number = self._world.wrong_location.pop(0)
        if self._world.omit_location:
            self._world.omit_location.pop(0)
            return web.Response(status=201)
        where = f"{HOST}/trader/v1/accounts/{account.hash}/orders/{number}"
        return web.Response(status=201, headers={"Location": where})

    def _place(self, account: SimAccount, body: Json) -> int:
        try:
            wanted = intake.read_order(body, self._world.market)
            self._check_position(account, wanted)
            self._feed(wanted)
            order = self._engine.place(account.number, wanted)
            asked = intake.durations(body)
            account.durations |= {leg.id: asked[leg.order_type] for leg in order.legs}
        except intake.Unfit as unfit:
            return self._bury(account, body, str(unfit))
        except Refused as refused:
            return self._bury(account, body, _WORDS.get(refused.code, refused.text))
        oco = order.request.order_class is OrderClass.OCO
        return self._numbers.of(f"oco/{order.id}" if oco else order.id)

    def _check_position(self, account: SimAccount, wanted: EngineRequest) -> None:
        if account.refusing:
            raise intake.Unfit(account.refusing)
        if account.closing_only and not wanted.reduce_only:
            raise intake.Unfit("This account is restricted to closing transactions.")
        held = self._held(account, wanted.instrument.symbol)
        if not wanted.reduce_only and held * (1 if wanted.side is Side.BUY else -1) < 0:
            raise intake.Unfit("You must close your position with the instruction made for that.")

    def _held(self, account: SimAccount, symbol: str) -> Decimal:
        found = self._engine.positions(account.number)
        return sum((p.quantity for p in found if p.instrument.symbol == symbol), ZERO)

    def _bury(self, account: SimAccount, body: Json, why: str) -> int:
        """Take an order and reject it."""
        number, now = self._numbers.fresh(), render.stamp(self._world.clock.now())
        dead = {"orderId": number, "status": "REJECTED", "statusDescription": why, "enteredTime": now}
        dead |= {"closeTime": now, "filledQuantity": 0.0, "accountNumber": int(account.number)}
        if body.get("orderLegCollection"):
            dead["quantity"] = float(body["orderLegCollection"][0]["quantity"])
        children = [
            render.echo(c) | dead | {"orderId": self._numbers.fresh()}
            for c in body.get("childOrderStrategies") or ()
        ]
        account.dead.append(
            render.echo(body) | dead | ({"childOrderStrategies": children} if children else {})
        )
        return number

    async def cancel(self, request: web.Request) -> web.Response:
        """Answer DELETE of one order."""
        account = _account(request)
        for dead in account.dead:
            if str(dead["orderId"]) == request.match_info["id"]:
                raise ApiRefusal(400, "Order cannot be canceled in status REJECTED")
        order, _ = self._find(request, account)
        if not order.live:
            raise ApiRefusal(400, f"Order cannot be canceled in status {render.status(order)}")
        self._engine.cancel(order.id)
        return web.Response(status=200)

    async def replace(self, request: web.Request) -> web.Response:
        """Answer PUT of one order: the old one is replaced by one under another number."""
        account, body = _account(request), await _body(request)
        order, _ = self._find(request, account)
        if not order.live:
            raise ApiRefusal(400, f"Order cannot be replaced in status {render.status(order)}")
        try:
            wanted = intake.read_order(body, self._world.market)
            same = (wanted.instrument.symbol, wanted.side, wanted.order_type)
            if same != (order.symbol, order.side, order.order_type):
                raise ApiRefusal(400, "A replacement must keep symbol, instruction and orderType")
            new = self._engine.replace(
                order.id,
                quantity=wanted.quantity if wanted.quantity != order.quantity else None,
                limit_price=wanted.limit_price,
                stop_price=wanted.stop_price,
            )
        except (Refused, intake.Unfit) as refused:
            text = str(refused)
            if isinstance(refused, Refused):
                text = _WORDS.get(refused.code, refused.text)
            raise ApiRefusal(400, text) from refused
        account.durations[new.id] = body["duration"]
        return self._created(account, self._numbers.of(new.id))

    def _all(self, account: SimAccount) -> list[Json]:
        return [self._json(order, account) for order in self._engine.orders(account.number)]

    def _json(self, order: EngineOrder, account: SimAccount) -> Json:
        return render.order_json(order, account, self._numbers)

    def _find(self, request: web.Request, account: SimAccount) -> tuple[EngineOrder, bool]:
        """Give the order of a number, and whether the number was that of an OCO's container."""
        wanted = request.match_info["id"]
        name = self._numbers.name(int(wanted)) if wanted.isdecimal() else None
        if name is None:
            raise ApiRefusal(404, "Order not found")
        order = self._engine.order(name.removeprefix("oco/"))
        if order.account != account.number:
            raise ApiRefusal(404, "Order not found")
        return order, name.startswith("oco/")

    def _feed(self, wanted: EngineRequest) -> None:
        symbol = wanted.instrument.symbol
        if self._engine.quote(symbol) is None:
            quote = self._world.market.quote(symbol)
            self._engine.on_quote(symbol, quote.bid, quote.ask, quote.bid_size, quote.ask_size)


def _account(request: web.Request) -> SimAccount:
    for account in request[LOGIN].accounts:
        if account.hash == request.match_info["hash"]:
            return account
    raise ApiRefusal(404, "Account not found")


async def _body(request: web.Request) -> Json:
    try:
        body: Any = json.loads(await request.read(), parse_float=Decimal)
    except ValueError:
        raise ApiRefusal(400, "The request body is not JSON") from None
    if not isinstance(body, dict):
        raise ApiRefusal(400, "The request body is not an order")
    return body


def _time(value: str | None) -> datetime:
    try:
        at = datetime.fromisoformat(value or "")
    except ValueError:
        raise ApiRefusal(400, "fromEnteredTime and toEnteredTime are required, as ISO 8601") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
