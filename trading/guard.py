"""Ask the gate and the switches about an entry, as things stand now."""

from domain.accounts import Environment, LinkedAccount, RiskLimits
from domain.ids import GuildId, UserId
from trading import risk
from trading.denial import Denial, DeniedByUs
from trading.deps import TradingDeps
from trading.entitlements import Facts, decide


async def check_gate(deps: TradingDeps, account: LinkedAccount, guild: str) -> None:
    """Refuse an entry its owner is not entitled to. Raises DeniedByUs."""
    premium: frozenset[str] = frozenset()
    roles: frozenset[str] | None = frozenset()
    if account.environment is Environment.LIVE and deps.config.gate.premium_only:
        premium, roles = await _premium(deps, guild, account.user)
    verdict = decide(
        deps.config.gate,
        Facts(broker=account.broker, environment=account.environment, premium_roles=premium, roles=roles),
    )
    if not verdict.allowed:
        raise DeniedByUs(Denial(verdict.code, verdict.reason))


async def _premium(
    deps: TradingDeps, guild: str, user: UserId
) -> tuple[frozenset[str], frozenset[str] | None]:
    """Give the premium roles that count and the member's roles; outside a server, of every server."""
    if guild:
        settings = await deps.store.guilds.get(GuildId(guild))
        premium = frozenset(settings.premium_roles) if settings else frozenset()
        return premium, (await deps.roles.roles(guild, user) if premium else frozenset())
    premium_all: set[str] = set()
    roles_all: set[str] = set()
    known = False
    for settings in await deps.store.guilds.find():
        if settings.premium_roles:
            roles = await deps.roles.roles(settings.id, user)
            known = known or roles is not None
            premium_all.update(settings.premium_roles)
            roles_all.update(roles or ())
    return frozenset(premium_all), (frozenset(roles_all) if known or not premium_all else None)


async def check_switches(deps: TradingDeps, *, guild: str, author: str, account: LinkedAccount) -> None:
    """Refuse while a switch that covers the entry is raised. Raises DeniedByUs.

    Read from the store each time: a switch raised by another process counts at once.
    """
    scopes = risk.switch_scopes(guild=guild, author=author, user=account.user, account=account.id)
    risk.check_switches(s for s in await deps.store.switches.find() if s.id in scopes)


async def limits_of(deps: TradingDeps, user: UserId) -> RiskLimits:
    """Give a member's limits, or what holds for who set none."""
    return await deps.store.limits.get(user) or deps.config.limits
