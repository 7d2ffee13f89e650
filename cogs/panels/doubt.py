"""Let a trade's owner settle an order nobody could find out about; asked twice, for it opens the symbol."""

import re
from typing import Any, Self

import discord

from cogs import replies, texts
from cogs.base import member
from cogs.errors import report
from cogs.kit import Tone, box, note, panel
from cogs.wording import escape
from domain.orders import OrderState
from domain.trades import Trade
from trading.doubts import Finding
from trading.service import TradingService
from trading.views import TradeView

_SURE = "sure-"
_LABEL = 80


def in_doubt(view: TradeView) -> bool:
    """Tell whether an order of the trade waits for its owner's word."""
    return any(order.state is OrderState.NEEDS_HUMAN for order in view.orders)


def doubt_row(trade: Trade, *, sure: str = "") -> discord.ui.ActionRow[Any]:
    """Give the two findings, or the one that is asked about once more."""
    row: discord.ui.ActionRow[Any] = discord.ui.ActionRow()
    for verb in (f"{_SURE}{sure}",) if sure else tuple(Finding):
        row.add_item(DoubtButton(verb, trade.id, symbol=trade.symbol))
    return row


class DoubtButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=r"doubt:(?P<verb>(?:sure-)?(?:absent|mine)):(?P<trade>[^:]{1,64})",
):
    """Carry finding and trade in the button's id, so that it works after any restart."""

    def __init__(self, verb: str, trade_id: str, *, symbol: str = "") -> None:
        self.verb, self.trade_id = verb, trade_id
        style = discord.ButtonStyle.danger if verb.startswith(_SURE) else discord.ButtonStyle.secondary
        label = texts.DOUBT_BUTTONS[verb].format(symbol=symbol)[:_LABEL]
        super().__init__(discord.ui.Button(style=style, label=label, custom_id=f"doubt:{verb}:{trade_id}"))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Read the button back from its id."""
        return cls(match["verb"], match["trade"])

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
        symbol = escape(view.trade.symbol, 40)
        if not self.verb.startswith(_SURE):
            frame = box(Tone.PROBLEM, texts.DOUBT_ASK[self.verb].format(symbol=symbol))
            frame.add_item(doubt_row(view.trade, sure=self.verb))
            await replies.show(interaction, panel(frame))
            return
        await interaction.response.defer()
        await trading.settle(member(interaction), self.trade_id, Finding(self.verb.removeprefix(_SURE)))
        said = note(texts.DOUBT_SETTLED.format(symbol=symbol))
        await interaction.edit_original_response(view=said, allowed_mentions=replies.NOBODY)
