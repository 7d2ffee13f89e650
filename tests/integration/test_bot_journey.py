"""One member, the paper broker, the real process: direct messages and the event feed tell the same story."""

import asyncio
import contextlib
import json
import re
import signal
from decimal import Decimal

import aiohttp
import pytest

from domain.clock import SystemClock
from sim.alpaca import AlpacaSim
from sim.discord import DiscordSim
from sim.market import Market
from tests.integration.bot_process import bot
from tests.support import eventually

DATA_KEY = ("PKMARKETDATA00000001", "market-data-secret-00000000000000000000")


@pytest.fixture
async def world():
    clock = SystemClock()
    market = Market(seed=3, clock=clock)
    alpaca = AlpacaSim(market, clock)
    async with DiscordSim() as sim, alpaca:
        alpaca.add_account(*DATA_KEY, cash=Decimal(1))
        sim.alpaca, sim.market = alpaca, market
        sim.app = sim.add_application()
        sim.guild = sim.add_guild("Traders")
        sim.room = sim.add_channel(sim.guild, "talk")
        sim.ana = sim.add_user("ana")
        sim.join(sim.guild, sim.ana)
        yield sim


def settings(sim) -> dict[str, str]:
    return {
        "DISCORD_TOKEN": sim.app.token,
        "DISCORD_API_URL": sim.url,
        "ALPACA_API_URL": sim.alpaca.url,
        "ALPACA_DATA_KEY_ID": DATA_KEY[0],
        "ALPACA_DATA_SECRET_KEY": DATA_KEY[1],
    }


async def command(sim, path: str, **options: str):
    return await (await sim.slash(sim.ana, sim.room, path, **options)).wait(20)


@contextlib.asynccontextmanager
async def feed(run, token: str):
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"http://127.0.0.1:{run.port}/ws", headers=headers) as ws,
    ):
        yield ws, json.loads((await ws.receive(timeout=5)).data)


async def events_until(ws, kind: str) -> list[dict]:
    seen = []
    async with asyncio.timeout(20):
        while not seen or seen[-1].get("kind") != kind:
            seen.append(json.loads((await ws.receive()).data))
    return seen


async def test_a_trade_is_told_by_one_message_and_the_feed_also_across_a_kill(world, tmp_path):
    sim = world
    async with bot(tmp_path, **settings(sim)) as run:
        await run.ready()
        await command(sim, "broker add", broker="paper", name="Practice")
        said = (await command(sim, "api token")).text
        token = re.search(r"dte_[0-9a-f]{48}", said).group()
        async with feed(run, token) as (ws, hello):
            (key,) = hello["accounts"]
            start = hello["accounts"][key]
            await command(sim, "buy", symbol="MSFT", quantity="2")
            seen = await events_until(ws, "order.filled")
        assert [event["sequence"] for event in seen] == list(range(start + 1, start + 1 + len(seen)))
        await eventually(lambda: panels(sim))
        run.process.send_signal(signal.SIGKILL)
        await run.ended()
        assert token not in run.output
    async with bot(tmp_path, **settings(sim)) as run:
        await run.ready()
        async with feed(run, token) as (ws, _):
            await ws.send_json({"op": "resume", "since": {key: start}})
            again = await events_until(ws, "order.filled")
            assert again == seen
        await command(sim, "close", symbol="MSFT")
        await eventually(lambda: "Closed" in panels(sim)[0].text, 15)
        assert len(panels(sim)) == 1
        assert await run.stop() == 0
        assert not [line for line in run.events if line["level"] in {"error", "critical"}], run.output
    assert not sim.violations


def panels(sim):
    """Give the messages about the trade."""
    return [message for message in sim.messages(sim.dm(sim.ana)) if "MSFT" in message.text]
