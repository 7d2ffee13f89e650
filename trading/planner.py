"""Turn one wish for one account into a trade and its orders, or into a denial with its reason."""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from domain.accounts import AccountStatus, Environment, LinkedAccount, RiskLimits
from domain.broker import BracketKind, BrokerSession, ClassRules
from domain.errors import BrokerError, OutcomeUnknown, Throttled, Unreachable
from domain.events import Event, EventKind
from domain.ids import client_order_id, event_id, order_id, trade_id
from domain.instruments import AssetClass, Instrument
from domain.money import plain, round_to
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
from domain.trades import Mode, Slice, Trade, TradeState
from trading import guard, points, risk, sizing
from trading.book import AccountBook
from trading.denial import Denial, DeniedByUs, deny
from trading.deps import TradingDeps
from trading.entitlements import PAPER
from trading.jobs import Plan
from trading.lifecycle import Change
from trading.lookups import Instruments, Money
from trading.wishes import MANUAL, Measure, Wish

SIGN_IN_LEFT = timedelta(hours=1)
"""An account whose sign-in ends sooner takes no entries (reliability.md section 3)."""
READ_AGAIN = 0.5
"""Seconds before a broker that could not be read is asked again."""
_DOLLARS = frozenset({"USD", "USDT", "USDC"})


@dataclass(frozen=True, slots=True)
class _Priced:
    """Hold what was learned from the broker about a wish."""

    instrument: Instrument
    rules: ClassRules
    order_type: OrderType
    limit: Decimal | None
    reference: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """Say what a plan became: orders to be sent in their turn, and one whose licence is written already."""

    trade: Trade
    ready: Sequence[Order] = ()
    licensed: Order | None = None


License = Callable[[Trade, Order], Awaitable[Change | None]]
"""Give the licence of an order that may be sent the moment it is planned, else None."""


