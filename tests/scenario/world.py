"""Put the verbs in a small world: real store, real vault, the paper broker on a market, a driven clock."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from adapters.paper.adapter import PaperAdapter
from domain.accounts import Environment, SizeKind
from domain.broker import Credentials
from domain.ids import AuthorId, ChannelId, GuildId, MessageId, UserId
from domain.signals import RawMessage, Reading
from domain.trades import Mode
from sim.clock import DrivenClock
from sim.market import Market
from store import open_bus, open_store
from trading.compose import build
from trading.config import TradingConfig
from vault.keys import KeyFile
from vault.vault import EnvelopeVault

GUILD, CHANNEL, ANALYST = GuildId("100"), ChannelId("200"), AuthorId("300")


class MarketPrices:
    """Quote from the pretend market."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.away = False

    async def quote(self, instrument):
        if self.away:
            raise ConnectionError("planned")
        return self.market.quote(instrument.symbol) if self.market.exists(instrument.symbol) else None


class Roles:
    """Hold roles by hand."""

    def __init__(self) -> None:
        self.held: dict[str, frozenset[str] | None] = {}

    async def roles(self, guild, user):
        return self.held.get(user, frozenset())


class Notes:
    """Keep what members were told."""

    def __init__(self) -> None:
        self.trades = []
        self.accounts = []

    async def trade_changed(self, trade, orders, events):
        self.trades.append((trade, list(orders), list(events)))

    async def account_changed(self, user, event):
        self.accounts.append((user, event))

    @property
    def kinds(self):
        return [event.kind.value for _, _, events in self.trades for event in events]


class World:
    """Hold everything of one test, and words for what people do."""

    def __init__(self, path: Path, readings: dict[str, Reading], **config) -> None:
        self.path = path
        self.readings = readings
        self.clock = DrivenClock()
        self.market = Market(seed=7, clock=self.clock)
        self.prices = MarketPrices(self.market)
        self.roles = Roles()
        self.notes = Notes()
        self.config = replace(TradingConfig(poll_interval=2.0), **config)
        self.adapters = {"paper": PaperAdapter()}
        self._message = 1000

    async def start(self) -> None:
        self.store = await open_store(data_dir=self.path)
        self.bus = await open_bus(None)
        vault = EnvelopeVault(KeyFile.create(self.path / "vault.key"), self.clock)
        self.verbs = build(
            store=self.store,
            bus=self.bus,
            clock=self.clock,
            vault=vault,
            roles=self.roles,
            notifier=self.notes,
            adapters=self.adapters,
            reader=lambda raw, **_: self.readings[raw.content],
            config=self.config,
            prices=self.prices,
        )
        await self.verbs.trading.start()

    async def stop(self) -> None:
        await self.verbs.trading.stop()
        await self.bus.close()
        await self.store.close()

    async def member(
        self, user: str, *, size: str = "1000", mode: Mode = Mode.PAPER, broker="paper", name="p"
    ):
        environment = Environment.PAPER
        credentials = Credentials({})
        accounts = self.verbs.accounts
        verified = await accounts.test_credentials(
            user=UserId(user), broker=broker, environment=environment, credentials=credentials
        )
        account = await accounts.link(
            user=UserId(user),
            broker=broker,
            environment=environment,
            name=name,
            credentials=credentials,
            verified=verified,
        )
        await self.verbs.trading.follow(
            user=UserId(user),
            guild=GUILD,
            channel=CHANNEL,
            account=account.id,
            mode=mode,
            size_kind=SizeKind.FIXED,
            size=Decimal(size),
        )
        return account

    async def source(self) -> None:
        await self.verbs.trading.add_source(GUILD, CHANNEL, authors=[ANALYST], webhooks=[], by=UserId("1"))

    def message(self, text: str, *, id: str | None = None, revision: int = 0, author=ANALYST) -> RawMessage:
        if id is None:
            self._message += 1
            id = str(self._message)
        return RawMessage(
            guild=GUILD,
            channel=CHANNEL,
            message=MessageId(id),
            author=author,
            content=text,
            posted_at=self.clock.now(),
            revision=revision,
        )

    async def say(self, text: str, **options) -> RawMessage:
        raw = self.message(text, **options)
        await self.verbs.trading.on_message(raw)
        return raw

    async def until(self, probe, seconds: float = 30.0):
        """Let time pass until ``probe`` gives something truthy."""
        for _ in range(int(seconds / 0.25)):
            for _ in range(4):
                answer = await probe() if asyncio.iscoroutinefunction(probe) else probe()
                if answer:
                    return answer
                await asyncio.sleep(0.002)
            await self.clock.advance(0.25)
        raise AssertionError(f"still {answer!r} after {seconds} driven seconds; told: {self.notes.kinds}")

    async def view(self, user: str, index: int = 0):
        views = await self.verbs.trading.trades(UserId(user), active=False)
        return views[index] if len(views) > index else None

    async def state(self, user: str, state: str):
        async def probe():
            view = await self.view(user)
            return view if view is not None and view.trade.state.value == state else None

        return await self.until(probe)

    async def position(self, user: str, symbol: str) -> Decimal:
        (account,) = await self.verbs.trading.positions(UserId(user))
        assert not account.problem, account.problem
        return sum((p.quantity for p in account.positions if p.instrument.symbol == symbol), Decimal(0))

    async def resting(self, user: str):
        (account,) = await self.verbs.accounts.accounts(UserId(user))
        actor = self.verbs.trading._executor.get(account.id)
        reports = await actor.session.open_orders()
        flat = [r for report in reports for r in (report, *report.legs)]
        return [r for r in flat if r.state.value in {"working", "partially_filled"}]


@asynccontextmanager
async def world(path: Path, readings: dict[str, Reading], **config):
    made = World(path, readings, **config)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()
