"""Load moomoo's SDK tamed, and bend its contexts so that they cannot surprise.

What is bent, each a trap of shared/reference/brokers.md section 4: the constructor that retries for ever,
silent reconnects, an account list asked for before every call, the market taken from the account's first
permission, and answers of which only a text remains.
"""

import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from adapters.moomoo import manifest
from domain.accounts import Environment

OK = 0
UNSENT = frozenset({"Connect timeout"})
"""What the SDK says when it gave up before sending; its word for a closed connection joins on loading."""
_LOCK = threading.Lock()
_KEY_LOCK = threading.Lock()
_TRACES = threading.local()


@dataclass(slots=True, kw_only=True)
class Step:
    """Follow one request of a call; ``answer`` is OpenD's result type, None without an answer."""

    name: str
    answer: int | None = None


@dataclass(slots=True, kw_only=True)
class Trace:
    """Follow one call of the SDK through its requests, in the thread that makes it."""

    steps: list[Step] = field(default_factory=list)
    wrong_account: bool = False

    def of(self, name: str) -> Step | None:
        """Give the request of a name, if the call came to pack it."""
        return next((step for step in self.steps if step.name == name), None)


class Link:
    """Be told what becomes of one context, from whatever thread."""

    def __init__(self, lost: Callable[[], None]) -> None:
        self._lost = lost
        self.context: Any = None
        self.up = False
        self.closing = False
        self.environment = Environment.PAPER
        self.account = 0
        self.key_file = ""
        """The RSA key of this session's OpenD; empty for a plain connection."""
        self.armed = False

    @property
    def trd_env(self) -> str:
        """Give the environment in the SDK's words."""
        return "SIMULATE" if self.environment is Environment.PAPER else "REAL"

    def went_down(self) -> None:
        """Note that the connection is gone."""
        was, self.up = self.up, False
        if was and not self.closing:
            self._lost()

    def close(self) -> None:
        """Close the context, half-made ones included. Called in a thread: it takes the SDK's lock."""
        self.closing, self.up = True, False
        if self.context is not None:
            self.context.close()
            # A connection that failed leaves the callback thread behind.
            self.context._close_callback_executor()


def trace() -> Trace:
    """Start to follow the calls of this thread."""
    _TRACES.current = Trace()
    return _TRACES.current  # type: ignore[no-any-return]


def load() -> Any:
    """Import the SDK, once, and never in the main thread: there it replaces Ctrl-C by an instant exit.

    Raises ImportError without the SDK, KeyError or OSError without a writable home directory.
    """
    if threading.current_thread() is threading.main_thread():
        raise RuntimeError("moomoo's SDK is imported in a thread only")
    with _LOCK:
        return _load()


@cache
def _load() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import moomoo
        from moomoo.common.ft_logger import logger
        from moomoo.common.network_manager import NetManager

        # It prints every connection to the terminal, and files every request.
        for one in (logger.console_logger, logger.file_logger):
            one.setLevel("CRITICAL")
        logger._console_level = logger._file_level = 50
        moomoo.SysConfig.set_all_thread_daemon(True)
        # JSON breaks with protobuf 7.
        moomoo.SysConfig.set_proto_fmt(moomoo.ProtoFMT.Protobuf)
        NetManager.default()
    return moomoo


