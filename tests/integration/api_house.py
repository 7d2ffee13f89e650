"""Serve the real HTTP face on a free port, on a real store and bus."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from adapters.registry import adapters
from api.app import ApiServer, build_app
from api.deps import ApiDeps
from api.limits import Limits
from api.stream import HUB
from domain.accounts import Environment, LinkedAccount
from domain.events import Event, EventKind
from domain.ids import AccountRef, UserId
from sim.clock import START, DrivenClock
from store import open_bus, open_store
from trading.compose import build
from trading.config import TradingConfig
from trading.tokens import TokenService


class Roles:
    """Be a Discord that knows these roles and no others."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], frozenset[str]] = {}

    async def roles(self, guild: str, user: str) -> frozenset[str] | None:
        return self.held.get((guild, user), frozenset())


class ApiHouse:
    """Hold what a test turns and looks at."""

    def __init__(self, store, bus, clock, **options) -> None:
        self.store, self.bus, self.clock = store, bus, clock
        self.recovered = self.gateway = False
        self.brokers = lambda: [adapter.manifest for adapter in adapters().values()]
        self.roles = Roles()
        self.verbs = build(
            store=store,
            bus=bus,
            clock=clock,
            vault=None,
            roles=self.roles,
            notifier=None,
            adapters=adapters(),
            reader=None,
            config=TradingConfig(),
        )
        self.tokens = TokenService(store.tokens, clock)
        self.deps = ApiDeps(
            store=store,
            bus=bus,
            tokens=self.tokens,
            gate=self.verbs.gate,
            brokers=lambda: self.brokers(),
            recovered=lambda: self.recovered,
            gateway_up=lambda: self.gateway,
            clock=clock,
            version="0.0.test",
            **options,
        )
        self.app = build_app(self.deps)
        self.server = ApiServer(self.app, "127.0.0.1", 0)
        self._made = 0

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def give_roles(self, guild: str, user: str, *roles: str) -> None:
        """Change somebody's roles, as Discord tells of it."""
        self.roles.held[guild, user] = frozenset(roles)
        self.app[HUB].roles_changed(UserId(user), guild)

    async def member(self, user: str) -> tuple[str, AccountRef]:
        """Link an account for a member and make a token; give both."""
        ref = AccountRef(user=UserId(user), broker="paper", account=f"acc-{user}")
        account = LinkedAccount(
            id=ref.account,
            user=ref.user,
            broker="paper",
            name="main",
            environment=Environment.PAPER,
            linked_at=START,
        )
        await self.store.accounts.insert(account)
        token, _ = await self.tokens.issue(ref.user)
        return token, ref

    async def happens(self, ref: AccountRef, count: int = 1, *, publish: bool = True) -> list[Event]:
        """Journal events of an account, and publish them unless the hand-over is to be lost."""
        events = []
        for _ in range(count):
            self._made += 1
            event = Event(
                id=f"e{self._made}",
                account_key=ref.key,
                kind=EventKind.ORDER_FILL,
                at=START,
                data={"price": "1.25"},
            )
            events.append(event)
        numbered = list(await self.store.events.append(events))
        if publish:
            await self.bus.publish(numbered)
        return numbered


@contextlib.asynccontextmanager
async def serving(tmp_path: Path, limits: Limits | None = None, **options) -> AsyncIterator[ApiHouse]:
    """Run the face, and close everything after."""
    store, bus = await open_store(data_dir=tmp_path / "data"), await open_bus(None)
    house = ApiHouse(store, bus, DrivenClock(), limits=limits or Limits(), **options)
    await house.server.start()
    try:
        yield house
    finally:
        await house.server.stop()
        await bus.close()
        await store.close()
