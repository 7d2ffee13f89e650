"""Show memberships: what each allows, and what a member's own lets them do."""

from collections.abc import Mapping, Sequence
from typing import Any

import discord

from cogs import texts
from cogs.kit import Tone, listing
from cogs.panels.trade import badge
from cogs.wording import escape, finish
from domain.tiers import Tier, TierRules
from trading.gate import GateLine, GateReport


def tiers_panel(
    tiers: Mapping[Tier, TierRules], roles: Mapping[Tier, Sequence[str]]
) -> discord.ui.LayoutView:
    """List what each membership allows, and the roles that give it."""
    blocks = [_tier(tier, tiers[tier], roles.get(tier, ())) for tier in Tier]
    return listing(texts.TIERS_TITLE, blocks, Tone.WORKING, foot=texts.TIERS_FOOT)


def check_panel(
    report: GateReport, titles: Mapping[str, str], counts: Mapping[str, int], products: Sequence[str]
) -> discord.ui.LayoutView:
    """Show one member's standing and, for an owner, the day's counts; products are offered as buttons."""
    blocks = [_standing(report), *(_line(line, titles) for line in report.lines)]
    if counts:
        blocks.append(texts.CHECK_COUNTS.format(**counts))
    top = report.standing.tier is Tier.PREMIUM
    return listing(texts.CHECK_TITLE, blocks, Tone.QUIET, rows=() if top else _offers(products))


def _tier(tier: Tier, rules: TierRules, roles: Sequence[str]) -> str:
    named = ", ".join(f"<@&{role}>" for role in roles)
    who = texts.TIER_EVERYONE if tier is Tier.FREE else named or texts.TIER_NO_ROLE
    return f"{texts.TIER_HEAD.format(tier=tier.value, roles=who)}\n{_allows(rules)}"


def _allows(rules: TierRules) -> str:
    return texts.TIER_LINE.format(
        live=texts.TIER_LIVE if rules.live else texts.TIER_PAPER,
        accounts=_most(rules.accounts),
        sources=_most(rules.sources),
        signals=_most(rules.signals_per_day),
        followers=_most(rules.followers),
    )


def _most(count: int | None) -> str:
    return texts.UNLIMITED if count is None else str(count)


def _standing(report: GateReport) -> str:
    if report.standing.tier is None or report.rules is None:
        return texts.CHECK_UNKNOWN
    if not report.standing.set_up:
        return texts.CHECK_NOT_SET_UP
    head = texts.CHECK_HEAD.format(tier=report.standing.tier.value, today=report.entries_today)
    return f"{head}\n{_allows(report.rules)}"


def _line(line: GateLine, titles: Mapping[str, str]) -> str:
    name = f"{escape(titles.get(line.broker, line.broker))} {badge(line.environment)}"
    if line.verdict.allowed:
        return texts.CHECK_YES.format(name=name)
    return texts.CHECK_NO.format(name=name, why=finish(escape(line.verdict.reason, 300)))


def _offers(products: Sequence[str]) -> Sequence[discord.ui.ActionRow[Any]]:
    """Offer what is sold in Discord, where anything is."""
    if not products:
        return ()
    buttons: list[discord.ui.Button[Any]] = [
        discord.ui.Button(style=discord.ButtonStyle.premium, sku_id=int(sku)) for sku in products[:5]
    ]
    return (discord.ui.ActionRow(*buttons),)
