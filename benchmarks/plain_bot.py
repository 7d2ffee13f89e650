"""Be the bot with nothing of ours in it: each message of the channel is one fixed order of each account.

``plain_bot.py STAMPS PLAN``: PLAN is a JSON file with token, API address, Alpaca's address, channel and keys.
Beside it stands what a careful bot cannot leave out: reading, limits, sizing, a journal, once-only sending.
"""

import asyncio
import contextlib
import json
import signal
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import discord
import probes

from bot.endpoint import point_gateway, point_rest


class PlainBot(discord.AutoShardedClient):
    """Hear a message, hand the order to alpaca-py on a thread."""

    def __init__(self, plan: dict[str, Any]) -> None:
        from alpaca.trading.client import TradingClient

        intents = discord.Intents.none()
        intents.guilds = intents.guild_messages = intents.message_content = True
        super().__init__(
            intents=intents,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
        )
        self.channel = int(plan["channel"])
        self.order = plan["order"]
        self.threads = ThreadPoolExecutor(64)
        self.clients = [
            TradingClient(key, secret, paper=True, url_override=plan["alpaca"])
            for key, secret in plan["keys"]
        ]

    async def launch_shards(self) -> None:
        """Take the gateway's address from the server at hand, as the real bot does."""
        count, url, _ = await self.http.get_bot_gateway()
        self.shard_count = count
        point_gateway(url)
        await super().launch_shards()

    async def on_message(self, message: discord.Message) -> None:
        """Send the order of every account."""
        if message.channel.id != self.channel:
            return
        probes.stamp("submit")
        loop = asyncio.get_running_loop()
        calls = [
            loop.run_in_executor(self.threads, client.submit_order, self._request(message.content))
            for client in self.clients
        ]
        await asyncio.gather(*calls)

    def _request(self, text: str) -> Any:
        from alpaca.trading.enums import OrderClass, OrderSide, TimeInForce
        from alpaca.trading.requests import LimitOrderRequest, StopLossRequest, TakeProfitRequest

        order, words = self.order, text.replace(",", "").split()
        return LimitOrderRequest(
            symbol=words[1],
            qty=order["qty"],
            side=OrderSide.BUY,
            time_in_force=TimeInForce.GTC,
            order_class=OrderClass.BRACKET,
            limit_price=order["limit"],
            take_profit=TakeProfitRequest(limit_price=order["target"]),
            stop_loss=StopLossRequest(stop_price=words[5]),
            client_order_id=str(uuid.uuid4()),
        )


async def run(plan: dict[str, Any]) -> None:
    """Be connected until SIGTERM."""
    bot = PlainBot(plan)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: asyncio.ensure_future(bot.close()))
    with contextlib.suppress(asyncio.CancelledError):
        await bot.start(plan["token"])


def main() -> None:
    """Run, then leave the stamps."""
    plan = json.loads(Path(sys.argv[2]).read_text())
    point_rest(plan["discord"])
    probes.note_listener("PlainBot.on_message")
    probes.note_sdk()
    try:
        asyncio.run(run(plan))
    finally:
        probes.write(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
