"""Trade through a broker that keeps failing, and let the broker's own book be the judge.

The engine is the one that production composes: service, actors, sender, resolver and reconciler on a real
SQLite store, the real adapter and its SDK, against the broker's simulator over a socket. Only time is driven.
"""

import asyncio
import contextlib
import random
import time
from collections import Counter
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from adapters.registry import adapters
from domain.accounts import RiskLimits
from domain.broker import Credentials
from domain.errors import DomainError
from domain.ids import UserId
from domain.orders import LIVE, UNSETTLED, Order, OrderState, OrderType, Side, TimeInForce
from sim.faults import FaultAction
from store import open_bus, open_store
from tests.scenario.chaos_books import ASK, BID, Place, declared, place_of
from tests.scenario.chaos_judge import HEAD, Verdict, judge
from tests.scenario.world import Notes, Roles
from trading.compose import build
from trading.config import GateConfig, TradingConfig
from trading.views import ManualOrder
from vault.keys import KeyFile
from vault.vault import EnvelopeVault

D = Decimal
USER = UserId("7")
TRADERS = 8
EVERY = 70
"""Orders between two restarts of the house."""
DRAWN = (
    (FaultAction.EXECUTE_THEN_DROP, {}),
    (FaultAction.DROP_BEFORE_EXECUTE, {}),
    (FaultAction.EXECUTE_THEN_504, {}),
    (FaultAction.STATUS, {"status": 429, "retry_after": 2}),
    (FaultAction.DELAY, {"seconds": 90}),
    (FaultAction.GARBAGE_BODY, {}),
    (FaultAction.HALF_FRAME, {}),
    (FaultAction.LATE_EXECUTE, {"seconds": 4}),
)
SHARE = {"submit": 0.65, "cancel": 0.4, "find_order": 0.15, "order": 0.1, "open_orders": 0.05}
KINDS = ("market", "market", "limit_filled", "limit_cancelled", "stop", "stop_cancelled", "bracket")


class Watch:
    """Count the calls that are at a broker now: time is driven slowly while there are some."""

    def __init__(self) -> None:
        self.flying = 0
        self.calls: Counter[str] = Counter()
        self.submitted: dict[str, int] = {}

    @contextlib.contextmanager
    def call(self) -> Any:
        self.flying += 1
        try:
            yield
        finally:
            self.flying -= 1


class WatchedAdapter:
    """Be an adapter whose calls are counted, and nothing else."""

    def __init__(self, inner: Any, watch: Watch) -> None:
        self._inner, self._watch = inner, watch
        self.manifest = inner.manifest

    @asynccontextmanager
    async def open(self, credentials: Any, deps: Any) -> Any:
        opened = self._inner.open(credentials, deps)
        with self._watch.call():
            session = await opened.__aenter__()
        try:
            yield WatchedSession(session, self._watch)
        finally:
            with self._watch.call():
                await opened.__aexit__(None, None, None)


class WatchedSession:
    """Be a session whose calls are counted, and nothing else."""

    def __init__(self, inner: Any, watch: Watch) -> None:
        self._inner, self._watch = inner, watch

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not asyncio.iscoroutinefunction(found):
            return found

        async def called(*args: Any, **options: Any) -> Any:
            self._watch.calls[name] += 1
            if name == "submit":
                client = args[0].client_order_id
                self._watch.submitted[client] = self._watch.submitted.get(client, 0) + 1
            with self._watch.call():
                return await found(*args, **options)

        return called


