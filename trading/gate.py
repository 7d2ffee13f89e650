"""Tell members what they may do and why not, and count who was turned away and came back with a tier."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from domain.accounts import Environment
from domain.ids import GuildId, UserId
from domain.tiers import Tier, TierRules
from trading import guard
from trading.deps import TradingDeps
from trading.entitlements import PAPER, Facts, Standing, Verdict, decide, rules


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLine:
    """Say whether one broker may be used in one environment."""

    broker: str
    environment: Environment
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """Say what a member is in a server, or over all of them, and what that allows."""

    user: UserId
    guild: str
    standing: Standing
    rules: TierRules | None
    """None while nobody knows the tier."""
    entries_today: int
    lines: tuple[GateLine, ...]


class Gate:
    """Answer questions about the gate; orders pass ``trading.guard`` itself."""

    def __init__(self, deps: TradingDeps) -> None:
        self._deps = deps

    @property
    def tiers(self) -> Mapping[Tier, TierRules]:
        """Give what each tier allows."""
        return self._deps.config.gate.tiers

    @property
    def beta(self) -> Collection[str]:
        """Give the brokers that are being rolled out."""
        return self._deps.config.gate.beta_brokers

    @property
    def products(self) -> Sequence[str]:
        """Give the ids of what is sold in Discord itself, the lowest tier first."""
        skus = self._deps.config.gate.skus
        return sorted(skus, key=lambda sku: (skus[sku].rank, sku))

    async def report(self, user: UserId, guild: str = "") -> GateReport:
        """Say what a member may do; ``guild`` empty means outside any server."""
        standing = await guard.standing_of(self._deps, guild, user)
        await self._notice(user, guild, standing)
        return GateReport(
            user=user,
            guild=guild,
            standing=standing,
            rules=None if standing.tier is None else rules(self._deps.config.gate, standing.tier),
            entries_today=await self._deps.tallies.today(guard.entries(guild, user)) if guild else 0,
            lines=tuple(self._lines(user, standing)),
        )

    def _lines(self, user: UserId, standing: Standing) -> Sequence[GateLine]:
        lines = []
        for slug, adapter in self._deps.adapters.items():
            for environment in adapter.manifest.environments:
                facts = Facts(user=user, broker=slug, environment=environment, standing=standing)
                verdict = decide(self._deps.config.gate, facts)
                lines.append(GateLine(broker=slug, environment=environment, verdict=verdict))
        return sorted(lines, key=lambda line: (line.broker != PAPER, line.broker, line.environment.value))

    async def _notice(self, user: UserId, guild: str, standing: Standing) -> None:
        """Count a member who was turned away today and holds a tier now, once a day."""
        if standing.tier in {None, Tier.FREE}:
            return
        turned_away = await self._deps.tallies.today(guard.denied(guild, user))
        if turned_away and not await self._deps.tallies.today(f"gate/converted/{guild}/{user}"):
            self._deps.tallies.add(f"gate/converted/{guild}/{user}")

    async def counts(self, day: str, guild: GuildId) -> dict[str, int]:
        """Give a server's figures of one day: members turned away, members who came through afterwards."""
        figures = {}
        for what in ("denied", "converted"):
            figures[what] = len(await self._deps.tallies.of_day(day, f"gate/{what}/{guild}/"))
        return figures
