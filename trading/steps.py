"""Carry out the steps the exit controller names."""

from dataclasses import replace

import structlog

from domain.broker import BrokerSession
from domain.errors import AuthFailed, BrokerError, Denied, NotFound, Rejected
from domain.events import Event, EventKind
from domain.ids import OrderId, event_id
from domain.instruments import AssetClass
from domain.money import ZERO, floor_to, plain
from domain.orders import TERMINAL, Order, OrderIntent, OrderState
from domain.trades import Trade
from trading import amend, exits, lifecycle, standing, texts
from trading.book import AccountBook
from trading.deps import TradingDeps

_log = structlog.get_logger(__name__)

ROUNDS = 5
REPEAT_AFTER = 3.0
"""Seconds before the same cancel or move is asked for again."""
GONE_LOOKS, GONE_AFTER = 5, 30.0
"""How often, and over how many seconds, a leg must not be found before it is given up."""


class StepRunner:
    """Run a trade's steps until there are none, or until one needs the broker's answer first."""

    def __init__(self, deps: TradingDeps, book: AccountBook) -> None:
        self._deps = deps
        self._book = book
        self._asked: dict[tuple[str, str], float] = {}
        self._missing: dict[str, tuple[int, float]] = {}

    async def run(self, session: BrokerSession, trade: Trade, *, sweep: bool) -> list[OrderId]:
        """Do what can be done now; give the orders that are ready to be sent."""
        for _ in range(ROUNDS):
            current = self._book.trades.get(trade.id)
            if current is None or current.instrument is None or current.released:
                return []
            rules = session.manifest.classes.get(current.instrument.asset_class)
            if rules is None:
                return []
            orders = self._book.of(current)
            steps = exits.next_steps(current, orders, rules, self._deps.clock.now(), sweep=sweep)
            ready: list[OrderId] = []
            again = False
            for step in steps:
                if isinstance(step, exits.Submit):
                    ready += await self._submit(session, step)
                elif isinstance(step, exits.Refresh):
                    await self._refresh(session, step.order)
                    again = sweep = True
                else:
                    again = await self._ask(session, current, step) or again
            if ready or not again:
                return ready
        return []

    async def _submit(self, session: BrokerSession, step: exits.Submit) -> list[OrderId]:
        now = self._deps.clock.now()
        intent = await self._fitted(session, step.intent)
        order = Order(id=intent.id, intent=intent, state=OrderState.READY, updated_at=now)
        return [order.id] if await self._book.add(order) is not None else []

    async def _fitted(self, session: BrokerSession, intent: OrderIntent) -> OrderIntent:
        """Close no more coins than there are: the fee of buying them may have been taken in coin."""
        request = intent.request
        if request.instrument.asset_class is not AssetClass.CRYPTO or request.quantity is None:
            return intent
        try:
            positions = await session.positions()
        except AuthFailed:
            raise
        except BrokerError:
            return intent  # an exit is never held up by a read
        there = sum((p.quantity for p in positions if p.instrument.symbol == request.instrument.symbol), ZERO)
        fits = floor_to(abs(there), request.instrument.quantity_increment)
        if not ZERO < fits < request.quantity:
            return intent
        return replace(intent, request=replace(request, quantity=fits))

    async def _ask(self, session: BrokerSession, trade: Trade, step: exits.Step) -> bool:
        """Carry out a cancel, move, drop or complaint; tell whether something changed."""
        match step:
            case exits.Drop(order):
                await self._drop(order)
                return True
            case exits.Cancel(order, broker_id):
                return await self._cancel(session, order, broker_id)
            case exits.Move():
                return await self._move(session, step)
            case exits.Stuck():
                await self._complain(trade, step)
        return False

    async def _drop(self, order: Order) -> None:
        reason = texts.say("cancelled_before_send")
        now = self._deps.clock.now()
        await self._book.record(
            [lifecycle.advance(order, OrderState.CANCELLED, now, code="cancelled_before_send", reason=reason)]
        )

    async def _cancel(self, session: BrokerSession, order: Order, broker_id: str) -> bool:
        if not self._may_ask("cancel", broker_id):
            return False
        try:
            await session.cancel(broker_id)
        except AuthFailed:
            raise
        except NotFound:
            return await self._not_there(session, order, broker_id)
        except BrokerError as error:
            _log.info("cancel_not_confirmed", order=order.id, code=error.code)
            return False
        return await self._refresh(session, order)

    async def _not_there(self, session: BrokerSession, order: Order, broker_id: str) -> bool:
        """Give up a leg that is asked about again and again and is not there: an exit waits for it."""
        if await self._refresh(session, order):
            return True
        now = self._deps.clock.monotonic()
        looks, first = self._missing.get(broker_id, (0, now))
        self._missing[broker_id] = (looks + 1, first)
        current = self._book.orders[order.id]
        leg = next((c for c in current.children if c.broker_order_id == broker_id), None)
        if leg is None or leg.state in TERMINAL or looks + 1 < GONE_LOOKS or now - first < GONE_AFTER:
            return False
        reason = texts.say("leg_gone", broker=texts.broker_name(current.intent.ref.broker))
        gone = lifecycle.leg_gone(current, broker_id, self._deps.clock.now(), code="leg_gone", reason=reason)
        return bool(await self._book.record([gone]))

    async def _move(self, session: BrokerSession, step: exits.Move) -> bool:
        if not self._may_ask(f"move {step.stop_price} {step.limit_price}", step.broker_order_id):
            return False
        try:
            report = await session.replace(
                step.broker_order_id, stop_price=step.stop_price, limit_price=step.limit_price
            )
        except AuthFailed:
            raise
        except (Rejected, Denied) as error:
            await self._settle_for(step, error)
            return False
        except BrokerError as error:
            _log.info("move_not_confirmed", order=step.order.id, code=error.code)
            return False
        order = self._book.orders[step.order.id]
        await self._book.take_in(order, lifecycle.as_successor(report, step.broker_order_id))
        return True

    async def _settle_for(self, step: exits.Move, error: BrokerError) -> None:
        """Tell that a leg stays where it is, and stop asking for what the broker refuses."""
        order = self._book.orders[step.order.id]
        wanted = step.stop_price or step.limit_price
        reason = texts.say(
            "move_refused",
            broker=texts.broker_name(order.intent.ref.broker),
            price=plain(wanted) if wanted is not None else "-",
            why=error.text,
        )
        now = self._deps.clock.now()
        await self._book.record([lifecycle.move_refused(order, "move_refused", reason, now)])
        legs = [(c.broker_order_id, c.stop_price, c.limit_price) for c in order.children]
        legs.append((order.broker_order_id or "", order.stop_price, order.limit_price))
        _, stop, limit = next(leg for leg in legs if leg[0] == step.broker_order_id)
        moved_stop = step.stop_price is not None
        await self._book.amend(
            order.trade,
            lambda known: amend.settled_for(
                known,
                order.intent.slice,
                stop=stop if moved_stop else None,
                target=None if moved_stop else limit,
            ),
        )

    async def _refresh(self, session: BrokerSession, order: Order) -> bool:
        current = self._book.orders.get(order.id)
        if current is None or current.broker_order_id is None:
            return False
        try:
            report = await session.order(current.broker_order_id)
        except AuthFailed:
            raise
        except BrokerError as error:
            _log.info("read_failed", order=order.id, code=error.code)
            return False
        return await self._book.take_in(current, report) != current

    def _may_ask(self, what: str, broker_id: str) -> bool:
        now = self._deps.clock.monotonic()
        last = self._asked.get((what, broker_id))
        if last is not None and now - last < REPEAT_AFTER:
            return False
        self._asked[(what, broker_id)] = now
        return True

    async def _complain(self, trade: Trade, stuck: exits.Stuck) -> None:
        order, code = stuck.order, stuck.code
        reason = standing.refusal_text(trade, order, code)
        event = Event(
            id=event_id(order.id, order.version, 99),
            account_key=trade.account_key,
            kind=EventKind.ORDER_NEEDS_HUMAN,
            at=self._deps.clock.now(),
            trade=trade.id,
            order=order.id,
            signal=trade.signal,
            data={"code": code, "reason": reason, "symbol": trade.symbol},
        )
        await self._book.tell([event])
