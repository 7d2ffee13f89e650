"""Listen to ``executions`` of the private WebSocket, version 2, in our own hands.

ccxt's own watcher reconnects without a word, leaks (issue 21369) and looks for our id in the wrong field;
what matters here is to know of every gap. docs.kraken.com/api/docs/websocket-v2/executions: a snapshot of
open orders, then updates that hold only what changed, each channel message numbered.
"""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from adapters.kit.errors import Errors
from adapters.kraken import guard, parse, texts
from adapters.kraken.client import Client
from adapters.kraken.errors import classify
from adapters.kraken.markets import Markets
from domain.errors import BrokerError
from domain.money import ZERO
from domain.orders import TERMINAL, OrderReport

_SILENCE = 30.0
"""Seconds without a word after which the socket is dead: Kraken sends a heartbeat every second."""
_SUBSCRIBED = object()


class Executions:
    """Be one listening socket. Whoever reads the orders after ``listening`` has missed nothing."""

    def __init__(self, client: Client, endpoint: str, markets: Markets, errors: Errors) -> None:
        self._client, self._endpoint = client, endpoint
        self._markets, self._errors = markets, errors
        self._known: dict[str, dict[str, Any]] = {}
        self._executed: dict[str, Decimal] = {}
        self._ws: Any = None
        self._sequence: int | None = None
        self.up = False
        self.closed = False

    async def open(self) -> None:
        """Connect and subscribe. Raises BrokerError; ``no_permission`` where the key may not."""
        token = (await self._client.read("GetWebSocketsToken", {}, self._errors)).get("token")
        http = self._client.link(self._errors).wire.http
        try:
            from aiohttp import ClientWSTimeout  # comes with ccxt

            patience = ClientWSTimeout(ws_receive=_SILENCE, ws_close=1.0)
            self._ws = await http.ws_connect(guard.stream_url(self._endpoint), heartbeat=10, timeout=patience)
            params = {"channel": "executions", "token": token, "snap_orders": True, "order_status": True}
            await self._ws.send_json({"method": "subscribe", "params": params})
        except Exception as error:  # noqa: BLE001 - classify() names it
            raise self._gap(classify(error, self._errors)) from None

    async def reports(self) -> AsyncIterator[OrderReport | str | None]:
        """Yield None once subscribed, then reports; an id where only a read can tell.

        Ends when closed by us; raises OutcomeUnknown at a gap.
        """
        try:
            while not self.closed:
                message = json.loads(await self._ws.receive_str(), parse_float=Decimal)
                for item in self._items(message):
                    yield None if item is _SUBSCRIBED else item
        except BrokerError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
            if not self.closed:
                raise self._errors.unknown(texts.STREAM_GARBLED, "stream_unreadable") from None
        except Exception:  # noqa: BLE001 - aiohttp has many ways to say that a socket is gone
            if not self.closed:
                raise self._errors.unknown(texts.STREAM_LOST, "stream_lost") from None
        finally:
            self.up = False

    async def close(self) -> None:
        """Close the socket; ``reports`` ends."""
        self.closed, self.up = True, False
        if self._ws is not None:
            await self._ws.close()

    def _gap(self, error: BrokerError) -> BrokerError:
        return error if error.code in {"unreachable", "disconnected"} else self._lost()

    def _lost(self) -> BrokerError:
        return self._errors.unknown(texts.STREAM_LOST, "stream_lost")

    def _items(self, message: Mapping[str, Any]) -> list[Any]:
        if message.get("method") == "subscribe":
            if not message.get("success"):
                raise self._errors.unknown(texts.STREAM_REFUSED, "stream_refused")
            self.up = True
            return [_SUBSCRIBED]
        if message.get("channel") != "executions":
            return []
        self._count(message.get("sequence"))
        return [item for raw in message["data"] for item in self._heard(raw)]

    def _count(self, sequence: object) -> None:
        """Raise where a message is missing between the last and this one."""
        if not isinstance(sequence, int):
            return
        if self._sequence is not None and sequence != self._sequence + 1:
            raise self._errors.unknown(texts.STREAM_LOST, "stream_gap")
        self._sequence = sequence

    def _heard(self, raw: Mapping[str, Any]) -> list[Any]:
        txid = str(raw["order_id"])
        known = self._known.setdefault(txid, {})
        known.update(raw)
        if not {"symbol", "side", "order_type", "order_qty", "order_status"} <= known.keys():
            return [txid]
        report = self._whole(parse.update(known, self._markets), raw)
        if report.state in TERMINAL:
            del self._known[txid]
        return [report]

    def _whole(self, report: OrderReport, raw: Mapping[str, Any]) -> OrderReport:
        """Name executions only where every one of the order was heard: cumulative figures tell the rest."""
        fill = parse.fill(raw)
        key = report.broker_order_id
        heard = self._executed.pop(key, ZERO) + (fill.quantity if fill else ZERO)
        if report.state not in TERMINAL:
            self._executed[key] = heard
        whole = fill is not None and heard == report.filled_quantity
        return replace(report, fills=(fill,) if whole and fill else ())
