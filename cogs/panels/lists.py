"""Show lists: trades, sources, follows."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import discord

from cogs import texts
from cogs.kit import Tone, listing, note
from cogs.panels.confirm import question_row, waits
from cogs.panels.doubt import in_doubt
from cogs.panels.trade import trade_line
from cogs.wording import amount, channel, escape, money, user, when
from domain.accounts import Follow, LinkedAccount, SizeKind, Source
from trading.views import TradeView

_ROWS = 3
"""Pairs of buttons one list may hold beside its blocks: more would pass Discord's 40 components."""


def trades_panel(views: Sequence[TradeView], *, active: bool) -> discord.ui.LayoutView:
    """List trades; those that need their owner come first, with their buttons."""
    if not views:
        return note(texts.ORDERS_NONE if active else texts.ORDERS_ALL_NONE, Tone.QUIET)
    ordered = sorted(views, key=lambda view: not (waits(view.trade) or in_doubt(view)))
    title, foot = (texts.ORDERS_TITLE, texts.ORDERS_FOOT) if active else (texts.ORDERS_ALL_TITLE, "")
    rows = [row for view in ordered[:_ROWS] if (row := question_row(view)) is not None]
    return listing(title, [trade_line(view) for view in ordered], Tone.WORKING, foot, rows)


def closing_panel(symbol: str, part: Decimal, views: Sequence[TradeView]) -> discord.ui.LayoutView:
    """Show the trades that are being closed."""
    if not views:
        return note(texts.NOTHING_TO_CLOSE.format(symbol=escape(symbol)), Tone.QUIET)
    title = texts.CLOSING_TITLE.format(part=amount(part), symbol=escape(symbol))
    return listing(title, [trade_line(view) for view in views], Tone.WORKING)


def sources_panel(sources: Sequence[Source]) -> discord.ui.LayoutView:
    """List a server's signal sources and whose messages count."""
    if not sources:
        return note(texts.CHANNELS_NONE, Tone.QUIET)
    blocks = [
        texts.CHANNEL_LINE.format(channel=channel(s.channel), authors=authors(s), when=when(s.added_at))
        for s in sources
    ]
    return listing(texts.CHANNELS_TITLE, blocks)


def authors(source: Source, most: int = 10) -> str:
    """Name whose messages are read, members first."""
    named = [user(a) or escape(a) for a in source.authors]
    named += [texts.WEBHOOK.format(id=escape(w)) for w in source.webhooks if w not in source.authors]
    shown = named[:most]
    if len(named) > most:
        shown.append(texts.MORE.format(count=len(named) - most))
    return ", ".join(shown)


def follows_panel(follows: Sequence[Follow], accounts: Mapping[str, LinkedAccount]) -> discord.ui.LayoutView:
    """List what a member follows, and how."""
    if not follows:
        return note(texts.FOLLOWS_NONE, Tone.QUIET)
    blocks = [
        texts.FOLLOW_LINE.format(
            channel=channel(f.channel),
            mode=texts.MODE_SHORT[f.mode],
            size=size(f),
            account=escape(accounts[f.account].name) if f.account in accounts else texts.ACCOUNT_GONE,
        )
        for f in follows
    ]
    return listing(texts.FOLLOWS_TITLE, blocks)


def size(follow: Follow) -> str:
    """Write a follower's size: an amount of money, or a share of equity."""
    value = money(follow.size) if follow.size_kind is SizeKind.FIXED else amount(follow.size)
    return texts.SIZE[follow.size_kind].format(size=value)
