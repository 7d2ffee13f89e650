"""Answer /0/private: balances, orders, trades, keys."""

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from adapters.paper.engine import EngineEvent, EngineOrder, EngineRequest, Refusal, Refused
from domain.orders import Side
from sim.kraken import intake, names, render
from sim.kraken.state import ACCOUNT, FORM, ApiRefusal, Placed, SimAccount, World, named

_REFUSALS = {
    Refusal.INSUFFICIENT_FUNDS: "EOrder:Insufficient funds",
    Refusal.INSUFFICIENT_QUANTITY: "EOrder:Insufficient funds",
    Refusal.NOT_SHORTABLE: "EOrder:Insufficient funds",
    Refusal.NOTHING_TO_CLOSE: "EOrder:Insufficient funds",
    Refusal.BAD_QUANTITY: "EOrder:Order minimum not met",
    Refusal.BAD_PRICE: "EOrder:Invalid price",
    Refusal.NOT_OPEN: "EOrder:Unknown order",
    Refusal.UNKNOWN_ORDER: "EOrder:Unknown order",
}
_PAGE = 50
DUPLICATE = "EOrder:cl_ord_id is already in use by an open order"
"""The real words are not known: shared/reference/brokers.md section 5."""
Handler = Callable[[SimAccount, Mapping[str, Any]], Any]


