"""Serve one connected API client: the handshake, its requests, and the faults planned for them."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from domain.money import ZERO
from sim.faults import Fault, FaultAction
from sim.ibkr import contracts, messages, wire
from sim.ibkr.state import Recorded
from sim.ibkr.wire import frame

if TYPE_CHECKING:
    from sim.ibkr.server import IbkrSim

_NAMES = {
    "1": "reqMktData",
    "2": "cancelMktData",
    "3": "placeOrder",
    "4": "cancelOrder",
    "5": "reqOpenOrders",
    "6": "reqAccountUpdates",
    "7": "reqExecutions",
    "8": "reqIds",
    "9": "reqContractDetails",
    "16": "reqAllOpenOrders",
    "49": "reqCurrentTime",
    "59": "reqMarketDataType",
    "61": "reqPositions",
    "62": "reqAccountSummary",
    "63": "cancelAccountSummary",
    "71": "startApi",
    "76": "reqAccountUpdatesMulti",
    "99": "reqCompletedOrders",
}


class Client:
    """Hold one socket."""

    def __init__(self, sim: "IbkrSim", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._sim, self._reader, self._writer = sim, reader, writer
        self.id = -1
        self.version = wire.SERVER_VERSION
        self._caught: list[bytes] | None = None
        self.summaries = 0
        self._handlers: dict[str, Callable[[list[str]], None]] = {
            "reqMktData": self._market_data,
            "placeOrder": lambda f: sim.desk.place(f, self.id),
            "modifyOrder": lambda f: sim.desk.place(f, self.id),
            "whatIf": lambda f: sim.desk.place(f, self.id),
            "stageOrder": lambda f: sim.desk.place(f, self.id),
            "cancelOrder": lambda f: sim.desk.cancel(int(f[2]), self.id),
            "reqOpenOrders": lambda _: self._open_orders(mine=True),
            "reqAllOpenOrders": lambda _: self._open_orders(mine=False),
            "reqAccountUpdates": self._account_updates,
            "reqExecutions": self._executions,
            "reqIds": lambda _: self.write(frame(9, 1, sim.next_order_id(self.id))),
            "reqContractDetails": self._details,
            "reqCurrentTime": lambda _: self.write(frame(49, 1, int(sim.clock.now().timestamp()))),
            "reqPositions": lambda _: self._positions(),
            "reqAccountSummary": self._summary,
            "cancelAccountSummary": lambda _: self._cancel_summary(),
            "reqAccountUpdatesMulti": lambda f: self.write(frame(74, 1, f[2])),
            "reqCompletedOrders": lambda _: self._completed(),
        }

    def write(self, data: bytes) -> None:
        """Send as this client's version reads it, or catch what a fault keeps back."""
        data = wire.fitted(data, self.version)
        if self._caught is not None:
            self._caught.append(data)
        else:
            self._out(data)

    def _out(self, data: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(data)

    def abort(self) -> None:
        """Cut the connection, and free its client id at once."""
        if self._sim.clients.get(self.id) is self:
            del self._sim.clients[self.id]
        self._writer.transport.abort()

    async def run(self) -> None:
        """Shake hands and serve until the peer goes."""
        if await self._reader.readexactly(4) != b"API\0":
            return
        version = await wire.read_version(self._reader)
        if version is None:
            return
        self.version = min(version, self._sim.version)
        self.write(frame(self.version, messages.stamp(self._sim.clock.now())))
        hello = await wire.read(self._reader)
        if hello is None or hello[0] != "71":
            return
        if not await self._let_in(int(hello[2])):
            return
        while (fields := await wire.read(self._reader)) is not None:
            try:
                self._take(fields)
            except (IndexError, ValueError, ArithmeticError):
                self.write(messages.error(-1, 320, "Error reading request. Unable to parse data."))
            await asyncio.sleep(0)

    async def _let_in(self, client_id: int) -> bool:
        if client_id in self._sim.clients or client_id in self._sim.stuck:
            self.write(messages.error(-1, 326, "Unable to connect as the client id is already in use."))
            await self._writer.drain()
            self._writer.close()
            return False
        self.id = client_id
        self._sim.clients[client_id] = self
        self._record("startApi", ["71", "2", str(client_id)])
        self.write(frame(15, 1, ",".join(self._sim.accounts)))
        self.write(frame(9, 1, self._sim.next_order_id(client_id)))
        self.write(messages.error(-1, 2104, "Market data farm connection is OK:usfarm"))
        return True

    # Requests and faults

    def _record(self, name: str, fields: list[str], raw: list[str] | None = None) -> None:
        self._sim.requests.append(
            Recorded(
                name=name,
                fields=tuple(fields),
                raw=tuple(raw or fields),
                client_id=self.id,
                at=self._sim.clock.now(),
            )
        )

    def _name(self, fields: list[str]) -> str:
        name = _NAMES.get(fields[0], fields[0])
        if name != "placeOrder":
            return name
        if len(fields) > 85 and fields[85] == "1":
            return "whatIf"
        known = self._sim.desk.orders.get((self.id, int(fields[1])))
        if known is not None and known.engine is not None:
            return "modifyOrder"
        return "placeOrder" if fields[27] == "1" else "stageOrder"

    def _take(self, raw: list[str]) -> None:
        fields = wire.as_at_176(raw, self.version)
        name = self._name(fields)
        self._record(name, fields, raw)
        handler = self._handlers.get(name)
        fault = self._sim.faults.take("TWS", "/" + name)
        if handler is None:
            return
        if name in self._sim.mute:
            return
        if fault is None:
            handler(fields)
        else:
            self._under(fault, handler, fields)

    def _under(self, fault: Fault, handler: Callable[[list[str]], None], fields: list[str]) -> None:
        action = fault.action
        if action is FaultAction.DROP_BEFORE_EXECUTE:
            self.abort()
        elif action is FaultAction.LATE_EXECUTE:
            self.abort()
            self._later(fault, lambda: handler(fields))
        elif action is FaultAction.STATUS:
            params = fault.params
            code, text = (
                int(params.get("code", 100)),
                str(params.get("text", "Max rate of messages exceeded")),
            )
            orders = {"3"}  # whose request has no version of its own
            self.write(messages.error(int(fields[1 if fields[0] in orders else 2]), code, text))
        else:
            self._caught = []
            handler(fields)
            caught, self._caught = b"".join(self._caught), None
            self._answer(fault, caught)

    def _answer(self, fault: Fault, caught: bytes) -> None:
        if fault.action is FaultAction.DELAY:
            self._later(fault, lambda: self._out(caught))
        elif fault.action is FaultAction.GARBAGE_BODY:
            self._out(fault.params.get("body", frame(5, "not", "an", "open", "order")))
        elif fault.action is FaultAction.HALF_FRAME:
            self._writer.write(caught[: max(len(caught) // 2, 1)])
            self._sim.keep(asyncio.ensure_future(self._close_soon()))
        else:
            self.abort()

    async def _close_soon(self) -> None:
        await asyncio.wait_for(self._writer.drain(), 1)
        self.abort()

    def _later(self, fault: Fault, act: Callable[[], Any]) -> None:
        async def wait() -> None:
            await self._sim.clock.sleep(float(fault.params.get("seconds", 1)))
            act()

        self._sim.keep(asyncio.ensure_future(wait()))

    # Reads

    def _open_orders(self, *, mine: bool) -> None:
        desk = self._sim.desk
        for order in desk.every():
            if order.live and (not mine or order.client_id == self.id):
                self.write(messages.open_order(order, desk.account) + messages.status(order))
        self.write(frame(53, 1))

    def _completed(self) -> None:
        desk = self._sim.desk
        for order in desk.every():
            if not order.live and order.key not in desk.late:
                self.write(messages.completed(order, desk.account))
        self.write(frame(102))

    def _executions(self, fields: list[str]) -> None:
        desk, request = self._sim.desk, int(fields[2])
        for order in desk.every():
            for number, fill in enumerate(order.fills, 1):
                self.write(messages.execution(order, fill, number, desk.account, request))
                self.write(messages.commission(order, fill, number))
        self.write(frame(55, 1, request))

    def _positions(self) -> None:
        account = self._sim.accounts[0]
        for held in self._sim.engine.positions(account):
            self.write(messages.position(held.instrument, held.quantity, held.average_price, account))
        self.write(frame(62, 1))

    def _account_updates(self, fields: list[str]) -> None:
        account = self._sim.accounts[0]
        for held in self._sim.engine.positions(account):
            self.write(messages.portfolio(held, account))
        self.write(frame(54, 1, fields[3]))

    def _summary(self, fields: list[str]) -> None:
        engine, account, request = self._sim.engine, self._sim.accounts[0], fields[2]
        self.summaries += 1
        if self.summaries > 2:
            text = (
                "Error processing request.-'co' : cause - Maximum number of account summary requests exceeded"
            )
            self.write(messages.error(int(request), 322, text))
            return
        for tag, value in (
            ("NetLiquidation", engine.equity(account)),
            ("TotalCashValue", engine.cash(account)),
            ("BuyingPower", engine.buying_power(account)),
        ):
            self.write(frame(63, 1, request, account, tag, value + ZERO, "USD"))
        self.write(frame(64, 1, request))

    def _cancel_summary(self) -> None:
        self.summaries = max(self.summaries - 1, 0)

    def _details(self, fields: list[str]) -> None:
        request, found = int(fields[2]), contracts.search(self._sim.market, fields[3:15])
        if not found:
            text = "No security definition has been found for the request"
            self.write(messages.error(request, 200, text))
            return
        told = b"".join(messages.details(request, instrument) for instrument in found)
        self.write(told + frame(52, 1, request))

    def _market_data(self, fields: list[str]) -> None:
        request, found = int(fields[2]), contracts.find(self._sim.market, fields[3:15])
        if found is None:
            self.write(messages.error(request, 200, "No security definition has been found for the request"))
            return
        if found.symbol in self._sim.silent:
            self.write(messages.error(request, 354, "Requested market data is not subscribed."))
            return
        quote = self._sim.market.quote(found.symbol)
        self.write(
            frame(58, 1, request, 1)
            + frame(1, 6, request, 1, quote.bid, quote.bid_size or 100, 1)
            + frame(1, 6, request, 2, quote.ask, quote.ask_size or 100, 1)
            + frame(57, 1, request)
        )
