"""Hold the one connection of a session to TWS: connect, ask, wait for an answer, notice the end.

Everything runs on the loop. A request is sent only over a link that is up; whatever was sent and not answered
is OutcomeUnknown.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from adapters.ibkr import codes, guard, limits, numbers, sdk, texts
from adapters.ibkr.book import Book
from adapters.ibkr.manifest import GREETING, MANIFEST
from adapters.kit import hosts, retry
from adapters.kit.errors import Errors
from adapters.kit.limits import Limiter, Limiters, Slot
from domain.accounts import Environment
from domain.broker import Credentials, Lane, SessionDeps
from domain.errors import BrokerError
from domain.orders import OrderReport

T = TypeVar("T")
CONNECT_TIMEOUT = 4.0
"""Seconds for the greeting and the first readings together, each."""
REPLY_TIMEOUT = 10.0
"""Seconds TWS has to answer a request; it answers in milliseconds or not at all."""
_PATIENCE = {Lane.CANCEL: 30.0, Lane.EXIT: 30.0, Lane.ENTRY: 10.0, Lane.READ: 15.0}
_LIMITERS = Limiters()
_HELD = numbers.ClientIds()

Item = OrderReport | BrokerError | None


class Link:
    """Connect to TWS, again if need be, and hear what it says."""

    def __init__(self, credentials: Credentials, deps: SessionDeps) -> None:
        self._credentials, self._deps = credentials, deps
        self.book = Book(deps.clock, self._told)
        self.ib: Any = None
        self.account = ""
        self.accounts: list[str] = []
        self.client_id = int(credentials.get("client_id") or "71")
        self._own_id = self.client_id
        self.cut_off = False
        """TWS itself has lost Interactive Brokers."""
        self._cut_by = 0
        self.stale_positions = True
        self.synced_at: float | None = None
        self.listener: asyncio.Queue[Item] | None = None
        self._errors_of: dict[int, list[tuple[int, str]]] = {}
        self._probes: dict[asyncio.Future[Any], Callable[[], Any]] = {}
        self._connecting = asyncio.Lock()
        self._syncing = asyncio.Lock()
        self._closed = False
        self._taken: asyncio.Future[None] | None = None
        self._limiter: Limiter | None = None
        self._scope = ""

    # Life

    @property
    def up(self) -> bool:
        """Tell whether requests can be sent."""
        return self.ib is not None and bool(self.ib.isConnected()) and bool(self.account)

    async def ensure(self, errors: Errors) -> None:
        """Connect where not connected. Raises Unreachable, Denied or AuthFailed; nothing was sent then."""
        if self._closed:
            raise errors.unreachable(texts.DISCONNECTED, "disconnected")
        if self.up:
            return
        async with self._connecting:
            if not self.up:
                await self._connect(errors)

    async def _connect(self, errors: Errors) -> None:
        host, port = guard.address(self._credentials, self._deps.environment, self._deps.endpoint)
        if not self._deps.endpoint:
            host = await hosts.reach(
                *(host, port, self._deps.gateway_hosts, errors),
                refused=texts.HOST_REFUSED,
                unreachable=texts.UNREACHABLE,
            )
        self._limiter = self._limiter or self._make_limiter(host, port)
        try:
            ib = sdk.connection(self)
        except ImportError:
            raise errors.denied(texts.NOT_INSTALLED, "not_installed") from None
        self._hang_up()
        await self._say_hello(ib, host, port, errors)

    async def _say_hello(self, ib: Any, host: str, port: int, errors: Errors) -> None:
        assert self._limiter is not None
        if self._deps.trial:
            self.client_id = _HELD.aside(f"{host}:{port}", self._own_id)
        self.ib, self.cut_off = ib, False
        self._taken = asyncio.get_running_loop().create_future()
        self.book.round += 1
        guard.refuse(self._deps.environment, port, self._deps.endpoint)
        greeting = asyncio.ensure_future(
            ib.connectAsync(host, port, self.client_id, timeout=CONNECT_TIMEOUT, account=self._wanted())
        )
        try:
            await self._greet(greeting, errors)
            if self.ib is not ib:
                # Closed or lost meanwhile. The SDK does not stop connecting for that: left alone, its socket
                # would hold our client id for as long as this process lives.
                ib.disconnect()
                raise errors.unreachable(texts.DISCONNECTED, "disconnected")
            self._limiter.count(GREETING)
            self._scope = f"{host}:{port}/{self.client_id}"
            _HELD.take(f"{host}:{port}", self.client_id)
            ib.client.updateReqId(numbers.NUMBERS.first(self._scope, self._deps.clock.now()))
            self.accounts = list(ib.managedAccounts())
            self.account = guard.login(self._deps.environment, self.accounts, self._wanted())
        except BaseException:
            self._hang_up()
            raise
        ib.disconnectedEvent += self._lost
        # The SDK reads on where a first reading did not come in time; so each is read again when wanted.
        self.stale_positions = True
        self.synced_at = None

    async def _greet(self, greeting: "asyncio.Future[Any]", errors: Errors) -> None:
        """Wait for the greeting; TWS closes the socket on a client id in use, which the SDK waits out."""
        assert self._taken is not None
        try:
            await asyncio.wait({greeting, self._taken}, return_when=asyncio.FIRST_COMPLETED)
            if self._taken.done():
                raise errors.unreachable(texts.CLIENT_TAKEN, "client_id_in_use")
            try:
                await greeting
            except TimeoutError:
                raise errors.unreachable(texts.NO_HANDSHAKE, "no_handshake") from None
            except (OSError, ConnectionError):
                raise errors.unreachable(texts.UNREACHABLE) from None
            except sdk.load().wrapper.RequestError:
                raise errors.unreachable(texts.NO_HANDSHAKE, "no_handshake") from None
        finally:
            self._taken = None
            if not greeting.done():
                greeting.cancel()
            await asyncio.gather(greeting, return_exceptions=True)

    async def close(self) -> None:
        """Close the socket for good. Idempotent."""
        self._closed = True
        self._hang_up()
        self._fail_probes(Errors(broker=MANIFEST.slug, operation="disconnect"))
        if self.listener is not None:
            self.listener.put_nowait(None)
            self.listener = None

    def _hang_up(self) -> None:
        ib, self.ib, self.account = self.ib, None, ""
        if ib is not None:
            _HELD.give_back(self._scope)
            ib.disconnectedEvent.clear()
            with contextlib.suppress(OSError, RuntimeError):
                ib.disconnect()
            ib.wrapper.ears = _Deaf()

    def _lost(self) -> None:
        """Notice that the socket is gone: what was not answered is unknown, and the stream has a gap."""
        self._hang_up()
        errors = Errors(broker=MANIFEST.slug, operation="events")
        self._fail_probes(errors)
        self._gap()

    def _gap(self) -> None:
        self.synced_at = None
        if self.listener is not None:
            errors = Errors(broker=MANIFEST.slug, operation="events")
            self.listener.put_nowait(errors.unknown(texts.STREAM_LOST, "stream_lost"))

    def _wanted(self) -> str:
        return self._credentials.get("account").strip().upper()

    def number(self) -> int:
        """Give an order number never used before."""
        number = int(self.ib.client.getReqId())
        numbers.NUMBERS.spent(self._scope, number)
        return number

    def _make_limiter(self, host: str, port: int) -> Limiter:
        clock, ceiling = self._deps.clock, self._deps.rate_ceiling
        scope = f"{host}:{port}/{self.client_id}"
        return _LIMITERS.get(clock, scope, lambda: limits.connection(clock, ceiling))

    # Asking

    async def slots(self, lane: Lane, errors: Errors, count: int = 1) -> list[Slot]:
        """Take leave to send ``count`` messages. Raises Throttled."""
        await self.ensure(errors)
        assert self._limiter is not None
        taken: list[Slot] = []
        try:
            for _ in range(count):
                taken.append(await self._limiter.acquire(lane, errors, _PATIENCE[lane]))  # noqa: PERF401
        except BaseException:
            for slot in taken:
                slot.unsent()
            raise
        return taken

    async def read(
        self,
        start: Callable[[Any], Awaitable[T]],
        errors: Errors,
        *,
        count: int = 1,
        patience: float | None = None,
    ) -> T:
        """Ask for something, again if need be; ``start`` is handed the SDK's ``IB``."""
        return await retry.read(lambda: self._ask(start, errors, count, patience))

    async def _ask(
        self, start: Callable[[Any], Awaitable[T]], errors: Errors, count: int, patience: float | None
    ) -> T:
        slots = await self.slots(Lane.READ, errors, count)
        try:
            if not self.up:
                raise errors.unreachable(texts.UNREACHABLE)
            async with asyncio.timeout(REPLY_TIMEOUT if patience is None else patience):
                return await start(self.ib)
        except TimeoutError:
            raise errors.unknown(texts.NO_REPLY, "timeout") from None
        except ConnectionError:
            raise errors.unknown(texts.DROPPED, "dropped") from None
        finally:
            for slot in slots:
                slot.done()

    async def until(self, probe: Callable[[], T | None], errors: Errors) -> T:
        """Wait until ``probe`` gives something; it is asked after every message.

        Raises what the probe raises, OutcomeUnknown when the link is lost or TWS does not answer in time.
        """
        found = probe()
        if found is not None:
            return found
        if not self.up:
            raise errors.unknown(texts.DROPPED, "dropped")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._probes[future] = probe
        try:
            async with asyncio.timeout(REPLY_TIMEOUT):
                return await future
        except TimeoutError:
            raise errors.unknown(texts.NO_REPLY, "timeout") from None
        except ConnectionError:
            raise errors.unknown(texts.DROPPED, "dropped") from None
        finally:
            self._probes.pop(future, None)

    async def sync(self, errors: Errors) -> None:
        """Read every order anew: the open ones of all clients, today's finished ones, today's executions."""
        async with self._syncing:
            await self.ensure(errors)
            self.book.round += 1
            await self.read(lambda ib: ib.reqAllOpenOrdersAsync(), errors)
            await self.read(lambda ib: ib.reqCompletedOrdersAsync(False), errors)
            await self.read(lambda ib: ib.reqExecutionsAsync(), errors)
            self.book.vanished()
            self.synced_at = self._deps.clock.monotonic()

    def said(self, order_id: int) -> list[tuple[int, str]]:
        """Give the errors heard about an order of ours since it was last sent."""
        return self._errors_of.get(order_id, [])

    def ask_anew(self, order_id: int) -> None:
        """Forget the errors heard about an order, before something new is sent about it."""
        self._errors_of.pop(order_id, None)

    # Hearing

    def heard_order(self, contract: Any, order: Any, state: Any) -> None:
        """Hear of an order."""
        self.book.heard_order(contract, order, state.status)
        self._poke()

    def heard_status(self, client_id: int, order_id: int, perm_id: int, **told: Any) -> None:
        """Hear where an order stands."""
        self.book.heard_status(client_id, order_id, perm_id, **told)
        self._poke()

    def heard_execution(self, contract: Any, execution: Any) -> None:
        """Hear of an execution: positions are another message, that may come later."""
        self.stale_positions = True
        self.book.heard_execution(contract, execution)
        self._poke()

    def heard_commission(self, report: Any) -> None:
        """Hear what an execution cost."""
        self.book.heard_commission(report)

    def heard_completed(self, contract: Any, order: Any, state: Any) -> None:
        """Hear of an order that is over."""
        self.book.heard_completed(contract, order, state)
        self._poke()

    def heard_error(self, request: int, code: int, text: str) -> None:
        """Hear an error or a warning, of a request, of an order, or of the link itself."""
        if code == codes.TOO_FAST and self._limiter is not None:
            self._limiter.throttled(1.0)
        if code == codes.CLIENT_TAKEN and self._taken is not None and not self._taken.done():
            self._taken.set_result(None)
        elif code in codes.LINK_DOWN:
            self.cut_off, self._cut_by = True, code
        elif code in codes.LINK_BACK or (self._back_by_itself and code in codes.FARM_BACK):
            self.cut_off = False
            self._gap()
        elif request > 0:
            self._errors_of.setdefault(request, []).append((code, text))
            self._note_refusal(request, code, text)
            while len(self._errors_of) > 500:
                self._errors_of.pop(next(iter(self._errors_of)))
            self._poke()

    @property
    def _back_by_itself(self) -> bool:
        return self.cut_off and self._cut_by == codes.BROKEN

    def _note_refusal(self, request: int, code: int, text: str) -> None:
        """Keep a refusal with its order: it is rejected once its status says that it does not work."""
        record = self.book.by_order(self.client_id, request)
        if record is not None and codes.refuses(code):
            errors = Errors(broker=MANIFEST.slug, operation="submit")
            self.book.heard_refusal(record, codes.refusal(code, text, errors, record.symbol).text)

    def heard_garbage(self) -> None:
        """Hear what cannot be read: something was missed, so the link is given up and made anew."""
        asyncio.get_running_loop().call_soon(self._lost)

    def _told(self, report: OrderReport) -> None:
        if self.listener is not None:
            self.listener.put_nowait(report)

    def _poke(self) -> None:
        for future, probe in tuple(self._probes.items()):
            if future.done():
                continue
            try:
                found = probe()
            except BrokerError as error:
                future.set_exception(error)
                continue
            if found is not None:
                future.set_result(found)

    def _fail_probes(self, errors: Errors) -> None:
        for future in tuple(self._probes):
            if not future.done():
                future.set_exception(ConnectionError(errors.operation))


class _Deaf:
    """Hear nothing more of a link that was given up."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


def is_paper(deps: SessionDeps) -> bool:
    """Tell whether no real money moves."""
    return deps.environment is Environment.PAPER
