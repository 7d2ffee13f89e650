"""Every tier, broker, mode and way in: the gate says what the table says, before and after a role changes.

Every broker is there by name; behind each works the paper engine, for what becomes of an order that the gate
let through is of no interest here, only that it was let through.
"""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal

import aiohttp
import pytest

from adapters.registry import adapters
from api.app import ApiServer, build_app
from api.deps import ApiDeps
from api.stream import HUB
from domain.accounts import Environment, GuildSettings, LinkedAccount, RiskLimits, SizeKind
from domain.errors import InvalidValue
from domain.ids import UserId
from domain.instruments import AssetClass
from domain.orders import Side
from domain.signals import Reading, ReadingKind
from domain.tiers import Tier, TierRules
from domain.trades import Mode, TradeState
from tests.scenario.world import CHANNEL, GUILD, world
from trading.config import GateConfig
from trading.views import ManualOrder

D = Decimal
ROLES = {Tier.BASIC: "51", Tier.PRO: "52", Tier.PREMIUM: "53"}
ORDER = (Tier.PREMIUM, Tier.FREE, Tier.BASIC, Tier.PRO, Tier.PREMIUM, Tier.FREE)
"""Up and down, so that every tier is met after another one."""
MODES = {Mode.PAPER: Environment.PAPER, Mode.CONFIRM: Environment.LIVE, Mode.LIVE: Environment.LIVE}
SYMBOLS = ("AAPL", "MSFT", "TSLA", "NVDA", "AMD", "SPY")


def entry(symbol):
    return Reading(
        kind=ReadingKind.ENTRY, side="long", symbol=symbol, asset_class=AssetClass.EQUITY, order_type="market"
    )


READINGS = {f"buy {symbol}": entry(symbol) for symbol in SYMBOLS}


def table(tier, broker, environment, gate):
    """Say it once more, apart from the code: the code of the denial, or nothing."""
    if broker == "paper":
        return ""
    if not gate.integrations_enabled:
        return "integrations_disabled"
    if broker not in gate.allowed_brokers:
        return "broker_not_allowed"
    if environment is Environment.PAPER or not gate.premium_only:
        return ""
    return "premium_needed" if tier is Tier.FREE else ""


class Behind:
    """Be a real broker by name, with the paper engine behind it in either environment."""

    def __init__(self, manifest, paper):
        both = (Environment.PAPER, Environment.LIVE)
        self.manifest = replace(manifest, environments=both, classes=paper.manifest.classes)
        self._paper = paper

    def open(self, credentials, deps):
        return self._paper.open(credentials, replace(deps, environment=Environment.PAPER))


class Matrix:
    """Hold one member for each broker and mode, with an account and a follow each."""

    def __init__(self, made):
        self.made = made
        self.cells = []

    async def link(self):
        number = 0
        for broker, adapter in self.made.adapters.items():
            for mode, environment in MODES.items():
                if broker == "paper" and environment is Environment.LIVE:
                    continue
                if environment not in adapter.manifest.environments:
                    continue
                number += 1
                self.cells.append(await self._member(UserId(str(1000 + number)), broker, mode, environment))

    async def _member(self, user, broker, mode, environment):
        account = LinkedAccount(
            id=f"account{user}",
            user=user,
            broker=broker,
            name="main",
            environment=environment,
            linked_at=self.made.clock.now(),
        )
        await self.made.store.accounts.insert(account)
        actor = self.made.verbs.trading._executor.ensure(account)
        await actor.started.wait()
        return user, broker, mode, account

    async def follow(self):
        for user, _, mode, account in self.cells:
            await self.made.verbs.trading.follow(
                user=user,
                guild=GUILD,
                channel=CHANNEL,
                account=account.id,
                mode=mode,
                size_kind=SizeKind.FIXED,
                size=D(500),
            )

    def give(self, tier):
        held = frozenset({ROLES[tier]}) if tier in ROLES else frozenset()
        for user, *_ in self.cells:
            self.made.roles.held[user] = held

    async def by_signal(self, symbol):
        """Post an entry; give what became of it for each member: the code of a denial, or nothing."""
        await self.made.say(f"buy {symbol}")

        async def settled():
            found = [await self._trade(user, symbol) for user, *_ in self.cells]
            return found if all(found) else None

        return [_code(trade) for trade in await self.made.until(settled)]

    async def _trade(self, user, symbol):
        for trade in await self.made.store.trades.find({"user": user}):
            if trade.symbol == symbol and trade.channel == CHANNEL and trade.state is not TradeState.OPENING:
                return trade
        return None

    async def by_command(self, symbol, round_number):
        placed = []
        for user, _, _, account in self.cells:
            order = ManualOrder(
                key=f"{round_number}/{user}",
                user=user,
                guild=GUILD,
                side=Side.BUY,
                symbol=symbol,
                notional=D(300),
                account=account.id,
            )
            placed.append(_code(await self.made.verbs.trading.place(order)))
        return placed


