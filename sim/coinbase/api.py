"""Answer /api/v3/brokerage."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from aiohttp import web

from adapters.paper.engine import EngineOrder, Refusal, Refused
from sim.coinbase import intake, render
from sim.coinbase.state import ACCOUNT, ApiRefusal, OrderRefusal, SimAccount, World, body_of, product_of

BASE = "/api/v3/brokerage"
_REFUSALS = {
    Refusal.INSUFFICIENT_FUNDS: ("UNKNOWN_FAILURE_REASON", "PREVIEW_INSUFFICIENT_FUND"),
    Refusal.INSUFFICIENT_QUANTITY: ("UNKNOWN_FAILURE_REASON", "PREVIEW_INSUFFICIENT_FUND"),
    Refusal.NOT_SHORTABLE: ("UNKNOWN_FAILURE_REASON", "PREVIEW_INSUFFICIENT_FUND"),
    Refusal.BAD_QUANTITY: ("UNKNOWN_FAILURE_REASON", "PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL"),
}
_STATES = {
    *("PENDING", "OPEN", "FILLED", "CANCELLED", "EXPIRED", "FAILED", "UNKNOWN_ORDER_STATUS"),
    *("QUEUED", "CANCEL_QUEUED", "EDIT_QUEUED"),
}
"""What List Orders takes as order_status."""
_EDITS = {
    Refusal.NOT_OPEN: "ONLY_OPEN_ORDERS_CAN_BE_EDITED",
    Refusal.BAD_QUANTITY: "CANNOT_EDIT_TO_BELOW_FILLED_SIZE",
    Refusal.BAD_PRICE: "INVALID_EDITED_PRICE",
}


class BrokerageApi:
    """Serve one world."""

    def __init__(self, world: World) -> None:
        self._world, self._engine = world, world.engine

    def routes(self) -> list[web.RouteDef]:
        """Give the routes."""
        return [
            web.get(f"{BASE}/key_permissions", self.permissions),
            web.get(f"{BASE}/accounts", self.accounts),
            web.get(f"{BASE}/portfolios/{{id}}", self.portfolio),
            web.get(f"{BASE}/transaction_summary", self.summary),
            web.get(f"{BASE}/best_bid_ask", self.books),
            web.get(f"{BASE}/market/products", self.products),
            web.post(f"{BASE}/orders", self.place),
            web.post(f"{BASE}/orders/batch_cancel", self.cancel),
            web.post(f"{BASE}/orders/edit", self.edit),
            web.get(f"{BASE}/orders/historical/batch", self.list_orders),
            web.get(f"{BASE}/orders/historical/{{id}}", self.order),
        ]

    # Account and market

    async def permissions(self, request: web.Request) -> web.Response:
        """Answer GET key_permissions."""
        found = _account(request)
        return web.json_response(
            {
                "can_view": True,
                "can_trade": found.can_trade,
                "can_transfer": found.can_transfer,
                "portfolio_uuid": found.portfolio,
                "portfolio_type": "DEFAULT",
            }
        )

    async def accounts(self, request: web.Request) -> web.Response:
        """Answer GET accounts, page by page."""
        every = render.accounts_json(_account(request), self._engine)
        found, cursor = _page(every, request, 49)
        return web.json_response(
            {"accounts": found, "has_next": bool(cursor), "cursor": cursor, "size": len(found)}
        )

    async def portfolio(self, request: web.Request) -> web.Response:
        """Answer GET portfolios/{id}."""
        if request.match_info["id"] != _account(request).portfolio:
            raise ApiRefusal(404, "NOT_FOUND", "portfolio not found")
        return web.json_response(render.breakdown_json(_account(request), self._engine))

    async def summary(self, _: web.Request) -> web.Response:
        """Answer GET transaction_summary."""
        tier = {"pricing_tier": "Advanced 1", "taker_fee_rate": "0.008", "maker_fee_rate": "0.006"}
        return web.json_response({"total_volume": 0, "total_fees": 0, "fee_tier": tier})

    async def books(self, request: web.Request) -> web.Response:
        """Answer GET best_bid_ask; an unknown pair fails all of it."""
        wanted = request.query.getall("product_ids", [])
        pairs = {product_of(pair): pair for pair in self._world.pairs()}
        if any(name not in pairs for name in wanted):
            raise ApiRefusal(400, "INVALID_ARGUMENT", "invalid product_id")
        found = [pairs[name] for name in wanted or pairs]
        books = [render.book_json(pair, self._world.market.quote(pair.symbol)) for pair in found]
        return web.json_response({"pricebooks": books})

    async def products(self, _: web.Request) -> web.Response:
        """Answer GET market/products."""
        found = [
            render.product_json(
                pair, self._world.market.quote(pair.symbol), disabled=pair.symbol in self._world.disabled
            )
            for pair in self._world.pairs()
        ]
        return web.json_response({"products": found, "num_products": len(found)})

    # Orders

    async def place(self, request: web.Request) -> web.Response:
        """Answer POST orders: HTTP 200 either way."""
        account, body = _account(request), await _body(request)
        if not account.can_trade:
            raise ApiRefusal(403, "PERMISSION_DENIED", "Missing required scopes")
        try:
            order = self._place(account, body)
        except OrderRefusal as refused:
            return web.json_response(_failed(refused, body))
        return web.json_response(
            {
                "success": True,
                "failure_reason": "UNKNOWN_FAILURE_REASON",
                "order_id": order.id,
                "success_response": {
                    "order_id": order.id,
                    "product_id": product_of(order.request.instrument),
                    "side": order.side.value.upper(),
                    "client_order_id": order.client_order_id,
                },
                "order_configuration": body.get("order_configuration"),
            }
        )

    def _place(self, account: SimAccount, body: dict[str, Any]) -> EngineOrder:
        before = self._engine.find(account.name, str(body.get("client_order_id")))
        if before is not None:
            return before  # whatever the second one says
        wanted = intake.read_order(body, self._world)
        symbol = wanted.instrument.symbol
        if self._engine.quote(symbol) is None:
            quote = self._world.market.quote(symbol)
            self._engine.on_quote(symbol, quote.bid, quote.ask, quote.bid_size, quote.ask_size)
        try:
            return self._engine.place(account.name, wanted)
        except Refused as refused:
            error, preview = _REFUSALS.get(refused.code, ("INVALID_REQUEST", ""))
            raise OrderRefusal(error, preview, refused.text) from refused

    async def cancel(self, request: web.Request) -> web.Response:
        """Answer POST orders/batch_cancel."""
        account, body = _account(request), await _body(request)
        wanted = body.get("order_ids")
        if not isinstance(wanted, list) or not wanted:
            raise ApiRefusal(400, "INVALID_ARGUMENT", "order_ids is required")
        return web.json_response({"results": [self._cancel(account, str(name)) for name in wanted]})

    def _cancel(self, account: SimAccount, name: str) -> dict[str, Any]:
        reason, done = "UNKNOWN_CANCEL_ORDER", False
        order = self._find(account, name)
        if order is not None and order.live:
            self._engine.cancel(order.id)
            reason, done = "UNKNOWN_CANCEL_FAILURE_REASON", True
        return {"success": done, "failure_reason": reason, "order_id": name}

    async def edit(self, request: web.Request) -> web.Response:
        """Answer POST orders/edit: size and price are both wanted."""
        account, body = _account(request), await _body(request)
        try:
            self._edit(account, body)
        except OrderRefusal as refused:
            why = {"edit_failure_reason": refused.error, "preview_failure_reason": refused.preview}
            return web.json_response({"success": False, "errors": [why]})
        return web.json_response({"success": True, "errors": []})

    def _edit(self, account: SimAccount, body: dict[str, Any]) -> None:
        order = self._find(account, str(body.get("order_id")))
        if order is None:
            raise OrderRefusal("ORDER_NOT_FOUND")
        if not set(render.configuration(order)) <= {"limit_limit_gtc", "stop_limit_stop_limit_gtc"}:
            raise OrderRefusal("ONLY_LIMIT_ORDER_EDITS_SUPPORTED")
        size, price = intake.amount(body, "size"), intake.amount(body, "price")
        stop = intake.amount(body, "stop_price")
        if size is None or price is None:
            raise ApiRefusal(400, "INVALID_ARGUMENT", "size and price are required")
        if stop is not None and order.stop_price is None:
            raise OrderRefusal("FIELD_STOPPRICE_NOT_SUPPORTED")
        if (size, price, stop or order.stop_price) == (order.quantity, order.limit_price, order.stop_price):
            raise OrderRefusal("EDIT_REQUEST_EQUAL_TO_ORIGINAL_REQUEST")
        pair = order.request.instrument
        intake.check_size(size, pair)
        for value in (price, stop):
            if value is not None:
                intake.check_price(value, pair)
        try:
            self._engine.replace(order.id, quantity=size, limit_price=price, stop_price=stop)
        except Refused as refused:
            raise OrderRefusal(_EDITS.get(refused.code, "COMMANDER_REJECTED_EDIT_ORDER")) from refused

    async def order(self, request: web.Request) -> web.Response:
        """Answer GET orders/historical/{id}."""
        account = _account(request)
        found = self._find(account, request.match_info["id"])
        if found is None:
            raise ApiRefusal(404, "NOT_FOUND", "order with this orderID was not found")
        return web.json_response({"order": render.order_json(found, self._world, account)})

    async def list_orders(self, request: web.Request) -> web.Response:
        """Answer GET orders/historical/batch, newest first."""
        account, query = _account(request), request.query
        states = set(query.getall("order_status", []))
        if states - _STATES:
            raise ApiRefusal(400, "INVALID_ARGUMENT", "invalid order_status")
        if "OPEN" in states and len(states) > 1:
            raise ApiRefusal(400, "INVALID_ARGUMENT", "OPEN cannot be combined with other statuses")
        products = set(query.getall("product_ids", []))
        since = _time(query["start_date"]) if "start_date" in query else None
        every = sorted(
            self._engine.orders(account.name), key=lambda o: (o.created_at, o.sequence), reverse=True
        )
        found = [
            render.order_json(order, self._world, account)
            for order in every
            if (not states or render.status(order, self._world) in states)
            and (not products or product_of(order.request.instrument) in products)
            and (since is None or order.created_at >= since)
        ]
        page, cursor = _page(found, request, 1000)
        return web.json_response(
            {"orders": page, "has_next": bool(cursor), "cursor": cursor, "sequence": "0"}
        )

    def _find(self, account: SimAccount, name: str) -> EngineOrder | None:
        try:
            order = self._engine.order(name)
        except Refused:
            return None
        return order if order.account == account.name else None


def _account(request: web.Request) -> SimAccount:
    found: SimAccount = request[ACCOUNT]
    return found


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        return body_of(json.loads(await request.read(), parse_float=Decimal))
    except ValueError:
        raise ApiRefusal(400, "INVALID_ARGUMENT", "the body is not JSON") from None


def _page(found: list[Any], request: web.Request, standard: int) -> tuple[list[Any], str]:
    size = _count(request.query.get("limit") or str(standard), "limit")
    start = _count(request.query.get("cursor") or "0", "cursor")
    end = start + min(size, 250)
    return found[start:end], str(end) if end < len(found) else ""


def _count(text: str, name: str) -> int:
    if not text.isdecimal():
        raise ApiRefusal(400, "INVALID_ARGUMENT", f"invalid {name}")
    return int(text)


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ApiRefusal(400, "INVALID_ARGUMENT", "invalid start_date") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _failed(refused: OrderRefusal, body: dict[str, Any]) -> dict[str, Any]:
    why = {"error": refused.error, "message": refused.message, "error_details": ""}
    if refused.preview:
        why["preview_failure_reason"] = refused.preview
    return {
        "success": False,
        "failure_reason": "UNKNOWN_FAILURE_REASON",
        "order_id": "",
        "error_response": why,
        "order_configuration": json.loads(json.dumps(body.get("order_configuration"), default=str)),
    }
