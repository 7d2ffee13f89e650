"""Use each broker's SDK as its own pages show it: one client for each account, nothing shared or guarded.

The synchronous SDKs are called with ``asyncio.to_thread``.
"""

import asyncio
import importlib
import json
import uuid
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from adapter_sims import PRICE, Place


class Plain:
    """Be the SDK as its own pages show it. A subclass for each broker."""

    def __init__(self, _: str, places: Sequence[Place]) -> None:
        self._places = places
        self._clients: list[Any] = []

    async def learn(self) -> None:
        """Know nothing beforehand."""

    async def listen(self) -> None:
        """Listen to nothing."""

    def lost(self) -> str:
        """Lose nothing."""
        return ""


class PlainAlpaca(Plain):
    async def open(self, index: int) -> None:
        from alpaca.trading.client import TradingClient

        place = self._places[index]
        keys = (place.fields["key_id"], place.fields["secret_key"])
        client = TradingClient(*keys, url_override=place.address)
        await asyncio.to_thread(client.get_account)
        self._clients.append(client)

    async def submit(self, index: int) -> None:
        from alpaca.trading.requests import LimitOrderRequest

        order = LimitOrderRequest(
            symbol="AAPL",
            qty=1,
            side="buy",
            time_in_force="day",
            limit_price=float(PRICE),
            client_order_id=str(uuid.uuid4()),
        )
        await asyncio.to_thread(self._clients[index].submit_order, order)


class PlainSchwab(Plain):
    async def open(self, index: int) -> None:
        with warnings.catch_warnings(record=True):  # Authlib overrules a filter while it is imported
            from schwab.auth import client_from_access_functions

        place = self._places[index]
        token = json.loads(place.fields["token"])
        client = client_from_access_functions(
            place.fields["app_key"],
            place.fields["app_secret"],
            lambda: token,
            lambda *_, **__: None,
            asyncio=True,
        )
        client.session._transport = _elsewhere(place.address, client.session._transport)
        hashes = (await client.get_account_numbers()).json()
        self._clients.append((client, hashes[0]["hashValue"]))

    async def submit(self, index: int) -> None:
        """Place, take the number from the answer, and read the order back: the answer says nothing else."""
        from schwab.orders.equities import equity_buy_limit
        from schwab.utils import Utils

        client, account = self._clients[index]
        answer = await client.place_order(account, equity_buy_limit("AAPL", 1, PRICE + ".00"))
        number = Utils(client, account).extract_order_id(answer)
        found = await client.get_order(number, account)
        assert found.json()["status"], found


def _elsewhere(address: str, inner: Any) -> Any:
    """Send what is meant for Schwab to the simulator: the SDK has its address built in."""
    import httpx

    base = httpx.URL(address)

    class Elsewhere(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            request.url = request.url.copy_with(scheme=base.scheme, host=base.host, port=base.port)
            request.headers["Host"] = base.netloc.decode()
            return await inner.handle_async_request(request)

    return Elsewhere()


class PlainIbkr(Plain):
    async def open(self, index: int) -> None:
        sdk = _ib()
        host, port = self._places[index].address.split(":")
        ib = sdk.IB()
        await ib.connectAsync(host, int(port), clientId=72, timeout=20)
        await ib.accountSummaryAsync()
        self._clients.append(ib)

    async def learn(self) -> None:
        (self._stock,) = await self._clients[0].qualifyContractsAsync(_ib().Stock("AAPL", "SMART", "USD"))

    async def submit(self, index: int) -> None:
        ib = self._clients[index]
        named = {"orderRef": str(uuid.uuid4()), "account": ib.managedAccounts()[0]}
        trade = ib.placeOrder(self._stock, _ib().LimitOrder("BUY", 1, float(PRICE), tif="DAY", **named))
        while trade.orderStatus.status in {"", "PendingSubmit", "ApiPending"}:
            await trade.statusEvent


def _ib() -> Any:
    for name in ("ib_async", "ib_insync"):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    raise ModuleNotFoundError("neither ib_async nor ib_insync is installed")


class PlainMoomoo(Plain):
    async def open(self, index: int) -> None:
        host, port = self._places[index].address.split(":")
        context = await asyncio.to_thread(self._connect, host, int(port))
        self._clients.append(context)

    def _connect(self, host: str, port: int) -> Any:
        import moomoo
        from moomoo.common.ft_logger import logger

        for one in (logger.console_logger, logger.file_logger):
            one.setLevel("CRITICAL")
        moomoo.SysConfig.set_all_thread_daemon(True)
        moomoo.SysConfig.set_proto_fmt(moomoo.ProtoFMT.Protobuf)
        context = moomoo.OpenSecTradeContext(
            filter_trdmarket=moomoo.TrdMarket.US,
            host=host,
            port=port,
            security_firm=moomoo.SecurityFirm.FUTUINC,
        )
        _good(context.accinfo_query(trd_env=moomoo.TrdEnv.SIMULATE, currency=moomoo.Currency.USD))
        return context

    async def submit(self, index: int) -> None:
        import moomoo

        context = self._clients[index]
        _good(
            await asyncio.to_thread(
                context.place_order,
                price=float(PRICE),
                qty=1,
                code="US.AAPL",
                trd_side=moomoo.TrdSide.BUY,
                order_type=moomoo.OrderType.NORMAL,
                trd_env=moomoo.TrdEnv.SIMULATE,
                remark=str(uuid.uuid4()),
            )
        )


def _good(answer: Any) -> None:
    if answer[0] != 0:
        raise RuntimeError(str(answer[1]))


class PlainKraken(Plain):
    async def open(self, index: int) -> None:
        import ccxt.async_support as ccxt

        place = self._places[index]
        client = ccxt.kraken(
            {
                "apiKey": place.fields["api_key"],
                "secret": place.fields["private_key"],
                "urls": {"api": {"public": place.address, "private": place.address}},
                "enableRateLimit": False,  # its own would wait three seconds between two calls
            }
        )
        await client.fetch_balance()
        self._clients.append(client)

    async def submit(self, index: int) -> None:
        await self._clients[index].create_order("ETH/USD", "limit", "buy", 1, float(PRICE))


class PlainCoinbase(Plain):
    async def open(self, index: int) -> None:
        import ccxt.async_support as ccxt

        place = self._places[index]
        client = ccxt.coinbase(
            {
                "apiKey": place.fields["key_name"],
                "secret": place.fields["private_key"],
                "urls": {"api": {"rest": place.address}},
                "enableRateLimit": False,
            }
        )
        # load_markets() also asks for currencies and futures, which the simulator does not have.
        found = await client.v3PublicGetBrokerageMarketProducts()
        client.set_markets([client.parse_spot_market(raw, {}) for raw in found["products"]])
        await client.fetch_balance({"v3": True})
        self._clients.append(client)

    async def submit(self, index: int) -> None:
        own = {"client_order_id": str(uuid.uuid4())}
        await self._clients[index].create_order("ETH/USD", "limit", "buy", 1, float(PRICE), own)


PLAIN: Mapping[str, Any] = {
    "alpaca": PlainAlpaca,
    "ibkr": PlainIbkr,
    "schwab": PlainSchwab,
    "moomoo": PlainMoomoo,
    "kraken": PlainKraken,
    "coinbasepro": PlainCoinbase,
}