def _code(trade):
    return trade.code if trade.state is TradeState.DENIED else ""


@asynccontextmanager
async def matrix(path, gate=None):
    gate = gate or GateConfig()
    limits = RiskLimits(id="default", max_open_positions=50)
    async with world(path, READINGS, gate=gate, limits=limits, poll_interval=60.0) as made:
        paper = made.adapters["paper"]
        for slug, adapter in adapters().items():
            if slug != "paper":
                made.adapters[slug] = Behind(adapter.manifest, paper)
        await made.store.guilds.insert(
            GuildSettings(
                id=GUILD,
                **{f"{tier.value}_roles": (role,) for tier, role in ROLES.items()},
            )
        )
        await made.source()
        house = Matrix(made)
        await house.link()
        house.give(Tier.PREMIUM)
        yield house


@asynccontextmanager
async def http(made):
    """Serve the member's questions over a real port."""
    verbs = made.verbs
    deps = ApiDeps(
        store=made.store,
        bus=made.bus,
        tokens=verbs.tokens,
        gate=verbs.gate,
        brokers=verbs.accounts.supported,
        recovered=lambda: True,
        gateway_up=lambda: True,
        clock=made.clock,
    )
    deps.limits.reads.count = 10_000
    app = build_app(deps)
    server = ApiServer(app, "127.0.0.1", 0)
    await server.start()
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session:
            yield session, app[HUB]
    finally:
        await server.stop()


def _answer(report, broker, environment):
    (line,) = [
        line
        for line in report["brokers"]
        if (line["broker"], line["environment"]) == (broker, environment.value)
    ]
    assert line["allowed"] == (line["code"] == "")
    return line["code"]


async def test_orders_pass_the_gate_as_the_table_says_for_every_tier_broker_mode_and_role_change(tmp_path):
    checked = 0
    async with matrix(tmp_path) as house:
        await house.follow()
        gate = house.made.config.gate
        for number, tier in enumerate(ORDER):
            house.give(tier)
            wanted = [table(tier, broker, MODES[mode], gate) for _, broker, mode, _ in house.cells]
            assert await house.by_signal(SYMBOLS[number]) == wanted, tier
            assert await house.by_command(SYMBOLS[number], number) == wanted, tier
            checked += 2 * len(wanted)
    brokers = len(adapters())
    assert checked == 2 * len(ORDER) * ((brokers - 1) * len(MODES) + 1)


