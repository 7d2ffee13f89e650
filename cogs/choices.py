"""Offer choices while a person types, and find what they mean when they typed it themselves."""

import functools
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

import discord
from discord import app_commands

from cogs import texts
from cogs.base import Ix, Services, member, server
from cogs.wording import amount
from domain.accounts import Follow, LinkedAccount, Source
from domain.errors import InvalidValue
from domain.ids import UserId
from domain.trades import TradeState
from trading.views import TradeView

Choices = list[app_commands.Choice[str]]
Pair = tuple[str, str]
_MOST, _LENGTH = 25, 100
_COMMON = ("SPY", "QQQ", "AAPL", "MSFT", "NVDA", "TSLA", "AMZN", "META", "AMD", "GOOGL", "BTC/USD", "ETH/USD")
_MENTION = re.compile(r"<#(\d+)>", re.ASCII)
log = logging.getLogger(__name__)


def offered(
    source: Callable[[Ix], Awaitable[Iterable[Pair]]],
) -> Callable[[Ix, str], Coroutine[Any, Any, Choices]]:
    """Make an autocomplete of a function that gives labels and values. It never fails: it offers less."""

    @functools.wraps(source)
    async def complete(interaction: Ix, current: str) -> Choices:
        try:
            pairs = await source(interaction)
        except Exception:
            log.exception("choices could not be listed")
            return []
        return matching(pairs, current)

    del complete.__wrapped__  # discord.py counts the parameters of this one
    return complete


def matching(pairs: Iterable[Pair], current: str) -> Choices:
    """Keep the pairs whose label or value holds what was typed, within Discord's limits."""
    wanted = current.strip().casefold()
    found = [pair for pair in pairs if wanted in pair[0].casefold() or wanted in pair[1].casefold()]
    fitting = [(label, value) for label, value in found if 0 < len(value) <= _LENGTH and label]
    return [app_commands.Choice(name=label[:_LENGTH], value=value) for label, value in fitting[:_MOST]]


@offered
async def accounts(interaction: Ix) -> Iterable[Pair]:
    """Offer the member's accounts."""
    linked = await interaction.client.services.accounts.accounts(member(interaction))
    return [(f"{one.name} ({one.environment.value})", one.id) for one in linked]


@offered
async def brokers(interaction: Ix) -> Iterable[Pair]:
    """Offer the brokers this member may link."""
    manifests = await interaction.client.services.accounts.available(member(interaction))
    return [(manifest.title, manifest.slug) for manifest in manifests]


@offered
async def sources(interaction: Ix) -> Iterable[Pair]:
    """Offer this server's signal sources."""
    guild = server(interaction)
    if guild is None:
        return []
    found = await interaction.client.services.trading.sources(guild)
    return [(channel_label(interaction, one.channel), one.channel) for one in found]


@offered
async def follows(interaction: Ix) -> Iterable[Pair]:
    """Offer what the member follows, in every server."""
    found = await interaction.client.services.trading.follows(member(interaction))
    return [(channel_label(interaction, one.channel), one.source) for one in found]


@offered
async def open_trades(interaction: Ix) -> Iterable[Pair]:
    """Offer the member's open trades."""
    views = await interaction.client.services.trading.trades(member(interaction), active=True)
    return [(trade_label(view), view.trade.id) for view in views]


@offered
async def held_symbols(interaction: Ix) -> Iterable[Pair]:
    """Offer the symbols the member holds in open trades."""
    views = await interaction.client.services.trading.trades(member(interaction), active=True)
    held = dict.fromkeys(v.trade.symbol for v in views if v.held or v.trade.state is TradeState.OPEN)
    return [(symbol, symbol) for symbol in held]


@offered
async def symbols(interaction: Ix) -> Iterable[Pair]:
    """Offer symbols of open trades, then those that many trade."""
    views = await interaction.client.services.trading.trades(member(interaction), active=True)
    names = dict.fromkeys([*(view.trade.symbol for view in views), *_COMMON])
    return [(name, name) for name in names]


@offered
async def parts(interaction: Ix) -> Iterable[Pair]:
    """Offer round parts of a position."""
    return [(f"{part} %", str(part)) for part in (100, 75, 50, 25)]


async def find_account(services: Services, user: UserId, given: str) -> LinkedAccount:
    """Find one of the member's accounts by id or name. Raises InvalidValue."""
    linked = await services.accounts.accounts(user)
    if not linked:
        raise InvalidValue(texts.NO_ACCOUNT)
    for one in linked:
        if given == one.id or given.strip().casefold() == one.name.casefold():
            return one
    raise InvalidValue(texts.UNKNOWN_ACCOUNT.format(given=given[:40]))


async def find_source(interaction: Ix, given: str) -> Source:
    """Find a source of this server by channel id, mention or name. Raises InvalidValue."""
    guild = server(interaction)
    found = await interaction.client.services.trading.sources(guild) if guild is not None else []
    for one in found:
        if means(interaction, one.channel, given):
            return one
    raise InvalidValue(texts.UNKNOWN_SOURCE.format(given=given[:40]))


async def find_follow(interaction: Ix, given: str) -> Follow:
    """Find what the member follows by source id, channel id, mention or name. Raises InvalidValue."""
    for one in await interaction.client.services.trading.follows(member(interaction)):
        if given == one.source or means(interaction, one.channel, given):
            return one
    raise InvalidValue(texts.UNKNOWN_FOLLOW.format(given=given[:40]))


async def find_trade(interaction: Ix, given: str) -> TradeView:
    """Find an open trade by id, or by symbol when there is only one. Raises InvalidValue."""
    views = await interaction.client.services.trading.trades(member(interaction), active=True, limit=100)
    for view in views:
        if view.trade.id == given:
            return view
    wanted = _bare(given)
    named = [view for view in views if _bare(view.trade.symbol) == wanted]
    if len(named) > 1:
        raise InvalidValue(texts.SEVERAL_TRADES.format(count=len(named), symbol=named[0].trade.symbol))
    if not named:
        raise InvalidValue(texts.UNKNOWN_TRADE.format(given=given[:40]))
    return named[0]


def means(interaction: discord.Interaction[Any], channel: str, given: str) -> bool:
    """Tell whether what was typed means a channel: its id, a mention, or its name."""
    given = given.strip()
    mention = _MENTION.fullmatch(given)
    if channel == (mention[1] if mention else given):
        return True
    return channel_label(interaction, channel).casefold() == f"#{given.removeprefix('#')}".casefold()


def channel_label(interaction: discord.Interaction[Any], identity: str) -> str:
    """Name a channel by what the bot knows of it, else by its id."""
    known = interaction.client.get_channel(int(identity)) if identity.isdecimal() else None
    label = getattr(known, "name", None)
    return f"#{label or identity}"


def trade_label(view: TradeView) -> str:
    """Name an open trade in one line of plain text."""
    trade = view.trade
    held = f" {amount(abs(view.held))}" if view.held else ""
    state = texts.STATE[trade.state].lower()
    return f"{texts.SIDE[trade.side]}{held} {trade.symbol} · {state} · {trade.account_name}"


def _bare(symbol: str) -> str:
    return re.sub(r"[\s/$-]", "", symbol).upper()
