"""Let a trade's owner confirm or decline it, on any panel, however long ago it was sent."""

import re
from typing import Any, Self

import discord

from cogs import replies, texts
from cogs.base import member
from cogs.errors import report
from cogs.kit import panel
from cogs.panels.doubt import doubt_row, in_doubt
from cogs.panels.trade import trade_card
from domain.trades import Trade, TradeState
from trading.service import TradingService
from trading.views import TradeView

_LABEL = 80
OK, NO = "ok", "no"


def trade_panel(view: TradeView, remark: str = "") -> discord.ui.LayoutView:
    """Draw a trade as one message, with confirm and decline while it waits for its owner."""
    frame = trade_card(view, remark)
    row = None if remark else question_row(view)
    if row is not None:
        frame.add_item(discord.ui.Separator())
        frame.add_item(row)
    return panel(frame)


def waits(trade: Trade) -> bool:
    """Tell whether the trade can be confirmed."""
    return trade.state is TradeState.AWAITING and bool(trade.confirm_nonce)


def question_row(view: TradeView) -> discord.ui.ActionRow[Any] | None:
    """Give the buttons of a trade that needs its owner, or None."""
    if waits(view.trade):
        return answer_row(view.trade)
    return doubt_row(view.trade) if in_doubt(view) else None


def answer_row(trade: Trade) -> discord.ui.ActionRow[Any]:
    """Give the two buttons of a trade that waits."""
    row: discord.ui.ActionRow[Any] = discord.ui.ActionRow()
    row.add_item(AnswerButton(OK, trade.id, trade.confirm_nonce, trade=trade))
    row.add_item(AnswerButton(NO, trade.id, trade.confirm_nonce))
    return row


class AnswerButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=r"trade:(?P<verb>ok|no):(?P<trade>[^:]{1,64}):(?P<nonce>[^:]{1,32})",
):
    """Carry a trade and its nonce in the button's id, so that it works after any restart."""

    def __init__(self, verb: str, trade_id: str, nonce: str, *, trade: Trade | None = None) -> None:
        self.verb, self.trade_id, self.nonce = verb, trade_id, nonce
        label = texts.DECLINE
        if trade is not None:
            label = texts.CONFIRM.format(side=texts.SIDE[trade.side], symbol=trade.symbol)[:_LABEL]
        style = discord.ButtonStyle.success if verb == OK else discord.ButtonStyle.secondary
        custom_id = f"trade:{verb}:{trade_id}:{nonce}"
        super().__init__(discord.ui.Button(style=style, label=label, custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Read the button back from its id."""
        return cls(match["verb"], match["trade"], match["nonce"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the press; an error is answered like a command's."""
        try:
            await self._answer(interaction)
        except Exception as error:  # noqa: BLE001  discord.py would only log it and leave the person waiting
            await report(interaction, error)

    async def _answer(self, interaction: discord.Interaction[Any]) -> None:
        trading: TradingService = interaction.client.services.trading
        view = await trading.trade(member(interaction), self.trade_id)
        if view is None:
            await replies.problem(interaction, texts.NOT_YOURS)
            return
        if not waits(view.trade) or view.trade.confirm_nonce != self.nonce:
            await interaction.response.edit_message(view=trade_panel(view), allowed_mentions=replies.NOBODY)
            await replies.problem(interaction, texts.NOT_WAITING)
            return
        # The panel changes before the order goes, so that what the notifier writes later stays on top.
        remark = texts.SENDING if self.verb == OK else texts.DROPPING
        await interaction.response.edit_message(
            view=trade_panel(view, remark), allowed_mentions=replies.NOBODY
        )
        verb = trading.confirm if self.verb == OK else trading.decline
        try:
            await verb(member(interaction), self.trade_id, self.nonce)
        except Exception:
            await self._redraw(interaction)
            raise
        if interaction.message is not None and interaction.message.flags.ephemeral:
            await self._redraw(interaction)  # the notifier keeps the DM up to date, and nobody keeps this one

    async def _redraw(self, interaction: discord.Interaction[Any]) -> None:
        view = await interaction.client.services.trading.trade(member(interaction), self.trade_id)
        if view is not None:
            await interaction.edit_original_response(view=trade_panel(view), allowed_mentions=replies.NOBODY)
