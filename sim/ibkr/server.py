"""Run the pretend TWS: one asyncio server that speaks the socket protocol at server versions up to 178."""

import asyncio
import contextlib
from decimal import Decimal

from adapters.paper.engine import FeeModel, MatchingEngine, Rules
from domain.portfolio import Quote
from domain.ports import Clock
from sim.faults import Faults
from sim.ibkr import listing, messages, wire
from sim.ibkr.client import Client
from sim.ibkr.desk import Desk
from sim.ibkr.state import Recorded, TwsOrder
from sim.market import Market

_RULES = Rules(leverage=Decimal(4))


class IbkrSim:
    """Be TWS, logged in to one account, on a local port.

    ``accounts`` are the account numbers the login manages; orders go to the first. ``silent`` lists symbols
    without a market data subscription.
    """

    def __init__(
        self,
        market: Market,
        clock: Clock,
        *,
        faults: Faults | None = None,
        accounts: tuple[str, ...] = ("DU1234567",),
        cash: Decimal = Decimal(100_000),
        fees: FeeModel | None = None,
        version: int = wire.SERVER_VERSION,
    ) -> None:
        self.market, self.clock = market, clock
        self.faults = faults or Faults()
        self.accounts = accounts
        self.version = version
        self.requests: list[Recorded] = []
        self.clients: dict[int, Client] = {}
        self.silent: set[str] = set()
        self.mute: set[str] = set()
        """Names of requests that are taken and never answered."""
        self.stuck: set[int] = set()
        """Client ids that TWS believes in use although nobody is there, as after a crash."""
        self.engine = MatchingEngine(clock, fees=fees, rules=_RULES, seed=market.seed)
        self.engine.open_account(accounts[0], cash)
        self.desk = Desk(self.engine, market, clock, accounts[0], self.send)
        listing.add(market, clock.now().date())
        market.listen(self._quoted)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self.open_sockets: set[Client] = set()
        self.port = 0

    @property
    def address(self) -> str:
        """Give where it listens, as host:port."""
        return f"127.0.0.1:{self.port}"

    async def start(self, port: int = 0) -> None:
        """Listen on a local port; 0 takes a free one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening; orders stay."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.drop()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._serving:
            await asyncio.wait(self._serving, timeout=2)

    async def __aenter__(self) -> "IbkrSim":
        """Start on a free port."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    def drop(self) -> None:
        """Cut every connection without a goodbye."""
        for client in tuple(self.open_sockets):
            client.abort()

    def orders(self) -> list[TwsOrder]:
        """Give every order that was transmitted, oldest first."""
        return list(self.desk.every())

    def next_order_id(self, client_id: int) -> int:
        """Give the next order id that a client has not used."""
        return max((key[1] for key in self.desk.orders if key[0] == client_id), default=0) + 1

    def notice(self, code: int, text: str, request: int = -1) -> None:
        """Send an error or a warning to every client."""
        for client_id in tuple(self.clients):
            self.send(client_id, messages.error(request, code, text))

    def send(self, client_id: int, data: bytes) -> None:
        """Write to a client, where it is connected."""
        client = self.clients.get(client_id)
        if client is not None:
            client.write(data)

    def keep(self, task: "asyncio.Task[None]") -> None:
        """Hold a background task until it ends."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        client = Client(self, reader, writer)
        self.open_sockets.add(client)
        try:
            with contextlib.suppress(ConnectionError, EOFError, ValueError):
                await client.run()
        finally:
            self.open_sockets.discard(client)
            if self.clients.get(client.id) is client:
                del self.clients[client.id]
            client.abort()

    def _quoted(self, symbol: str, quote: Quote) -> None:
        self.engine.on_quote(symbol, quote.bid, quote.ask, quote.bid_size, quote.ask_size)
