import asyncio

from adapters.alpaca.stream import TradeFeed
from domain.accounts import Environment
from domain.broker import Credentials


class Deaf:
    """Be a stream that forgets the first cancel, as asyncio.wait_for may before Python 3.12."""

    def __init__(self):
        self.forgot = 0

    def subscribe_trade_updates(self, handler):
        """Take the handler."""

    async def _run_forever(self):
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                self.forgot += 1
                if self.forgot > 1:
                    raise

    async def close(self):
        """Close nothing."""


async def test_a_stream_that_forgets_a_cancel_is_ended_all_the_same():
    feed = TradeFeed(Credentials({"key_id": "k", "secret_key": "s"}), Environment.PAPER, "")
    deaf = Deaf()
    feed._make = lambda: deaf
    feed.join()
    await asyncio.sleep(0)
    await asyncio.wait_for(feed.close(), 5)
    assert deaf.forgot == 2