class Planner:
    """Plan entries of one account."""

    def __init__(
        self, deps: TradingDeps, account: LinkedAccount, book: AccountBook, instruments: Instruments
    ) -> None:
        self._deps = deps
        self._account = account
        self._book = book
        self._instruments = instruments
        self._money = Money(deps.clock)

    def adopt(self, account: LinkedAccount) -> None:
        """Go on with what changed about the account."""
        self._account = account

    async def plan(self, session: BrokerSession, job: Plan, license_first: License) -> Planned | None:
        """Write the trade and its orders, once; give them. A denial is written as a denied trade.

        All is decided while the message itself is still being written; nothing is written before it is.
        None where the message had been taken before. ``license_first`` may let the first order go at once.
        """
        wish = job.wish
        # What a new message became is not looked up: were it there after all, the write below would say so.
        known = await self._known(wish) if job.taken is None else None
        decided = None if known is not None else await self._decided(session, wish)
        if not await job.meant():
            return None
        if known is not None:
            return await self._complete(known, wish)
        if isinstance(decided, Denial):
            return Planned(trade=await self.deny(wish, decided))
        assert decided is not None
        return await self._open(wish, *decided, license_first)

    async def _known(self, wish: Wish) -> Trade | None:
        key = trade_id(wish.signal, self._account.user, self._account.id)
        return await self._deps.store.trades.get(key)

    async def _decided(self, session: BrokerSession, wish: Wish) -> tuple[Trade, list[Order]] | Denial:
        try:
            priced, parts = await self._decide(session, wish)
        except DeniedByUs as no:
            return no.denial
        except BrokerError as error:
            return Denial(error.code, error.text)
        trade = self._trade(wish, priced, parts)
        return trade, [self._order(wish, priced, trade, part) for part in parts]

    async def _open(self, wish: Wish, trade: Trade, orders: list[Order], license_first: License) -> Planned:
        """Write everything at once; where the first order may go now, its licence is in the same write."""
        changes: list[Change] = [(order, ()) for order in orders]
        licensed = None
        if trade.state is TradeState.AWAITING:
            changes[0] = (orders[0], (self._event(trade, EventKind.TRADE_AWAITING),))
        elif (change := await license_first(trade, orders[0])) is not None:
            changes[0], licensed = change, change[0]
        self._deps.points.hit(points.BEFORE_JOURNAL)
        if not await self._book.open(trade, changes):
            return await self._there_before(trade, wish)
        self._deps.points.hit(points.AFTER_JOURNAL)
        if wish.channel != MANUAL and self._account.broker != PAPER:
            self._deps.tallies.add(guard.entries(wish.guild, self._account.user))
        ready = [order for order, _ in changes if order.state is OrderState.READY]
        return Planned(trade=trade, ready=ready, licensed=licensed)

    async def _there_before(self, trade: Trade, wish: Wish) -> Planned:
        """Go on from what is stored. Until trades were opened whole, a crash could leave an order alone."""
        if await self._deps.store.trades.insert(trade):
            await self._book.load()
        known = await self._deps.store.trades.get(trade.id)
        assert known is not None, "trades are never deleted"
        return await self._complete(known, wish)

    async def _decide(self, session: BrokerSession, wish: Wish) -> tuple[_Priced, tuple[Slice, ...]]:
        """Check, price and size. A broker that cannot be read is asked again while it makes sense."""
        while True:
            try:
                await self._check_owner(wish)
                priced = await self._price(session, wish)
                return priced, await self._size(session, wish, priced)
            except (Unreachable, Throttled, OutcomeUnknown) as error:
                pause = max(error.retry_after or 0.0, READ_AGAIN)
                left = (wish.expires_at - self._deps.clock.now()).total_seconds()
                if left <= pause:
                    raise
                await self._deps.clock.sleep(pause)

    async def _complete(self, trade: Trade, wish: Wish) -> Planned:
        """Take up a plan a crash may have cut short: its orders follow from the trade as stored."""
        if not trade.active or trade.instrument is None:
            return Planned(trade=trade)
        rules = self._rules(trade.instrument)
        reference = trade.alerted_price or Decimal(0)
        order_type = wish.order_type if wish.price or wish.stop_trigger else OrderType.MARKET
        limit = wish.price
        if order_type is OrderType.MARKET and trade.instrument.asset_class is AssetClass.OPTION:
            order_type, limit = OrderType.LIMIT, reference
        priced = _Priced(trade.instrument, rules, order_type, limit, reference)
        orders = [self._order(wish, priced, trade, part) for part in trade.slices]
        await self._book.complete(orders)
        stored = [self._book.orders[o.id] for o in orders if o.id in self._book.orders]
        ready = [order for order in stored if order.state is OrderState.READY]
        return Planned(trade=self._book.trades.get(trade.id, trade), ready=ready)

    async def _check_owner(self, wish: Wish) -> None:
        account = self._account
        if wish.problem is not None:
            raise DeniedByUs(wish.problem)
        risk.check_age(
            wish.posted_at, self._deps.clock.now(), int((wish.expires_at - wish.posted_at).total_seconds())
        )
        if account.status is not AccountStatus.ACTIVE:
            raise deny(f"account_{account.status.value}", name=account.name)
        if account.expires_at is not None and account.expires_at - self._deps.clock.now() < SIGN_IN_LEFT:
            raise deny("sign_in_ending", name=account.name)
        if wish.mode is Mode.PAPER and account.environment is Environment.LIVE:
            raise deny("mode_needs_paper", name=account.name)
        await self._check_gate(wish)
        await guard.check_switches(self._deps, guild=wish.guild, author=wish.author, account=account)

    async def _check_gate(self, wish: Wish) -> None:
        try:
            await guard.check_gate(self._deps, self._account, wish.guild)
            if wish.guild and wish.channel != MANUAL:
                await guard.check_day(self._deps, self._account, wish.guild)
        except DeniedByUs:
            self._deps.tallies.add(guard.denied(wish.guild, self._account.user))
            raise

    def _rules(self, instrument: Instrument) -> ClassRules:
        manifest = self._deps.adapters[self._account.broker].manifest
        rules = manifest.classes.get(instrument.asset_class)
        if rules is None:
            raise deny("broker_cannot_class", broker=manifest.title, kind=instrument.asset_class.value)
        return rules

    async def _price(self, session: BrokerSession, wish: Wish) -> _Priced:
        manifest = session.manifest
        kind = wish.query.asset_class
        if kind is not None and kind not in manifest.classes:
            raise deny("broker_cannot_class", broker=manifest.title, kind=kind.value)
        instrument = await self._instruments.resolve(session, wish.query)
        rules = self._rules(instrument)
        if instrument.currency not in _DOLLARS:
            # Sizes and limits count dollars: taken for yen they would be off by the rate.
            raise deny("other_currency", symbol=instrument.symbol, currency=instrument.currency)
        if wish.side is Side.SELL and not (rules.short and instrument.shortable):
            raise deny("broker_cannot_short", broker=manifest.title, symbol=instrument.symbol)
        order_type, limit = wish.order_type, wish.price
        reference = wish.price or wish.stop_trigger
        if reference is None:
            reference = await self._quoted(session, instrument, wish.side)
            if instrument.asset_class is AssetClass.OPTION:
                order_type, limit = OrderType.LIMIT, reference  # options are never entered at the market
        if order_type is OrderType.STOP and OrderType.STOP not in rules.order_types:
            order_type, limit = OrderType.STOP_LIMIT, wish.stop_trigger
        _check_sides(wish, reference)
        return _Priced(instrument, rules, order_type, limit, reference)

    async def _quoted(self, session: BrokerSession, instrument: Instrument, side: Side) -> Decimal:
        try:
            quote = await session.quote(instrument)
        except BrokerError as error:
            quote_or_none = (
                await self._deps.prices.quote(instrument) if self._deps.prices is not None else None
            )
            if quote_or_none is None:
                raise deny("no_price", symbol=instrument.symbol) from error
            quote = quote_or_none
        return quote.ask if side is Side.BUY else quote.bid

    async def _size(self, session: BrokerSession, wish: Wish, priced: _Priced) -> tuple[Slice, ...]:
        instrument, rules = priced.instrument, priced.rules
        tied = bool(wish.stop or wish.targets) and rules.bracket is BracketKind.NATIVE
        whole = tied and instrument.asset_class is AssetClass.EQUITY
        step = max(instrument.quantity_increment, Decimal(1)) if whole else instrument.quantity_increment
        money = wish.size
        if wish.measure is Measure.UNITS:
            money = wish.size * priced.reference * instrument.multiplier
        limits = await guard.limits_of(self._deps, self._account.user)
        if wish.measure is Measure.PERCENT:
            # A share of equity follows the account, so it is cut to the limit; an amount was chosen under it.
            share = (await self._money.read(session)).equity * wish.size / 100
            money = min(share, limits.max_order_notional)
        units = sizing.quantity(instrument, money, priced.reference, whole=whole)
        self._check_risk(wish, priced, units, limits)
        return sizing.slices(units, step, wish.targets, wish.stop, instrument.min_quantity)

    def _check_risk(self, wish: Wish, priced: _Priced, units: Decimal, limits: RiskLimits) -> None:
        entry = risk.Entry(
            signal=wish.signal,
            symbol=self._symbol(wish, priced.instrument),
            side=wish.side,
            notional=units * priced.reference * priced.instrument.multiplier,
            currency=priced.instrument.currency,
            posted_at=wish.posted_at,
        )
        active = [t for t in self._book.trades.values() if t.active]
        if wish.channel == MANUAL:
            # A person who types the same order twice means it; interaction ids catch what is sent twice.
            active = [t for t in active if t.symbol != entry.symbol]
        risk.check_entry(entry, limits, active, self._deps.clock.now())

    def _symbol(self, wish: Wish, instrument: Instrument) -> str:
        return wish.query.symbol if wish.query.option is not None else instrument.symbol

    def _trade(self, wish: Wish, priced: _Priced, parts: tuple[Slice, ...]) -> Trade:
        trade = self._bare(wish)
        waits = wish.mode is Mode.CONFIRM
        return replace(
            trade,
            symbol=self._symbol(wish, priced.instrument),
            instrument=priced.instrument,
            slices=parts,
            alerted_price=priced.reference,
            state=TradeState.AWAITING if waits else TradeState.OPENING,
            confirm_nonce=secrets.token_hex(8) if waits else "",
        )

    def _bare(self, wish: Wish) -> Trade:
        account, now = self._account, self._deps.clock.now()
        return Trade(
            id=trade_id(wish.signal, account.user, account.id),
            ref=account.ref,
            account_name=account.name,
            signal=wish.signal,
            guild=wish.guild,
            channel=wish.channel,
            author=wish.author,
            symbol=wish.query.symbol,
            side=wish.side,
            mode=wish.mode,
            environment=account.environment.value,
            state=TradeState.DENIED,
            created_at=now,
            updated_at=now,
            alerted_price=wish.price or wish.stop_trigger,
        )

    def _order(self, wish: Wish, priced: _Priced, trade: Trade, part: Slice) -> Order:
        now = self._deps.clock.now()
        leg = f"entry.{part.index}"
        intent = OrderIntent(
            id=order_id(wish.signal, leg, self._account.user, self._account.id),
            trade=trade.id,
            signal=wish.signal,
            ref=self._account.ref,
            leg=leg,
            slice=part.index,
            request=self._request(wish, priced, part, leg),
            created_at=now,
            cause=wish.cause,
            reference_price=priced.reference,
        )
        state = OrderState.AWAITING if trade.state is TradeState.AWAITING else OrderState.READY
        return Order(id=intent.id, intent=intent, state=state, updated_at=now)

    def _request(self, wish: Wish, priced: _Priced, part: Slice, leg: str) -> OrderRequest:
        tick = priced.instrument.price_increment
        native = priced.rules.bracket is BracketKind.NATIVE
        tied = native and (part.stop is not None or part.target is not None)
        return OrderRequest(
            client_order_id=client_order_id(wish.signal, leg, self._account.user, self._account.id, 1),
            instrument=priced.instrument,
            side=wish.side,
            order_type=priced.order_type,
            time_in_force=_tif(priced.rules, wish.time_in_force, tied=tied),
            effect=PositionEffect.OPEN,
            quantity=part.quantity,
            limit_price=_ticked(priced.limit, tick),
            stop_price=_ticked(wish.stop_trigger, tick),
            take_profit=_ticked(part.target, tick) if native else None,
            stop_loss=_ticked(part.stop, tick) if native else None,
            expires_at=wish.expires_at,
        )

    async def deny(self, wish: Wish, denial: Denial) -> Trade:
        """Write down that nothing was done for this member, and why."""
        trade = replace(self._bare(wish), code=denial.code, reason=denial.reason)
        if await self._deps.store.trades.insert(trade):
            await self._book.tell(
                [self._event(trade, EventKind.TRADE_DENIED, code=denial.code, reason=denial.reason)]
            )
        return trade

    def _event(self, trade: Trade, kind: EventKind, **data: str) -> Event:
        return Event(
            id=event_id(trade.id, 0, 0),
            account_key=trade.account_key,
            kind=kind,
            at=self._deps.clock.now(),
            trade=trade.id,
            signal=trade.signal,
            data={"symbol": trade.symbol, "side": trade.side.value, **data},
        )


def _ticked(price: Decimal | None, tick: Decimal) -> Decimal | None:
    return None if price is None else round_to(price, tick)


def _tif(rules: ClassRules, wanted: TimeInForce | None, *, tied: bool) -> TimeInForce:
    # A bracket's legs take its time in force: a day bracket would lose the stop overnight.
    for choice in (wanted if not tied else None, TimeInForce.GTC if tied else TimeInForce.DAY):
        if choice is not None and choice in rules.times_in_force:
            return choice
    return TimeInForce.GTC if TimeInForce.GTC in rules.times_in_force else TimeInForce.DAY


def _check_sides(wish: Wish, reference: Decimal) -> None:
    """Refuse a stop or target on the wrong side of the price it would be entered at."""
    up = wish.side is Side.BUY
    wrong_stop = wish.stop is not None and ((wish.stop >= reference) if up else (wish.stop <= reference))
    wrong_target = any((t <= reference) if up else (t >= reference) for t in wish.targets)
    if wrong_stop or wrong_target:
        raise deny("wrong_side", stop=plain(wish.stop) if wish.stop else "-", price=plain(reference))