class Chaos:
    """Be one member at one broker for as many orders as asked."""

    def __init__(self, place: Place, path: Any, orders: int, seed: int) -> None:
        self.place, self.path, self.wanted = place, path, orders
        self.random = random.Random(seed)
        self.watch = Watch()
        self.clock = place.harness.clock
        self.verdict = Verdict(broker=place.slug, seed=seed)
        self.menu = [one for one in DRAWN if one[0] in declared(place.slug)]
        self.planned: dict[str, int] = {}
        self.going_down = asyncio.Event()
        self._actor: Any = None
        self.placed = 0
        self.listed = 0

    # -- the house

    async def start(self) -> None:
        self.store = await open_store(data_dir=self.path)
        self.place.adopt(self.store)
        self.bus = await open_bus(None)
        self.vault = EnvelopeVault(KeyFile.create(self.path / "vault.key"), self.clock)
        self.pump = asyncio.create_task(self._drive())
        await self._open_house()
        await self._link()

    async def _open_house(self) -> None:
        slug = self.place.slug
        self.verbs = build(
            store=self.store,
            bus=self.bus,
            clock=self.clock,
            vault=self.vault,
            roles=Roles(),
            notifier=Notes(),
            adapters={slug: WatchedAdapter(adapters()[slug], self.watch)},
            reader=lambda raw, **_: None,
            # What is measured in driven seconds here is milliseconds of this machine.
            config=TradingConfig(
                gate=GateConfig(premium_only=False),
                limits=RiskLimits(
                    id="default",
                    max_order_notional=D(1_000_000),
                    max_open_positions=10_000,
                    entry_max_age=120,
                ),
                send_window=20.0,
                lease_ttl=600.0,
            ),
            prices=self.place.prices,
            endpoints={slug: self.place.endpoint} if self.place.endpoint else {},
        )
        await self.verbs.trading.start()

    async def _link(self) -> None:
        slug, environment = self.place.slug, self.place.environment
        credentials = Credentials(self.place.fields)
        accounts = self.verbs.accounts
        verified = await accounts.test_credentials(
            user=USER, broker=slug, environment=environment, credentials=credentials
        )
        self.account = await accounts.link(
            user=USER,
            broker=slug,
            environment=environment,
            name="chaos",
            credentials=credentials,
            verified=verified,
        )
        await self.until(lambda: self.actor.started.is_set() and self.actor.session is not None, 120)

    @property
    def actor(self) -> Any:
        # While the house is shut, the one that was.
        self._actor = self.verbs.trading._executor.get(self.account.id) or self._actor
        return self._actor

    async def _restarts(self) -> None:
        """Shut the house in the middle of everything and open it again, now and then."""
        every = min(EVERY, self.wanted // 2)
        for at in range(every, self.wanted, every):
            while len(self.watch.submitted) < at:
                await self.clock.sleep(1)
            self.going_down.set()
            await self.verbs.trading.stop()
            self.going_down.clear()
            self.verdict.restarts += 1
            await self._open_house()

    async def _ask(self, wish: Any) -> Any:
        """Ask for something; who asks is cut off when the house is shut. Raises DomainError."""
        asking = asyncio.ensure_future(wish)
        shutting = asyncio.create_task(self.going_down.wait())
        await asyncio.wait((asking, shutting), return_when=asyncio.FIRST_COMPLETED)
        shutting.cancel()
        if not asking.done():
            asking.cancel()
            raise DomainError("cut off")
        return await asking

    async def stop(self) -> None:
        self.pump.cancel()
        await asyncio.gather(self.pump, return_exceptions=True)
        # Stopping may wait for driven moments too.
        stopping = asyncio.create_task(self.verbs.trading.stop())
        while not stopping.done():
            await self.place.harness.advance(0.1)
            await asyncio.sleep(0.002)
        await stopping
        await self.bus.close()
        await self.store.close()

    async def _drive(self) -> None:
        """Let time pass: fast while nobody waits for a broker, at a walk while somebody does."""
        while True:
            await asyncio.sleep(0.002)
            await self.place.harness.advance(0.04 if self.watch.flying else 0.25)

    async def until(self, probe: Any, seconds: float, pause: float = 0.5) -> bool:
        """Wait for ``probe`` by driven time; False when it was in vain."""
        end = self.clock.monotonic() + seconds
        while not probe():
            if self.clock.monotonic() > end:
                return False
            await self.clock.sleep(pause)
        return True

    # -- trading

    def storm(self, operation: str) -> None:
        """Perhaps let the next request of an operation go wrong, or the next few; not while one is due."""
        due = self.planned.get(operation) == self.watch.calls[operation]
        if self.random.random() < SHARE[operation] and not due:
            self.planned[operation] = self.watch.calls[operation]
            action, params = self.random.choice(self.menu)
            times = self.random.choice((1, 1, 1, 2))
            self.place.harness.plan(operation, action, times, **params)

    async def run(self) -> Verdict:
        began, driven = time.monotonic(), self.clock.monotonic()
        symbols = self.place.symbols
        restarts = asyncio.create_task(self._restarts())
        await asyncio.gather(*(self._trader(symbols[i % len(symbols)]) for i in range(TRADERS)))
        await restarts
        await self._settle_down()
        self.verdict.seconds = time.monotonic() - began
        self.verdict.driven = self.clock.monotonic() - driven
        key = self.account.ref.key
        judge(
            self.verdict,
            self.place,
            journal=await self.store.orders.find({"account_key": key}, limit=1_000_000),
            events=await self.store.events.since(key, 0, limit=1_000_000),
            book=await self.place.book(),
            submitted=self.watch.submitted,
        )
        return self.verdict

    async def _trader(self, symbol: str) -> None:
        while len(self.watch.submitted) < self.wanted:
            if self._shut(symbol):
                # Only a person could open it again, and there is none: on to another stock.
                symbol = self.place.fresh_symbol(self.listed)
                self.listed += 1
                await self.place.quote(symbol, BID, ASK)
            try:
                await self._one(symbol)
            except DomainError:
                await self.clock.sleep(1)  # a person is told why, and tries again

    def _shut(self, symbol: str) -> bool:
        doubtful = self.actor.book.in_state(OrderState.NEEDS_HUMAN)
        return any(o.intent.request.instrument.symbol == symbol for o in doubtful)

    async def _one(self, symbol: str) -> None:
        """Place one order, let it live, and see it out."""
        kind = self.random.choice(KINDS)
        self.placed += 1
        for operation in ("submit", "find_order", "order", "open_orders"):
            self.storm(operation)
        trade = await self._ask(self.verbs.trading.place(self._order(kind, symbol, f"c{self.placed}")))
        if not trade.active:
            await self.clock.sleep(1)
            return
        self.verdict.kinds[kind] += 1
        await self.until(lambda: not self._unsettled(trade.id), 420)
        if kind == "limit_filled":
            await self._touch(symbol, D(95), D(96), trade.id)
        elif kind == "stop":
            await self._touch(symbol, D(103), D(104), trade.id)
        elif kind.endswith("cancelled"):
            self.storm("cancel")
            with contextlib.suppress(DomainError):
                await self._ask(self.verbs.trading.cancel(USER, trade.id))
        elif kind == "bracket" and self.random.random() < 0.5:
            await self._touch(symbol, D(121), D(122), trade.id)
        await self.clock.sleep(2)
        if self._open(trade.id) and any(o.filled_quantity for o in self._orders(trade.id)):
            self.storm("submit")
            self.storm("cancel")
            with contextlib.suppress(DomainError):
                closing = self.verbs.trading.close(USER, symbol, fraction=D(1), key=f"x{self.placed}")
                await self._ask(closing)
        await self.until(lambda: not self._open(trade.id) or self._shut(symbol), 300)

    def _order(self, kind: str, symbol: str, key: str) -> ManualOrder:
        draw = self.random
        options: dict[str, Any] = {}
        if kind.startswith("limit"):
            options = {"order_type": OrderType.LIMIT, "limit_price": D(draw.choice((96, 97)))}
        elif kind.startswith("stop"):
            options = {"order_type": OrderType.STOP, "stop_price": D(draw.choice((102, 103)))}
        elif kind == "bracket":
            options = {"stop_loss": D(80), "take_profit": D(120)}
        return ManualOrder(
            key=key,
            user=USER,
            guild=None,
            side=Side.BUY,
            symbol=f"{symbol[:-3]}/USD" if symbol.endswith("USD") else symbol,
            # Few shapes on purpose: twins are what a broker without ids can be mistaken about.
            quantity=D(draw.choice((1, 2, 3))),
            time_in_force=draw.choice((TimeInForce.DAY, TimeInForce.GTC)),
            **options,
        )

    async def _touch(self, symbol: str, bid: Decimal, ask: Decimal, trade: str) -> None:
        """Move a price and move it back, with time for orders to be met."""
        await self.place.quote(symbol, bid, ask)
        await self.until(lambda: not any(o.state in LIVE for o in self._orders(trade)), 15)
        await self.place.quote(symbol, BID, ASK)

    def _orders(self, trade: str) -> list[Order]:
        return [o for o in self.actor.book.orders.values() if o.trade == trade]

    def _open(self, trade: str) -> bool:
        return trade in self.actor.book.trades

    def _unsettled(self, trade: str) -> bool:
        doubtful = UNSETTLED | {OrderState.READY}
        return any(o.state in doubtful for o in self._orders(trade))

    async def _settle_down(self) -> None:
        """Let the sky clear and everything in doubt be settled, as far as it can be."""
        self.verdict.submits = await self.place.harness.requests_seen("submit")
        await self.place.calm()
        await self.until(lambda: not self.actor.book.in_state(*UNSETTLED), 900)
        await self.clock.sleep(150)  # the look for orphans comes once a minute
        await self.until(lambda: not self.actor.book.in_state(*UNSETTLED), 900)


async def chaos(broker: str, path: Any, orders: int, seed: int) -> Verdict:
    """Drive so many orders through a broker's faults and give the verdict."""
    async with place_of(broker) as place:
        run = Chaos(place, path, orders, seed)
        await run.start()
        try:
            return await run.run()
        finally:
            await run.stop()


__all__ = ["HEAD", "Verdict", "chaos"]
