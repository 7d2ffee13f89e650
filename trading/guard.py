"""Ask the gate and the switches about an entry, as things stand now."""

from collections.abc import Sequence

from domain.accounts import Environment, GuildSettings, LinkedAccount, RiskLimits
from domain.ids import GuildId, UserId
from domain.tiers import Tier
from trading import risk
from trading.denial import Denial, DeniedByUs
from trading.deps import TradingDeps
from trading.entitlements import PAPER, Facts, Standing, Verdict, decide, tier_of, within

UNASKED = Standing(tier=Tier.FREE, set_up=False)
"""Where the tier does not matter, so that nobody is asked."""


async def check_gate(deps: TradingDeps, account: LinkedAccount, guild: str) -> None:
    """Refuse an entry its owner is not entitled to. Raises DeniedByUs."""
    standing = UNASKED
    if account.environment is Environment.LIVE and deps.config.gate.premium_only:
        standing = await standing_of(deps, guild, account.user)
    facts = Facts(
        user=account.user, broker=account.broker, environment=account.environment, standing=standing
    )
    check(decide(deps.config.gate, facts))


async def check_day(deps: TradingDeps, account: LinkedAccount, guild: str) -> None:
    """Refuse one entry more than a member's day holds at real brokers. Raises DeniedByUs."""
    gate = deps.config.gate
    if account.broker == PAPER or all(tier.signals_per_day is None for tier in gate.tiers.values()):
        return
    standing = await standing_of(deps, guild, account.user)
    used = await deps.tallies.today(entries(guild, account.user))
    check(within(gate, standing, "signals_per_day", used))


def entries(guild: str, user: str) -> str:
    """Name the count of entries a member took from a server's sources."""
    return f"entries/{guild}/{user}"


def denied(guild: str, user: str) -> str:
    """Name the count of a member's entries that the gate turned away."""
    return f"gate/denied/{guild}/{user}"


def check(verdict: Verdict) -> None:
    """Raise DeniedByUs where the verdict is no."""
    if not verdict.allowed:
        raise DeniedByUs(Denial(verdict.code, verdict.reason))


async def standing_of(deps: TradingDeps, guild: str, user: UserId) -> Standing:
    """Tell what a member is in a server; outside a server, the best they are in any."""
    sold = await _sold(deps, user)
    if guild:
        here = await deps.store.guilds.get(GuildId(guild)) or GuildSettings(id=GuildId(guild))
        return best([sold, await _by_roles(deps, here, user)])
    every = [await _by_roles(deps, settings, user) for settings in await deps.store.guilds.find()]
    return best([sold, *every])


async def _by_roles(deps: TradingDeps, settings: GuildSettings, user: UserId) -> Standing:
    if not settings.sells:
        return Standing(tier=Tier.FREE, set_up=False)
    roles = await deps.roles.roles(settings.id, user)
    return Standing(tier=None if roles is None else tier_of(settings, roles), set_up=True)


async def _sold(deps: TradingDeps, user: UserId) -> Standing:
    """Tell what a member bought in Discord itself."""
    products = deps.config.gate.skus
    if not products or deps.skus is None:
        return Standing(tier=Tier.FREE, set_up=False)
    owned = await deps.skus.skus(user)
    if owned is None:
        return Standing(tier=None, set_up=True)
    tiers = [products[sku] for sku in owned if sku in products]
    return Standing(tier=max(tiers, key=lambda tier: tier.rank, default=Tier.FREE), set_up=True)


def best(known: Sequence[Standing]) -> Standing:
    """Give the best of what is known; unknown only where nothing known is above the lowest."""
    tiers = [each.tier for each in known if each.tier is not None]
    best = max(tiers, key=lambda tier: tier.rank, default=Tier.FREE)
    unsure = best is Tier.FREE and any(each.tier is None for each in known)
    return Standing(tier=None if unsure else best, set_up=any(each.set_up for each in known))


async def check_switches(deps: TradingDeps, *, guild: str, author: str, account: LinkedAccount) -> None:
    """Refuse while a switch that covers the entry is raised. Raises DeniedByUs.

    Read from the store each time: a switch raised by another process counts at once.
    """
    scopes = risk.switch_scopes(guild=guild, author=author, user=account.user, account=account.id)
    risk.check_switches(s for s in await deps.store.switches.find() if s.id in scopes)


async def limits_of(deps: TradingDeps, user: UserId) -> RiskLimits:
    """Give a member's limits, or what holds for who set none."""
    return await deps.store.limits.get(user) or deps.config.limits
