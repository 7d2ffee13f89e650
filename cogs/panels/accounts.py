"""Show accounts: what they hold, what they are worth, which are linked."""

from collections.abc import Sequence
from typing import Any

import discord

from cogs import texts
from cogs.kit import Tone, listing, note
from cogs.panels.trade import badge
from cogs.wording import amount, escape, finish, gain, money, name, price, when
from domain.accounts import AccountStatus, LinkedAccount
from domain.portfolio import Position
from trading.care import AccountOverview
from trading.views import AccountBalance, AccountPositions


def positions_panel(accounts: Sequence[AccountPositions]) -> discord.ui.LayoutView:
    """List positions account by account."""
    if not accounts:
        return note(texts.BROKERS_NONE, Tone.QUIET)
    blocks = []
    for one in accounts:
        lines = [_heading(one.account)]
        if one.problem:
            lines.append(_problem(one.problem))
        elif one.positions:
            lines += _positions(one.positions)
        else:
            lines.append(texts.POSITIONS_EMPTY)
        blocks.append("\n".join(lines))
    return listing(texts.POSITIONS_TITLE, blocks, Tone.WORKING)


def balances_panel(accounts: Sequence[AccountBalance]) -> discord.ui.LayoutView:
    """List each account's money."""
    if not accounts:
        return note(texts.BROKERS_NONE, Tone.QUIET)
    return listing(texts.BALANCE_TITLE, [_balance(one) for one in accounts], Tone.WORKING)


def accounts_panel(
    accounts: Sequence[AccountOverview],
    linkable: Sequence[str],
    rows: Sequence[discord.ui.ActionRow[Any]] = (),
) -> discord.ui.LayoutView:
    """List linked accounts, and which brokers this member may link."""
    foot = texts.BROKERS_FOOT.format(brokers=", ".join(linkable)) if linkable else ""
    if not accounts:
        return note(
            "\n".join(part for part in (texts.BROKERS_NONE, foot and f"-# {foot}") if part), Tone.QUIET
        )
    return listing(texts.BROKERS_TITLE, [account_block(one) for one in accounts], foot=foot, rows=rows)


def account_block(one: AccountOverview) -> str:
    """Say all that is known of an account: what, where, since when, until when, and how it goes."""
    account = one.account
    broker = one.manifest.title if one.manifest is not None else account.broker
    line = texts.ACCOUNT_LINE.format(
        name=escape(account.name),
        badge=badge(account.environment),
        default=texts.ACCOUNT_DEFAULT if account.is_default else "",
        broker=escape(broker),
        number=f" {escape(account.number_masked)}" if account.number_masked else "",
        status=_status(one),
        tested=texts.ACCOUNT_TESTED.format(when=when(account.verified_at)) if account.verified_at else "",
        expires=texts.ACCOUNT_EXPIRES.format(when=when(account.expires_at)) if account.expires_at else "",
    )
    today = texts.ACCOUNT_TODAY.format(today=one.entries_today, open=len(one.open_trades))
    return f"{line}\n{today}"


def _status(one: AccountOverview) -> str:
    status = texts.STATUS[one.account.status]
    if one.account.status is AccountStatus.NEEDS_REAUTH:
        return status
    return f"{status}, {texts.ACCOUNT_LINKED[one.connected]}"


_POSITIONS_SHOWN = 20


def _positions(positions: Sequence[Position]) -> list[str]:
    lines = [_position(one) for one in positions[:_POSITIONS_SHOWN]]
    if len(positions) > _POSITIONS_SHOWN:
        lines.append(texts.MORE.format(count=len(positions) - _POSITIONS_SHOWN))
    return lines


def _position(position: Position) -> str:
    instrument = position.instrument
    line = texts.POSITION_LINE.format(
        name=name(instrument.symbol, instrument),
        quantity=amount(position.quantity),
        average=price(position.average_price),
    )
    if position.mark is None or position.unrealised is None:
        return line
    profit = gain(position.unrealised, instrument.currency)
    return line + texts.POSITION_MARK.format(mark=price(position.mark), gain=profit)


def _balance(one: AccountBalance) -> str:
    if one.problem or one.state is None:
        return f"{_heading(one.account)}\n{_problem(one.problem or texts.UNSAID)}"
    state, currency = one.state, one.state.currency
    lines = [
        _heading(one.account),
        texts.BALANCE_LINE.format(
            equity=money(state.equity, currency),
            cash=money(state.cash, currency),
            power=money(state.buying_power, currency),
        ),
    ]
    if state.restricted:
        lines.append(texts.RESTRICTED.format(why=finish(escape(state.restricted, 300))))
    return "\n".join(lines)


def _heading(account: LinkedAccount) -> str:
    return f"**{escape(account.name)}** {badge(account.environment)}"


def _problem(problem: str) -> str:
    return texts.CANNOT_READ.format(problem=finish(escape(problem, 300)))
