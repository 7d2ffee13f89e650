"""Connect to one OpenD and stay so: probe, handshake under a watchdog, account, unlock, pushes."""

import asyncio
import contextlib
import hashlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from adapters.kit import hosts
from adapters.kit.errors import Errors
from adapters.kit.limits import Slot
from adapters.moomoo import keys, manifest, sdk, texts
from adapters.moomoo.errors import Reply, classify
from adapters.moomoo.sdk import Link
from adapters.moomoo.shared import Shared
from domain.accounts import Environment
from domain.broker import Credentials
from domain.errors import BrokerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Hold the one account a session is pinned to."""

    number: int
    firm: str

    @property
    def masked(self) -> str:
        """Show the last four digits."""
        return "…" + str(self.number)[-4:]


def address(credentials: Credentials, endpoint: str, errors: Errors) -> tuple[str, int]:
    """Give OpenD's host and port; the endpoint overrides the fields. Raises Denied."""
    text = endpoint or f"{credentials.get('host', '127.0.0.1')}:{credentials.get('port', '11111')}"
    try:
        parts = urlsplit(text if "//" in text else f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port:
        raise errors.denied(texts.BAD_ADDRESS, "bad_address")
    return host, port


class Gateway:
    """Make contexts for one session, one at a time."""

    def __init__(
        self,
        shared: Shared,
        credentials: Credentials,
        environment: Environment,
        place: tuple[str, int],
        allowed: Sequence[str] | None,
    ) -> None:
        self._shared, self._credentials = shared, credentials
        self._environment = environment
        self._named, self._port = place
        # What is allowed is None where the operator named the place, and no member.
        self._host, self._allowed = self._named, allowed
        self.account: Account | None = None
        self.choices: tuple[tuple[str, str], ...] = ()
        """The accounts there are, where several would do and none was named."""

    async def trade(self, lost: Callable[[], None], errors: Errors, push: Callable[[Any], None]) -> Link:
        """Connect for trading: pick the account, unlock it where it is real, listen to its orders."""
        link = await self._connect(lost, errors, trade=True)
        try:
            rows = await self.call(link, lambda: link.context.get_acc_list(), errors)
            self.account = self._pick(rows.to_dict("records"), errors)
            link.account = self.account.number
            if self._environment is Environment.LIVE:
                await self._unlock(link, self.account, errors)
            await self._listen(link, self.account, errors, push)
        except BaseException:
            await self.close(link)
            raise
        return link

    async def quotes(self, lost: Callable[[], None], errors: Errors) -> Link:
        """Connect for market data."""
        return await self._connect(lost, errors, trade=False)

    async def close(self, link: Link) -> None:
        """Close a context off the loop."""
        await asyncio.get_running_loop().run_in_executor(self._shared.pool(), link.close)

    async def call(
        self, link: Link, ask: Callable[[], Any], errors: Errors, act: str = "", slot: Slot | None = None
    ) -> Any:
        """Call the SDK in the pool. Raises BrokerError.

        The slot is freed by the answer, even if nobody waits for it any more.
        """
        loop = asyncio.get_running_loop()
        running = self._shared.pool().submit(run, ask)

        def answered(done: "Future[Reply]") -> None:
            if slot is not None:
                with contextlib.suppress(RuntimeError):  # the loop is closed: nobody counts any more
                    loop.call_soon_threadsafe(slot.unsent if done.cancelled() else slot.done)

        running.add_done_callback(answered)
        try:
            reply = await asyncio.wait_for(asyncio.wrap_future(running), manifest.TOTAL_TIMEOUT)
        except TimeoutError:
            raise errors.unknown(texts.NO_REPLY, "timeout") from None
        if reply.code == sdk.OK:
            return reply.data
        raise classify(reply, errors, act, sdk.load_closed_text())

    async def _connect(self, lost: Callable[[], None], errors: Errors, *, trade: bool) -> Link:
        await self._probe(errors)
        loop = asyncio.get_running_loop()

        def tell() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                loop.call_soon_threadsafe(lost)

        link = Link(tell)
        link.environment = self._environment
        done: asyncio.Future[None] = loop.create_future()
        # A thread of its own, and a daemon: nothing inside the SDK bounds its handshake.
        thread = threading.Thread(
            target=self._construct, args=(link, trade, loop, done), name="moomoo-connect", daemon=True
        )
        thread.start()
        try:
            await asyncio.wait_for(done, manifest.CONNECT_TIMEOUT)
        except BrokerError:
            raise
        except (TimeoutError, asyncio.CancelledError) as error:
            await self.close(link)
            if isinstance(error, asyncio.CancelledError):
                raise
        except Exception:  # noqa: BLE001 - whatever a constructor raises, no order was sent
            await self.close(link)
        if not link.up:
            await self.close(link)
            raise errors.unreachable(texts.NO_HANDSHAKE, "no_handshake")
        return link

    def _construct(
        self, link: Link, trade: bool, loop: asyncio.AbstractEventLoop, done: "asyncio.Future[None]"
    ) -> None:
        failure: BaseException | None = None
        try:
            link.key_file = keys.use(self._credentials.get("rsa_file"))
            sdk.open_context(link, trade=trade, host=self._host, port=self._port)
        except Exception as error:  # noqa: BLE001 - handed to the waiting loop
            failure = error

        def finish() -> None:
            if done.done():
                return
            if failure is None:
                done.set_result(None)
            else:
                done.set_exception(failure)

        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(finish)

    async def _probe(self, errors: Errors) -> None:
        """Reach the port first: the SDK would try for ever, and say nothing."""
        if self._allowed is not None:
            self._host = await hosts.reach(
                *(self._named, self._port, self._allowed, errors),
                refused=texts.HOST_REFUSED,
                unreachable=texts.UNREACHABLE,
            )
        try:
            _, writer = await asyncio.wait_for(
                asyncio.open_connection(self._host, self._port), manifest.PROBE_TIMEOUT
            )
        except (OSError, TimeoutError):
            raise errors.unreachable(texts.UNREACHABLE) from None
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    def _pick(self, rows: list[dict[str, Any]], errors: Errors) -> Account:
        env = "SIMULATE" if self._environment is Environment.PAPER else "REAL"
        kind = "paper" if self._environment is Environment.PAPER else "live"
        wanted = self._credentials.get("account_id")
        fit = [row for row in rows if row["trd_env"] == env and _trades_stocks(row)]
        if wanted:
            fit = [
                row for row in fit if wanted in {str(row[k]) for k in ("acc_id", "card_num", "uni_card_num")}
            ]
        if not fit:
            text = (texts.NO_SUCH_ACCOUNT if wanted else texts.NO_ACCOUNT).format(kind=kind)
            raise errors.auth(text, "unknown_account" if wanted else "no_account")
        found = [Account(number=int(row["acc_id"]), firm=str(row["security_firm"])) for row in fit]
        several = len(found) > 1 and not wanted
        self.choices = tuple((str(one.number), one.masked) for one in found) if several else ()
        return found[0]

    async def _unlock(self, link: Link, account: Account, errors: Errors) -> None:
        """Unlock trading. Not by the SDK's own method, which keeps the password to use it again."""
        password = self._credentials.get("unlock_password")
        if not password:
            return  # it may be unlocked in OpenD itself; an order will tell
        digest = hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()

        def ask() -> tuple[int, Any]:
            from moomoo.trade.trade_query import UnlockTrade

            context = link.context
            process = context._get_sync_query_processor(UnlockTrade.pack_req, UnlockTrade.unpack_rsp)
            code, text, _ = process(
                is_unlock=True,
                password_md5=digest,
                conn_id=context.get_sync_conn_id(),
                security_firm=account.firm,
            )
            return code, text

        await self.call(link, ask, errors)

    async def _listen(
        self, link: Link, account: Account, errors: Errors, push: Callable[[Any], None]
    ) -> None:
        """Subscribe to this account's orders alone, and wait for the answer, which the SDK does not."""
        loop = asyncio.get_running_loop()

        def hop(message: Any) -> None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(push, message)

        def ask() -> tuple[int, Any]:
            from moomoo.trade.trade_query import SubAccPush

            context = link.context
            context.set_handler(sdk.order_handler(hop))
            process = context._get_sync_query_processor(SubAccPush.pack_req, SubAccPush.unpack_rsp)
            code, text, _ = process(acc_id_list=[account.number], conn_id=context.get_sync_conn_id())
            return code, text

        await self.call(link, ask, errors)


def run(ask: Callable[[], Any]) -> Reply:
    """Call the SDK in this thread and follow what it sends."""
    trace = sdk.trace()
    try:
        code, data, *_ = ask()
    except BrokerError:
        raise
    except Exception as error:  # noqa: BLE001 - how far the request came is in the trace
        code, data = -1, type(error).__name__
    return Reply(code=code, data=data, trace=trace)


def _trades_stocks(row: dict[str, Any]) -> bool:
    """Tell whether an account is active and for stocks; paper accounts for options alone are not."""
    active = row["acc_status"] in {"ACTIVE", "N/A"}
    return active and row["sim_acc_type"] in {"STOCK", "STOCK_AND_OPTION", "N/A"}
