"""Let members place, close and cancel orders by hand, and see their trades."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from discord import app_commands

from cogs import choices, numbers, replies, texts
from cogs.base import Ix, ServiceBot, ServiceCog, member
from cogs.orders import Options, manual_order
from cogs.panels.confirm import AnswerButton, trade_panel
from cogs.panels.doubt import DoubtButton
from cogs.panels.lists import closing_panel, trades_panel
from domain.orders import OrderType, Side, TimeInForce
from domain.trades import Trade
from trading.views import TradeView

Option = app_commands.Choice[str] | None
F = TypeVar("F", bound=Callable[..., Coroutine[Any, Any, None]])
_TYPES = [
    app_commands.Choice(name=texts.TYPE[kind], value=kind.value)
    for kind in (OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT)
]
_DURATIONS = [app_commands.Choice(name=text, value=one.value) for one, text in texts.DURATION.items()]
_SHOWN = [app_commands.Choice(name=text, value=value) for value, text in texts.SHOWN.items()]
_WHERE = app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)


def _entry(callback: F) -> F:
    """Describe the options that /buy and /sell share."""
    for decorate in (
        _WHERE,
        app_commands.describe(**texts.ENTRY_OPTIONS),
        app_commands.rename(take_profit="take-profit", stop_loss="stop-loss"),
        app_commands.choices(type=_TYPES, duration=_DURATIONS),
        app_commands.autocomplete(symbol=choices.symbols, account=choices.accounts),
    ):
        callback = decorate(callback)
    return callback


class Trades(ServiceCog):
    """Take orders from people."""

    @app_commands.command(description="Buy: opens or adds to a position")
    @_entry
    async def buy(
        self,
        interaction: Ix,
        symbol: str,
        quantity: str | None = None,
        amount: str | None = None,
        type: Option = None,
        limit: str | None = None,
        stop: str | None = None,
        take_profit: str | None = None,
        stop_loss: str | None = None,
        duration: Option = None,
        account: str | None = None,
    ) -> None:
        """Place a buy order."""
        options = Options(
            symbol=symbol,
            quantity=quantity,
            amount=amount,
            type=_type(type),
            limit=limit,
            stop=stop,
            take_profit=take_profit,
            stop_loss=stop_loss,
            duration=_duration(duration),
        )
        await self._place(interaction, Side.BUY, options, account)

    @app_commands.command(description="Sell: opens or adds to a short position; to end a trade use /close")
    @_entry
    async def sell(
        self,
        interaction: Ix,
        symbol: str,
        quantity: str | None = None,
        amount: str | None = None,
        type: Option = None,
        limit: str | None = None,
        stop: str | None = None,
        take_profit: str | None = None,
        stop_loss: str | None = None,
        duration: Option = None,
        account: str | None = None,
    ) -> None:
        """Place a sell order."""
        options = Options(
            symbol=symbol,
            quantity=quantity,
            amount=amount,
            type=_type(type),
            limit=limit,
            stop=stop,
            take_profit=take_profit,
            stop_loss=stop_loss,
            duration=_duration(duration),
        )
        await self._place(interaction, Side.SELL, options, account)

    @app_commands.command(description="Close all or part of what you hold in a symbol")
    @_WHERE
    @app_commands.describe(**texts.CLOSE_OPTIONS)
    @app_commands.autocomplete(symbol=choices.held_symbols, percent=choices.parts, account=choices.accounts)
    async def close(
        self, interaction: Ix, symbol: str, percent: str = "100", account: str | None = None
    ) -> None:
        """Close a position, in one account or in all."""
        wanted, part = numbers.symbol(symbol), numbers.percentage(percent, "percent")
        await replies.thinking(interaction)
        trades = await self.services.trading.close(
            member(interaction),
            wanted,
            fraction=part / numbers.HUNDRED,
            key=str(interaction.id),
            account=await self._account(interaction, account),
        )
        views = [await self._view(interaction, trade) for trade in trades]
        await replies.show(interaction, closing_panel(wanted, part, views))

    @app_commands.command(description="Cancel what has not filled of an open trade's entry")
    @_WHERE
    @app_commands.describe(trade="The open trade")
    @app_commands.autocomplete(trade=choices.open_trades)
    async def cancel(self, interaction: Ix, trade: str) -> None:
        """Cancel an entry."""
        await replies.thinking(interaction)
        found = await choices.find_trade(interaction, trade)
        cancelled = await self.services.trading.cancel(member(interaction), found.trade.id)
        await replies.show(interaction, trade_panel(await self._view(interaction, cancelled)))

    @app_commands.command(description="Show your open trades, or the latest ones")
    @_WHERE
    @app_commands.describe(show="Which trades; the open ones if left out")
    @app_commands.choices(show=_SHOWN)
    async def orders(self, interaction: Ix, show: Option = None) -> None:
        """List the member's trades."""
        active = show is None or show.value == texts.SHOW_OPEN
        views = await self.services.trading.trades(member(interaction), active=active)
        await replies.show(interaction, trades_panel(views, active=active))

    async def _place(self, interaction: Ix, side: Side, options: Options, account: str | None) -> None:
        order = manual_order(interaction, side, options)  # a typing error is answered before anything waits
        await replies.thinking(interaction)
        chosen = await self._account(interaction, account)
        trade = await self.services.trading.place(replace(order, account=chosen))
        await replies.show(interaction, trade_panel(await self._view(interaction, trade)))

    async def _account(self, interaction: Ix, given: str | None) -> str | None:
        if given is None:
            return None
        return (await choices.find_account(self.services, member(interaction), given)).id

    async def _view(self, interaction: Ix, trade: Trade) -> TradeView:
        """Give the trade as it stands by now, or as the verb returned it."""
        found = await self.services.trading.trade(member(interaction), trade.id)
        return found or TradeView(trade=trade, orders=())


def _type(chosen: Option) -> OrderType | None:
    return OrderType(chosen.value) if chosen is not None else None


def _duration(chosen: Option) -> TimeInForce:
    return TimeInForce(chosen.value) if chosen is not None else TimeInForce.DAY


async def setup(bot: ServiceBot) -> None:
    """Add the cog and its buttons."""
    bot.add_dynamic_items(AnswerButton, DoubtButton)
    await bot.add_cog(Trades(bot))
