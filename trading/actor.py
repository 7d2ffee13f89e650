"""Be one account: one task that plans, sends, listens and settles, one job at a time.

Everything that changes the account's orders happens here, so no two of its jobs ever race.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta

import structlog

from domain.accounts import AccountStatus, LinkedAccount
from domain.broker import BrokerSession
from domain.errors import AuthFailed, BrokerError, DomainError, StoreUnavailable
from domain.events import Event, EventKind
from domain.ids import OrderId, TradeId, event_id
from domain.orders import Order, OrderReport, OrderState, PositionEffect
from domain.signals import Reading
from domain.trades import Trade
from trading import amend, doubts, jobs, lifecycle, texts
from trading.book import AccountBook
from trading.denial import Denial
from trading.deps import TradingDeps
from trading.doubts import Finding
from trading.jobs import Job, Rank
from trading.link import Link, Links
from trading.lookups import Instruments
from trading.planner import Planner
from trading.reconcile import Reconciler
from trading.sender import Retry, Sender
from trading.steps import StepRunner

_log = structlog.get_logger(__name__)

CONNECT_PATIENCE = 10.0
"""Seconds an entry waits for a broker that is not connected."""
CANCEL_AGAIN = 0.5
"""Seconds after which a task that goes on is cancelled once more."""


class AccountActor:
    """Own one linked account for as long as this process holds its lease."""

    def __init__(self, deps: TradingDeps, account: LinkedAccount, instruments: Instruments) -> None:
        self.account = account
        self.book = AccountBook(deps, account.ref.key)
        self._deps = deps
        self._planner = Planner(deps, account, self.book, instruments)
        self._steps = StepRunner(deps, self.book)
        self._reconciler = Reconciler(deps, self.book)
        self._queue: asyncio.PriorityQueue[tuple[int, int, Job]] = asyncio.PriorityQueue()
        self._count = itertools.count()
        self._held: list[jobs.Plan | jobs.Amend] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._linking: asyncio.Task[None] | None = None
        self._link = Link(
            deps,
            account,
            Links(
                load=self.book.load,
                reconcile=self._sweep_now,
                heard=lambda report: self.put(jobs.Report(report), Rank.REPORT),
                blocked=self._blocked,
                exposed=lambda: bool(self.book.trades),
            ),
        )

    @property
    def session(self) -> BrokerSession | None:
        """Give the open session, or None while there is none."""
        return self._link.session

    @property
    def started(self) -> asyncio.Event:
        """Give what is set once the account was reconciled, or its broker found to be away."""
        return self._link.started

    def start(self) -> None:
        """Start the actor's tasks."""
        self._linking = self._spawn(self._link.run())
        for coroutine in (self._sweeps(), self._work()):
            self._spawn(coroutine)

    async def adopt(self, account: LinkedAccount) -> None:
        """Go on with what changed about the account; other keys take a new session."""
        rekeyed = account.linked_at != self.account.linked_at
        self.account = account
        self._planner.adopt(account)
        self._link.adopt(account)
        if rekeyed and self._linking is not None:
            while not self._linking.done():  # once may not be enough, as in ``stop``
                self._linking.cancel()
                await asyncio.wait([self._linking], timeout=0.1)
            self._link.forget()
            self._linking = self._spawn(self._link.run())

    async def stop(self) -> None:
        """Stop. What is in flight is left SENDING in the journal: the next start finds out."""
        left = set(self._tasks)
        while left:
            # Once may not be enough: before Python 3.12 asyncio.wait_for forgets a cancellation that comes
            # together with its answer, and SDKs wait with it.
            for task in left:
                task.cancel()
            done, left = await asyncio.wait(left, timeout=CANCEL_AGAIN)
            await asyncio.gather(*done, return_exceptions=True)
            left |= self._tasks - done
        await self._link.release()

    def put(self, job: Job, rank: Rank) -> None:
        """Ask for a job."""
        self._queue.put_nowait((rank, next(self._count), job))

    def _spawn(self, coroutine: Coroutine[object, object, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # -- around the session

    async def _sweep_now(self) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.put(jobs.Sweep(done), Rank.REPORT)
        await done

    async def _blocked(self, error: AuthFailed) -> None:
        self.account = await self._needs_reauth() or self.account
        event = Event(
            id=event_id(self.account.id, self.account.version, 0),
            account_key=self.account.ref.key,
            kind=EventKind.ACCOUNT_BLOCKED,
            at=self._deps.clock.now(),
            data={"code": error.code, "reason": error.text, "account": self.account.name},
        )
        await self.book.tell([event])

    async def _needs_reauth(self) -> LinkedAccount | None:
        """Write down that the keys are refused, on top of whatever else changes in the same moment."""
        while (current := await self._deps.store.accounts.get(self.account.id)) is not None:
            if current.status is not AccountStatus.ACTIVE:
                return current
            changed = replace(current, status=AccountStatus.NEEDS_REAUTH)
            if (written := await self._deps.store.accounts.compare_and_set(changed)) is not None:
                return written
        return None

    async def _sweeps(self) -> None:
        while True:
            await self._deps.clock.sleep(self._deps.config.poll_interval)
            try:
                await self._link.renew()
            except DomainError as error:
                _log.warning("lease_not_renewed", account=self.account.ref.key, reason=str(error))
            if self.session is not None:
                self.put(jobs.Sweep(), Rank.SWEEP)
                if self._link.keyless:
                    self._spawn(self._link.ask_again())

    # -- work

    async def _work(self) -> None:
        while True:
            _, _, job = await self._queue.get()
            try:
                await self._do(job)
            except asyncio.CancelledError:
                raise
            except StoreUnavailable:
                _log.error("store_unavailable", account=self.account.ref.key)
                jobs.fail(job, StoreUnavailable(texts.say("store_down")))
            except AuthFailed as error:
                await self._blocked(error)
                jobs.fail(job, error)
            except Exception as error:  # noqa: BLE001 - one odd job must not end the account
                _log.exception("job_failed", account=self.account.ref.key, job=type(job).__name__)
                jobs.fail(job, error)

    async def _do(self, job: Job) -> None:
        match job:
            case jobs.Report(report):
                await self._on_report(report)
            case jobs.Plan():
                await self._plan(job)
            case jobs.Amend():
                await self._amend(job)
            case jobs.Change():
                await self._change(job)
            case jobs.Send(order):
                await self._send(order)
            case jobs.Sweep(done):
                await self._sweep(done)

    async def _on_report(self, report: OrderReport) -> None:
        order = self.book.match(report)
        if order is not None:
            await self.book.take_in(order, report)
            await self._run_steps(order.trade)

    async def _plan(self, job: jobs.Plan) -> None:
        if self.account.status is not AccountStatus.ACTIVE:
            code = f"account_{self.account.status.value}"
            await self._refuse(job, Denial(code, texts.say(code, name=self.account.name)))
            return
        if self._link.keyless:
            await self._refuse(job, Denial("vault_away", texts.say("vault_away")))
            return
        session = self.session if self._link.connected.is_set() else None
        if session is None and not job.waited:
            self._hold(job)
            return
        if session is None:
            title = self._deps.adapters[self.account.broker].manifest.title
            await self._refuse(
                job, Denial("broker_unreachable", texts.say("broker_unreachable", broker=title))
            )
            return
        with self._deps.hub.busy():
            planned = await self._planner.plan(session, job, self._license)
        if planned is None:
            job.done.cancel()
            return
        if not job.done.done():
            job.done.set_result(planned.trade)
        for order in planned.ready:
            self.put(jobs.Send(order.id), Rank.ENTRY)
        if planned.licensed is not None:
            await self._carry(planned.licensed, self._sender().go(session, planned.licensed))

    async def _license(self, trade: Trade, order: Order) -> lifecycle.Change | None:
        """Let an entry go with the write that plans it, where nothing else waits for this account."""
        if not self._queue.empty() or self.book.symbol_in_doubt(order):
            return None
        return await self._sender().licence(trade, order)

    def _sender(self) -> Sender:
        return Sender(self._deps, self.account, self.book, self._link)

    async def _refuse(self, job: jobs.Plan, denial: Denial) -> None:
        if not await job.meant():
            job.done.cancel()
            return
        trade = await self._planner.deny(job.wish, denial)
        if not job.done.done():
            job.done.set_result(trade)

    def _hold(self, job: jobs.Plan | jobs.Amend) -> None:
        """Keep a job until the broker is connected, or has been away for too long; in the order asked."""
        self._held.append(job)
        if len(self._held) == 1:
            self._spawn(self._release_held())

    async def _release_held(self) -> None:
        try:
            async with asyncio.timeout(CONNECT_PATIENCE):
                await self._link.answered.wait()
        except TimeoutError:
            _log.warning("entries_waited_in_vain", account=self.account.ref.key)
        held, self._held = self._held, []
        for job in held:
            job.waited = True
            self.put(job, Rank.ASK)

    async def _amend(self, job: jobs.Amend) -> None:
        if self._held and not job.waited:
            # It may speak of an entry that waits: it is applied now to what is open, and again after that.
            self._hold(replace(job, done=asyncio.get_running_loop().create_future()))
        touched: list[Trade] = []
        for trade in list(self.book.trades.values()):
            if job.source_key and (
                trade.source_key != job.source_key or not amend.concerns(trade, job.reading)
            ):
                continue
            if job.signal and trade.signal != job.signal:
                continue
            orders = self.book.of(trade)

            def change(known: Trade, orders: Sequence[Order] = orders) -> Trade:
                if job.old is not None:
                    return amend.edited(known, job.old, job.reading, job.message)
                return amend.amended(known, job.reading, orders, job.message)

            changed = await self.book.amend(trade.id, change)
            if changed.applied != trade.applied:
                touched.append(changed)
                await self._tell_amended(changed, job.reading, job.message)
        if not job.done.done():
            job.done.set_result(touched)
        for trade in touched:
            await self._run_steps(trade.id)

    async def _tell_amended(self, trade: Trade, reading: Reading, message: str) -> None:
        await self.book.tell(
            [
                Event(
                    id=event_id(trade.id, trade.version, 1),
                    account_key=trade.account_key,
                    kind=EventKind.TRADE_AMENDED,
                    at=self._deps.clock.now(),
                    trade=trade.id,
                    signal=trade.signal,
                    data={"symbol": trade.symbol, "kind": reading.kind.value, "cause": message},
                )
            ]
        )

    async def _change(self, job: jobs.Change) -> None:
        trade = self.book.trades.get(job.trade)
        if trade is None:
            raise lifecycle.IllegalTransition(texts.say("not_your_trade"))
        if job.what in {"confirm", "decline"}:
            await self._answer(trade, job)
        elif job.what in set(Finding):
            await doubts.settle(self.book, trade, Finding(job.what), self._deps.clock.now())
        else:
            orders = self.book.of(trade)
            trade = await self.book.amend(trade.id, lambda t: amend.amended(t, job.reading, orders, job.key))
            await self._tell_amended(trade, job.reading, job.key)
        job.done.set_result(self.book.trades.get(job.trade, trade))
        await self._run_steps(trade.id)

    async def _answer(self, trade: Trade, job: jobs.Change) -> None:
        waiting = [o for o in self.book.of(trade) if o.state is OrderState.AWAITING]
        if not waiting or not job.nonce or job.nonce != trade.confirm_nonce:
            raise lifecycle.IllegalTransition(texts.say("not_waiting"))
        now = self._deps.clock.now()
        if job.what == "decline":
            reason = texts.say("declined")
            changes = [
                lifecycle.advance(o, OrderState.CANCELLED, now, code="declined", reason=reason)
                for o in waiting
            ]
            await self.book.record(changes)
            return
        await self.book.amend(trade.id, lambda t: replace(t, confirm_nonce=""))
        expires = now + timedelta(seconds=self._deps.config.limits.entry_max_age)
        written = await self.book.record([lifecycle.confirmed(o, now, expires) for o in waiting])
        for order in written:
            self.put(jobs.Send(order.id), Rank.ENTRY)

    async def _send(self, order_id: OrderId) -> None:
        order = self.book.orders.get(order_id)
        if order is None or order.state is not OrderState.READY:
            return
        closing = order.intent.request.effect is PositionEffect.CLOSE
        if self.session is None or (not closing and self.book.symbol_in_doubt(order)):
            return  # the sweep after the next connection, or after the doubt is settled, takes it up
        await self._carry(order, self._sender().send(self.session, order))

    async def _carry(self, order: Order, sending: Awaitable[Order]) -> None:
        """See an order through its sending, and what follows from how it went."""
        try:
            settled = await sending
        except Retry as later:
            closing = order.intent.request.effect is PositionEffect.CLOSE
            self._spawn(self._later(later.seconds, order.id, Rank.EXIT if closing else Rank.ENTRY))
            return
        if settled.state is OrderState.UNKNOWN:
            self._spawn(self._look_soon())
        await self._run_steps(settled.trade)

    async def _later(self, seconds: float, order: OrderId, rank: Rank) -> None:
        await self._deps.clock.sleep(seconds)
        self.put(jobs.Send(order), rank)

    async def _look_soon(self) -> None:
        await self._deps.clock.sleep(min(1.0, self._deps.config.poll_interval))
        self.put(jobs.Sweep(), Rank.REPORT)

    async def _run_steps(self, trade_id: TradeId, *, sweep: bool = False) -> None:
        trade = self.book.trades.get(trade_id)
        if trade is None or self.session is None:
            return
        for order in await self._steps.run(self.session, trade, sweep=sweep):
            self.put(jobs.Send(order), Rank.EXIT)

    async def _sweep(self, done: "asyncio.Future[None] | None") -> None:
        session = self.session
        if session is None:
            return
        try:
            await self._reconciler.settle(session)
            for trade in list(self.book.trades.values()):
                await self._run_steps(trade.id, sweep=True)
            for order in self.book.in_state(OrderState.READY):
                closing = order.intent.request.effect is PositionEffect.CLOSE
                self.put(jobs.Send(order.id), Rank.EXIT if closing else Rank.ENTRY)
        except BrokerError as error:
            if done is not None and not done.done():
                done.set_exception(error)
                return
            if isinstance(error, AuthFailed):
                raise
            _log.info("sweep_cut_short", account=self.account.ref.key, code=error.code)
        if done is not None and not done.done():
            done.set_result(None)