async def test_programs_are_told_what_the_table_says_over_http_and_over_the_socket(tmp_path):
    async with matrix(tmp_path) as house, http(house.made) as (session, hub):
        gate = house.made.config.gate
        sockets = []
        for user, *_ in house.cells:
            token, _ = await house.made.verbs.tokens.issue(user)
            bearer = {"Authorization": f"Bearer {token}"}
            socket = await session.ws_connect("/ws", headers=bearer)
            await socket.receive_json(timeout=5)
            await socket.send_json({"op": "gate", "guild": GUILD})
            await socket.receive_json(timeout=5)
            sockets.append((socket, bearer))
        for tier in ORDER[1:]:
            house.give(tier)
            for (user, broker, mode, _), (socket, bearer) in zip(house.cells, sockets, strict=True):
                hub.roles_changed(user, GUILD)
                told = await socket.receive_json(timeout=5)
                async with session.get(f"/api/gate?guild={GUILD}", headers=bearer) as answer:
                    assert answer.status == 200
                    asked = await answer.json()
                wanted = table(tier, broker, MODES[mode], gate)
                assert _answer(told, broker, MODES[mode]) == wanted, (tier, broker, mode)
                assert _answer(asked, broker, MODES[mode]) == wanted, (tier, broker, mode)
                assert (told["tier"], asked["tier"]) == (tier.value, tier.value)
        await asyncio.gather(*(socket.close() for socket, _ in sockets))


@pytest.mark.parametrize(
    "gate",
    [
        GateConfig(integrations_enabled=False),
        GateConfig(allowed_brokers=frozenset({"alpaca", "kraken"})),
        GateConfig(premium_only=False),
    ],
    ids=["everything off", "two brokers on", "live for all"],
)
async def test_the_operators_switches_hold_for_every_tier(tmp_path, gate):
    async with matrix(tmp_path, gate) as house:
        for number, tier in enumerate((Tier.PREMIUM, Tier.FREE)):
            house.give(tier)
            wanted = [table(tier, broker, MODES[mode], gate) for _, broker, mode, _ in house.cells]
            assert await house.by_command(SYMBOLS[number], number) == wanted


async def test_a_member_without_the_tier_is_told_at_follow_and_what_would_unlock_it(tmp_path):
    async with matrix(tmp_path) as house:
        house.give(Tier.FREE)
        live = [cell for cell in house.cells if cell[2] is Mode.LIVE]
        for user, _, mode, account in live:
            with pytest.raises(InvalidValue, match="basic, pro or premium membership"):
                await house.made.verbs.trading.follow(
                    user=user,
                    guild=GUILD,
                    channel=CHANNEL,
                    account=account.id,
                    mode=mode,
                    size_kind=SizeKind.FIXED,
                    size=D(500),
                )


async def test_a_lapse_leaves_exits_and_nothing_else(tmp_path):
    async with matrix(tmp_path) as house:
        await house.follow()
        assert set(await house.by_signal("AAPL")) == {""}
        house.give(Tier.FREE)
        for user, broker, mode, account in house.cells:
            if mode is Mode.CONFIRM:
                continue  # nothing was bought yet
            closed = await house.made.verbs.trading.close(
                user, "AAPL", fraction=D(1), key=f"close/{user}", account=account.id
            )
            assert closed, (broker, mode)

        async def flat():
            held = []
            for user, _, mode, _ in house.cells:
                if mode is not Mode.CONFIRM:
                    (account,) = await house.made.verbs.trading.positions(user)
                    held += account.positions
            return not held

        assert await house.made.until(flat)


async def test_a_day_holds_as_many_entries_as_the_tier_says_across_a_restart(tmp_path):
    tiers = {tier: TierRules(signals_per_day=2 if tier is Tier.FREE else 3) for tier in Tier}
    async with matrix(tmp_path, GateConfig(tiers=tiers)) as house:
        await house.follow()
        house.give(Tier.FREE)
        real = [index for index, cell in enumerate(house.cells) if cell[1] != "paper"]
        seen = []
        for number, symbol in enumerate(SYMBOLS[:5]):
            if number == 2:
                await house.made.verbs.trading._deps.tallies.flush()
                house.made.verbs.trading._deps.tallies._known.clear()
            if number == 3:
                house.give(Tier.BASIC)
            codes = await house.by_signal(symbol)
            seen.append({codes[index] for index in real})
            assert all(codes[i] == "" for i in range(len(codes)) if i not in real), "paper is never counted"
        assert seen == [{""}, {""}, {"tier_signals_per_day"}, {""}, {"tier_signals_per_day"}]