class PrivateApi:
    """Serve one world. ``NEEDS`` names the permission of each call: one of those listed is enough."""

    NEEDS: Mapping[str, tuple[str, ...]] = {
        "BalanceEx": ("query-funds",),
        "TradeBalance": ("query-funds",),
        "TradeVolume": ("query-funds",),
        "AddOrder": ("modify-trades",),
        "AmendOrder": ("modify-trades",),
        "CancelOrder": ("modify-trades", "close-trades"),
        "OpenOrders": ("query-open-trades",),
        "ClosedOrders": ("query-closed-trades",),
        "QueryOrders": ("query-open-trades", "query-closed-trades"),
        "TradesHistory": ("query-closed-trades",),
        "GetWebSocketsToken": ("create-ws-token",),
        "GetApiKeyInfo": (),
    }

    def __init__(self, world: World) -> None:
        self._world = world
        self._engine = world.engine
        self._coming: dict[str, Placed] = {}
        self._stop = world.engine.subscribe(self._adopt)
        self._calls: Mapping[str, Handler] = {
            "BalanceEx": lambda account, _: render.balances_json(account, self._engine),
            "TradeBalance": self._trade_balance,
            "TradeVolume": self._trade_volume,
            "AddOrder": self._add,
            "AmendOrder": self._amend,
            "CancelOrder": self._cancel,
            "OpenOrders": self._open,
            "ClosedOrders": self._closed,
            "QueryOrders": self._query,
            "TradesHistory": self._trades,
            "GetWebSocketsToken": lambda account, _: {"token": token(account), "expires": 900},
            "GetApiKeyInfo": self._key,
        }

    async def serve(self, request: web.Request) -> web.Response:
        """Answer one call."""
        call = self._calls.get(request.match_info["call"])
        if call is None:
            raise ApiRefusal("EGeneral:Unknown method")
        form: dict[str, Any] = request[FORM]
        result = call(request[ACCOUNT], form)
        return web.json_response({"error": [], "result": result})

    # Account

    def _trade_balance(self, account: SimAccount, _: Mapping[str, Any]) -> render.Json:
        equity = f"{self._engine.equity(account.key):.4f}"
        return {"eb": equity, "tb": equity, "m": "0.0000", "n": "0.0000", "e": equity, "mf": equity}

    def _trade_volume(self, _: SimAccount, form: Mapping[str, Any]) -> render.Json:
        pair = names.find(self._world.market, str(form.get("pair")))
        if pair is None:
            raise ApiRefusal("EQuery:Unknown asset pair")
        fee = {"fee": "0.3500", "minfee": "0.1000", "maxfee": "0.4000", "nextfee": "0.2400"}
        return {"currency": "ZUSD", "volume": "12000.0", "fees": {names.pair_id(pair): fee}}

    def _key(self, account: SimAccount, _: Mapping[str, Any]) -> render.Json:
        return {
            "apiKeyName": "bot",
            "nonce": str(account.nonce),
            "nonceWindow": 0,
            "permissions": list(account.permissions),
            "validUntil": "0",
            "ipAllowlist": [],
        }

    # Orders

    def _add(self, account: SimAccount, form: Mapping[str, Any]) -> render.Json:
        wanted = intake.read_order(form, self._world)
        client = str(form.get("cl_ord_id") or "")
        if client and any(p.client == client and self._world.order(p).live for p in account.placed.values()):
            raise ApiRefusal(DUPLICATE)
        if _cheap(wanted):
            raise ApiRefusal("EOrder:Cost minimum not met")
        self._feed(wanted.instrument.symbol)
        if self._would_take(wanted, form):
            raise ApiRefusal("EOrder:Post only order")
        txid = named("O", wanted.client_order_id)
        ordertype = str(form["ordertype"])
        descr = f"{wanted.side.value} {wanted.quantity} {names.altname(wanted.instrument)} @ {ordertype}"
        if form.get("validate") in {"true", True, "1"}:
            return {"descr": {"order": descr}}

        self._coming[wanted.client_order_id] = Placed(
            txid=txid,
            engine_id="",
            client=client,
            ordertype=ordertype,
            price=str(form.get("price") or ""),
            price2=str(form.get("price2") or ""),
            flags=str(form.get("oflags") or "fciq"),
        )
        try:
            self._engine.place(account.key, wanted)
        except Refused as refused:
            raise ApiRefusal(_REFUSALS.get(refused.code, "EOrder:Invalid order")) from refused
        finally:
            self._coming.pop(wanted.client_order_id, None)
        return {"descr": {"order": descr}, "txid": [txid]}

    def _adopt(self, event: EngineEvent) -> None:
        """Name an order when the engine first tells of it, before the stream tells of its fills."""
        placed = self._coming.pop(event.order.client_order_id, None)
        if placed is not None:
            placed.engine_id = event.order.id
            self._world.accounts[event.order.account].placed[placed.txid] = placed

    def _amend(self, account: SimAccount, form: Mapping[str, Any]) -> render.Json:
        placed = self._find(account, form)
        order = self._world.order(placed)
        if not order.live:
            raise ApiRefusal("EOrder:Unknown order")
        instrument = order.request.instrument
        values = {
            name: intake.amount(form[name], name)
            for name in ("order_qty", "limit_price", "trigger_price")
            if name in form
        }
        if not values:
            raise ApiRefusal("EGeneral:Invalid arguments")
        if "order_qty" in values:
            intake.lot(values["order_qty"], instrument)
        for name in ("limit_price", "trigger_price"):
            if name in values:
                intake.step(values[name], instrument)
        try:
            self._engine.replace(
                placed.engine_id,
                quantity=values.get("order_qty"),
                limit_price=values.get("limit_price"),
                stop_price=values.get("trigger_price"),
            )
        except Refused as refused:
            raise ApiRefusal(_REFUSALS.get(refused.code, "EOrder:Invalid order")) from refused
        return {"amend_id": named("T", placed.txid)}

    def _cancel(self, account: SimAccount, form: Mapping[str, Any]) -> render.Json:
        placed = self._find(account, form)
        if not self._world.order(placed).live:
            raise ApiRefusal("EOrder:Unknown order")
        self._engine.cancel(placed.engine_id)
        return {"count": 1}

    def _find(self, account: SimAccount, form: Mapping[str, Any]) -> Placed:
        """Find the order to change: by Kraken's id, or by ours among the open ones."""
        txid, client = str(form.get("txid") or ""), str(form.get("cl_ord_id") or "")
        if not txid and not client:
            raise ApiRefusal("EGeneral:Invalid arguments")
        for placed in account.placed.values():
            ours = placed.client == client and self._world.order(placed).live
            if placed.txid == txid or (not txid and ours):
                return placed
        raise ApiRefusal("EOrder:Unknown order")

    # Reading orders

    def _open(self, account: SimAccount, form: Mapping[str, Any]) -> render.Json:
        found = [(p, o) for p, o in self._every(account, form) if o.live]
        return {"open": {p.txid: self._shown(o, p, form) for p, o in found}}

    def _closed(self, account: SimAccount, form: Mapping[str, Any]) -> render.Json:
        inside = intake.times(form)
        found = [(p, o) for p, o in self._every(account, form) if not o.live and inside(o)]
        found.sort(key=lambda pair: (pair[1].updated_at, pair[1].sequence), reverse=True)
        offset = intake.offset(form)
        page = found[offset : offset + _PAGE]
        return {"closed": {p.txid: self._shown(o, p, form) for p, o in page}, "count": len(found)}

    @staticmethod
    def _shown(order: EngineOrder, placed: Placed, form: Mapping[str, Any]) -> render.Json:
        trades = {"trades": [named("T", fill.id) for fill in order.fills]}
        return render.order_json(order, placed) | (
            trades if str(form.get("trades")).lower() == "true" else {}
        )

    def _query(self, account: SimAccount, form: Mapping[str, Any]) -> render.Json:
        wanted = str(form.get("txid") or "").split(",")
        if any(txid not in account.placed for txid in wanted):
            raise ApiRefusal("EOrder:Unknown order")
        found = [account.placed[txid] for txid in wanted]
        return {p.txid: self._shown(self._world.order(p), p, form) for p in found}

    def _trades(self, account: SimAccount, form: Mapping[str, Any]) -> render.Json:
        every = [(fill, o, p) for p, o in self._every(account, {}) for fill in o.fills]
        every.sort(key=lambda trade: (trade[0].at, trade[1].sequence), reverse=True)
        offset = intake.offset(form)
        page = every[offset : offset + _PAGE]
        trades = {named("T", fill.id): render.trade_json(o, p, fill) for fill, o, p in page}
        return {"trades": trades, "count": len(every)}

    def _every(self, account: SimAccount, form: Mapping[str, Any]) -> list[tuple[Placed, EngineOrder]]:
        client = form.get("cl_ord_id")
        return [
            (p, self._world.order(p)) for p in account.placed.values() if not client or p.client == client
        ]

    def _would_take(self, wanted: EngineRequest, form: Mapping[str, Any]) -> bool:
        """Tell whether an order that may only rest would be taken at once."""
        quote, limit = self._world.market.quote(wanted.instrument.symbol), wanted.limit_price
        if "post" not in str(form.get("oflags") or "").split(",") or limit is None:
            return False
        return limit >= quote.ask if wanted.side is Side.BUY else limit <= quote.bid

    def _feed(self, symbol: str) -> None:
        if self._engine.quote(symbol) is None:
            quote = self._world.market.quote(symbol)
            self._engine.on_quote(symbol, quote.bid, quote.ask, quote.bid_size, quote.ask_size)


def _cheap(wanted: EngineRequest) -> bool:
    price, size = wanted.limit_price or wanted.stop_price, wanted.quantity
    return price is not None and size is not None and price * size < wanted.instrument.min_notional


def token(account: SimAccount) -> str:
    """Give an account's WebSocket token."""
    return named("W", account.key + account.secret)
