"""Close by hand: first what trades of ours hold, then what the account holds beside them."""

import asyncio
from decimal import Decimal

from domain.accounts import LinkedAccount
from domain.broker import BrokerSession
from domain.errors import InvalidValue, NotTradable
from domain.ids import AuthorId, ChannelId, GuildId, client_order_id, order_id, signal_id, trade_id
from domain.instruments import Instrument, InstrumentQuery
from domain.money import ZERO, floor_to
from domain.orders import (
    Order,
    OrderIntent,
    OrderRequest,
    OrderState,
    OrderType,
    PositionEffect,
    Side,
    TimeInForce,
)
from domain.portfolio import Position
from domain.signals import Reading, ReadingKind
from domain.trades import Mode, Trade, TradeState
from trading import amend, jobs, texts
from trading.actor import AccountActor
from trading.deps import TradingDeps
from trading.executor import Executor
from trading.jobs import Rank
from trading.lifecycle import IllegalTransition
from trading.views import ManualOrder
from trading.wishes import MANUAL, manual_query


class Closer:
    """Turn "sell" and "close" into less wanted of open trades, or into a closing order."""

    def __init__(self, deps: TradingDeps, executor: Executor) -> None:
        self._deps = deps
        self._executor = executor

    async def close(
        self, account: LinkedAccount, query: InstrumentQuery, fraction: Decimal, key: str
    ) -> list[Trade]:
        """Close a fraction of what one account holds in a symbol; empty when it holds none."""
        actor = self._executor.get(account.id)
        if actor is None:
            return []
        reading = _reading(query, fraction)
        touched = [t for t in list(actor.book.trades.values()) if amend.concerns(t, reading)]
        asked = [await self._ask(actor, t, reading, key) for t in touched]
        if changed := [trade for trade in asked if trade is not None]:
            return changed
        position = await self._position(actor, query)
        if position is None:
            return []
        amount = floor_to(abs(position.quantity) * fraction, position.instrument.quantity_increment)
        return [await self._direct(actor, position, amount, key)]

    async def sell(self, account: LinkedAccount, order: ManualOrder) -> Trade | None:
        """Sell what is held; None when nothing is, so that the caller may treat it as a short sale.

        Raises InvalidValue when more is asked than is held.
        """
        actor = self._executor.get(account.id)
        if actor is None:
            return None
        query = manual_query(order.symbol)
        position = await self._position(actor, query)
        if position is None or position.quantity <= ZERO:
            return None
        held = position.quantity
        wanted = order.quantity
        if wanted is None:
            mark = position.mark or position.average_price
            wanted = (order.notional or ZERO) / (mark * position.instrument.multiplier)
        if wanted > held:
            raise InvalidValue(texts.say("more_than_held", symbol=order.symbol, held=held.normalize()))
        fraction = wanted / held
        trades = [t for t in actor.book.trades.values() if amend.concerns(t, _reading(query, fraction))]
        if trades:
            # Trades of ours are trimmed, so that their stops shrink with them.
            closed = await self.close(account, query, fraction, order.key)
            return closed[0] if closed else None
        amount = floor_to(wanted, position.instrument.quantity_increment)
        return await self._direct(actor, position, amount, order.key, order)

    async def _ask(self, actor: AccountActor, trade: Trade, reading: Reading, key: str) -> Trade | None:
        """Ask for less of a trade; None when it has ended in the same moment."""
        done: asyncio.Future[Trade] = asyncio.get_running_loop().create_future()
        job = jobs.Change(trade=trade.id, what="close", reading=reading, key=key, done=done)
        actor.put(job, Rank.EXIT)
        try:
            return await done
        except IllegalTransition:
            return None

    async def _position(self, actor: AccountActor, query: InstrumentQuery) -> Position | None:
        session = actor.session
        if session is None:
            return None
        try:
            wanted: Instrument | None = await session.resolve(query)
        except NotTradable:
            wanted = None
        for position in await session.positions():
            symbol = position.instrument.symbol
            if symbol == query.symbol or (wanted is not None and symbol == wanted.symbol):
                return position
        return None

    async def _direct(
        self,
        actor: AccountActor,
        position: Position,
        amount: Decimal,
        key: str,
        like: ManualOrder | None = None,
    ) -> Trade:
        """Close a position no trade of ours made, as a trade of one closing order."""
        session = actor.session
        if amount <= ZERO or session is None:
            raise InvalidValue(texts.say("size_positive"))
        trade = self._trade(actor.account, position, key)
        order = self._order(actor.account, trade, position, amount, session, like)
        await actor.book.open(trade, [(order, ())])
        actor.put(jobs.Send(order.id), Rank.EXIT)
        return trade

    def _trade(self, account: LinkedAccount, position: Position, key: str) -> Trade:
        now = self._deps.clock.now()
        signal = signal_id("", MANUAL, key)
        return Trade(
            id=trade_id(signal, account.user, account.id),
            ref=account.ref,
            account_name=account.name,
            signal=signal,
            guild=GuildId(""),
            channel=ChannelId(MANUAL),
            author=AuthorId(account.user),
            symbol=position.instrument.symbol,
            side=Side.BUY if position.quantity > ZERO else Side.SELL,
            mode=Mode.LIVE,
            environment=account.environment.value,
            state=TradeState.CLOSING,
            created_at=now,
            updated_at=now,
            instrument=position.instrument,
        )

    def _order(
        self,
        account: LinkedAccount,
        trade: Trade,
        position: Position,
        amount: Decimal,
        session: BrokerSession,
        like: ManualOrder | None,
    ) -> Order:
        now = self._deps.clock.now()
        leg = "close.0"
        tifs = session.manifest.classes[position.instrument.asset_class].times_in_force
        wanted = like.time_in_force if like is not None else TimeInForce.DAY
        request = OrderRequest(
            client_order_id=client_order_id(trade.signal, leg, account.user, account.id, 1),
            instrument=position.instrument,
            side=trade.side.opposite,
            order_type=like.order_type if like is not None else OrderType.MARKET,
            time_in_force=wanted if wanted in tifs else TimeInForce.GTC,
            effect=PositionEffect.CLOSE,
            quantity=amount,
            limit_price=like.limit_price if like is not None else None,
            stop_price=like.stop_price if like is not None else None,
        )
        intent = OrderIntent(
            id=order_id(trade.signal, leg, account.user, account.id),
            trade=trade.id,
            signal=trade.signal,
            ref=account.ref,
            leg=leg,
            slice=0,
            request=request,
            created_at=now,
        )
        return Order(id=intent.id, intent=intent, state=OrderState.READY, updated_at=now)


def _reading(query: InstrumentQuery, fraction: Decimal) -> Reading:
    kind = ReadingKind.EXIT if fraction >= 1 else ReadingKind.TRIM
    option = query.option
    return Reading(
        kind=kind,
        symbol=query.symbol,
        fraction=fraction,
        strike=option.strike if option else None,
        right=option.right if option else None,
        expiry=option.expiry if option else None,
    )