class _Tamed:
    """Mixed in before one of the SDK's contexts."""

    _link: Link
    # Reading it is always False: the constructor tries once, and a lost connection stays lost, loudly.
    _auto_reconnect = property(lambda _: False, lambda _, __: None)

    def __init__(self, link: Link, **options: Any) -> None:
        self._link = link
        link.context = self
        super().__init__(**options)

    def is_encrypt(self) -> bool:
        return self._link.armed and bool(self._link.key_file)

    def _init_connect_sync(self) -> Any:
        self._link.armed = True  # until here the constructor insists on a key for the whole process
        return super()._init_connect_sync()  # type: ignore[misc]

    def _query_sync(self, pack_func: Any, unpack_func: Any, **facts: Any) -> Any:
        def pack(**given: Any) -> Any:
            # With a key file set anywhere, the SDK encrypts every handshake of the process: so it is set
            # only while an encrypted session packs its own.
            config = load().SysConfig
            with _KEY_LOCK:
                config.INIT_RSA_FILE = self._link.key_file
                try:
                    return pack_func(**given)
                finally:
                    config.INIT_RSA_FILE = ""

        return super()._query_sync(pack, unpack_func, **facts)  # type: ignore[misc]

    def on_api_socket_reconnected(self) -> tuple[int, str]:
        return OK, ""

    def on_disconnect(self, *args: Any) -> None:
        self._link.went_down()
        super().on_disconnect(*args)  # type: ignore[misc]

    def _get_sync_query_processor(self, pack_func: Any, unpack_func: Any) -> Any:
        name = pack_func.__self__.__name__

        def pack(**facts: Any) -> Any:
            self._guard(facts)
            packed = pack_func(**facts)
            _current().steps.append(Step(name=name))
            return packed

        def unpack(reply: Any) -> Any:
            _current().steps[-1].answer = int(reply.retType)
            return unpack_func(reply)

        return super()._get_sync_query_processor(pack, unpack)  # type: ignore[misc]

    def _guard(self, facts: dict[str, Any]) -> None:
        """Let nothing be packed for another environment or account than the session's."""
        wrong = facts.get("trd_env", self._link.trd_env) != self._link.trd_env
        if "acc_id" in facts:
            wrong = wrong or not self._link.account or facts["acc_id"] != self._link.account
        if wrong:
            _current().wrong_account = True
            raise PermissionError("not the account of this session")


class _TamedTrade(_Tamed):
    def _check_acc_id_and_acc_index(
        self, trd_env: str, acc_id: int, _index: int
    ) -> tuple[int, str, int, list[str]]:
        """Answer without asking OpenD; the market is the US, whichever permission the account lists first."""
        self._guard({"trd_env": trd_env, "acc_id": acc_id})
        return OK, "", acc_id, ["US"]


def _current() -> Trace:
    return getattr(_TRACES, "current", None) or trace()


@cache
def _classes() -> tuple[Any, Any]:
    sdk = load()
    return (
        type("TradeContext", (_TamedTrade, sdk.OpenSecTradeContext), {}),
        type("QuoteContext", (_Tamed, sdk.OpenQuoteContext), {}),
    )


def open_context(link: Link, *, trade: bool, host: str, port: int) -> None:
    """Connect one context, in this thread; ``link.up`` tells whether it worked. No default is trusted."""
    sdk = load()
    trade_class, quote_class = _classes()
    options: dict[str, Any] = {
        "host": host,
        "port": port,
        "is_encrypt": False,  # decided by the link, see _Tamed
        "security_firm": sdk.SecurityFirm.NONE,
    }
    if trade:
        trade_class(link, filter_trdmarket=sdk.TrdMarket.US, **options)
    else:
        quote_class(link, is_async_connect=False, **options)
    context = link.context
    context._query_timeout = manifest.QUERY_TIMEOUT
    context.set_sync_query_connect_timeout(1)
    link.up = context._is_ready() and not link.closing
    if link.closing:
        link.close()


def load_closed_text() -> str:
    """Give the SDK's word for a closed connection: it says so before sending."""
    from moomoo.common.err import Err

    return str(Err.ConnectionClosed.text)


def order_handler(hop: Callable[[Any], None]) -> Any:
    """Make a handler of order pushes that hands the raw message over: the SDK's own drops the account."""
    from moomoo import TradeOrderHandlerBase

    class Handler(TradeOrderHandlerBase):  # type: ignore[misc]
        def on_recv_rsp(self, rsp_pb: Any) -> tuple[int, Any]:
            hop(rsp_pb)
            return OK, None

    return Handler()
