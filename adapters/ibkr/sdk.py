"""Be the one place that imports the SDK: ib_insync, or ib_async, its maintained successor of the same names.

The two cannot be installed together: both bring a package ``eventkit``, and whichever came last has
overwritten the other's. ``all`` brings ib_insync, so ib_async is there only because somebody chose it
(``discord-trade-exec[ibkr-async]``, or a directory put first on the path): where both can be imported, it is
the one used.

ib_insync takes the event loop while it is imported, fails off the main thread, and calls any order cancelled
that an unknown code is about. Here its loop is always the running one, its decoder tells the link what it
read (and that it could not read), and its own view of orders is not used.
"""

import asyncio
import importlib
import logging
import warnings
from functools import cache
from typing import Any, Protocol

_MODULES = ("ib_async", "ib_insync")
_PARTS = ("client", "connection", "wrapper", "util", "ib")
_HUGE = 16 * 1024 * 1024
"""No message is this long: the stream has lost its frames."""
# One SDK or the other takes these for warnings, and lets a request that was refused with one wait for ever.
_NO_WARNING = frozenset({105, 110, 321, 329, 434})


class Ears(Protocol):
    """Hear what TWS says."""

    def heard_order(self, contract: Any, order: Any, state: Any) -> None:
        """Hear of an order."""

    def heard_status(self, client_id: int, order_id: int, perm_id: int, **told: Any) -> None:
        """Hear where an order stands."""

    def heard_execution(self, contract: Any, execution: Any) -> None:
        """Hear of an execution."""

    def heard_commission(self, report: Any) -> None:
        """Hear what an execution cost."""

    def heard_completed(self, contract: Any, order: Any, state: Any) -> None:
        """Hear of an order that is over."""

    def heard_error(self, request: int, code: int, text: str) -> None:
        """Hear an error or a warning."""

    def heard_garbage(self) -> None:
        """Hear what cannot be read."""


@cache
def load() -> Any:
    """Import the SDK; call on the loop's own thread. Raises ImportError where neither is installed."""
    # Set while importing, the SDK's own look for a loop finds the running one, on whatever thread.
    asyncio.set_event_loop(asyncio.get_running_loop())
    for name in _MODULES:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                module = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        for part in _PARTS:
            found = importlib.import_module(f"{name}.{part}")
            if hasattr(found, "getLoop"):
                found.getLoop = asyncio.get_running_loop  # type: ignore[attr-defined]
        # It logs account numbers and whole orders.
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        return module
    raise ImportError("neither ib_insync nor ib_async is installed")


def connection(ears: Ears) -> Any:
    """Make an unconnected ``IB`` that tells ``ears`` everything."""
    module = load()
    ib = module.IB()
    client_class = type(ib.client)
    extra = {"defaults": ib.wrapper.defaults} if hasattr(ib.wrapper, "defaults") else {}
    kind: Any = type(ib.wrapper)
    ib.wrapper = _tap(kind)(ib, **extra)
    ib.wrapper.ears = ears
    ib.client = client_class(ib.wrapper)
    ib.client.apiEnd += ib.disconnectedEvent
    # Its own answer to 1102 opens an account subscription that nobody closes; TWS allows two.
    ib.errorEvent -= ib._onError
    # Our own limiter sends no more than TWS takes: what the SDK queues is lost with the socket.
    ib.client.MaxRequests = 0
    ib.RaiseRequestErrors = True
    _listen(ib.client.decoder, ears)
    return ib


def _listen(decoder: Any, ears: Ears) -> None:
    """Let nothing that cannot be read be logged and forgotten."""

    def interpret(fields: list[str]) -> None:
        try:
            number = int(fields[0])
        except (ValueError, IndexError):
            ears.heard_garbage()
            return
        handler = decoder.handlers.get(number)
        if handler is None:
            return  # a kind of message younger than the SDK
        try:
            handler(fields)
        except Exception:  # noqa: BLE001 - whatever it is, a message was missed
            ears.heard_garbage()

    decoder.interpret = interpret


class _Tap:
    """Pass every message on after the SDK has taken it."""

    ears: Ears
    ib: Any
    _futures: Any
    _endReq: Any  # noqa: N815

    def openOrder(self, orderId: int, contract: Any, order: Any, orderState: Any) -> None:  # noqa: N802,N803
        super().openOrder(orderId, contract, order, orderState)  # type: ignore[misc]
        if not order.whatIf:
            self.ears.heard_order(contract, order, orderState)

    def orderStatus(self, orderId: int, status: str, *told: Any) -> None:  # noqa: N802,N803
        super().orderStatus(orderId, status, *told)  # type: ignore[misc]
        filled, _, average, perm_id, parent_id, _, client_id, *_ = told
        self.ears.heard_status(
            client_id,
            orderId,
            perm_id,
            status=status,
            filled=filled,
            average=average,
            parent_id=parent_id,
        )

    def execDetails(self, reqId: int, contract: Any, execution: Any) -> None:  # noqa: N802,N803
        super().execDetails(reqId, contract, execution)  # type: ignore[misc]
        self.ears.heard_execution(contract, execution)

    def commissionReport(self, commissionReport: Any) -> None:  # noqa: N802,N803
        super().commissionReport(commissionReport)  # type: ignore[misc]
        self.ears.heard_commission(commissionReport)

    def completedOrder(self, contract: Any, order: Any, orderState: Any) -> None:  # noqa: N802,N803
        super().completedOrder(contract, order, orderState)  # type: ignore[misc]
        self.ears.heard_completed(contract, order, orderState)

    def error(self, reqId: int, errorCode: int, errorString: str, *more: Any) -> None:  # noqa: N803
        super().error(reqId, errorCode, errorString, *more)  # type: ignore[misc]
        if errorCode in _NO_WARNING and reqId in self._futures:
            failure = load().wrapper.RequestError(reqId, errorCode, errorString)
            self._endReq(reqId, failure, success=False)
        self.ears.heard_error(reqId, errorCode, errorString)

    def tcpDataProcessed(self) -> None:  # noqa: N802
        super().tcpDataProcessed()  # type: ignore[misc]
        head = self.ib.client._data[:4]
        if len(head) == 4 and int.from_bytes(head, "big") > _HUGE:
            self.ears.heard_garbage()


@cache
def _tap(base: Any) -> Any:
    return type("Tap", (_Tap, base), {})
