"""Canary secrets of key services and databases: nowhere in what is said, nor in what is stored."""

import json
from pathlib import Path

import pytest
from pymongo import MongoClient

from domain.clock import SystemClock
from sim.alpaca import AlpacaSim
from sim.discord import DiscordSim
from sim.market import Market
from tests.integration.bot_process import bot
from tests.integration.kms_world import REGION, make_key, moto_server
from tests.scenario.canary import Net
from tests.servers import MongoServer

ACCESS, HIDDEN = "AKIACANARYKEPT000001", "canary/kept+secret+key'\"/0123456789abcd"
SESSION = "canary-session-token/" + "Zx9" * 20 + "=="
KEYS = {"key_id": "PKCANARYKEPT00000001", "secret_key": "canary-kept-'\"<&%+/\\=;`$-0aZ90aZ90aZ9"}


def everything_in(client: MongoClient) -> tuple[bytes, int]:
    """Dump every database byte by byte, as it was sent, and count the records."""
    from bson import encode

    dump = [
        encode(record)
        for db in client.list_database_names()
        if db not in {"admin", "local", "config"}
        for name in client[db].list_collection_names()
        for record in client[db][name].find()
    ]
    return b"".join(dump), len(dump)


@pytest.mark.timeout(120)
async def test_what_is_linked_into_mongodb_under_a_kms_key_is_in_no_dump_and_no_line(tmp_path: Path):
    net = Net()
    (tmp_path / "mongo").mkdir()
    mongo = MongoServer(tmp_path / "mongo").start()
    clock = SystemClock()
    try:
        with moto_server() as kms:
            async with DiscordSim() as discord, AlpacaSim(Market(seed=7, clock=clock), clock) as alpaca:
                app, guild = discord.add_application(), discord.add_guild("Traders")
                channel, ana = discord.add_channel(guild, "general"), discord.add_user("ana")
                discord.join(guild, ana)
                alpaca.add_account(*KEYS.values())
                given = {
                    "DISCORD_TOKEN": app.token,
                    "DISCORD_API_URL": discord.url,
                    "ALPACA_API_URL": alpaca.url,
                    "MONGODB_URI": f"mongodb://127.0.0.1:{mongo.port}/kept?directConnection=true",
                    "AWS_KMS_KEY_ID": make_key(kms),
                    "AWS_ENDPOINT_URL_KMS": kms,
                    "AWS_REGION": REGION,
                    "AWS_ACCESS_KEY_ID": ACCESS,
                    "AWS_SECRET_ACCESS_KEY": HIDDEN,
                    "AWS_SESSION_TOKEN": SESSION,
                    "BROKER_INTEGRATIONS_PREMIUM_ONLY": "false",
                    "LOG_LEVEL": "DEBUG",
                }
                for name, value in {**KEYS, "access": ACCESS, "hidden": HIDDEN, "session": SESSION}.items():
                    net.add(name, value)
                net.add("bot token", app.token)
                async with bot(tmp_path, **given) as process:
                    await process.ready(60)
                    dm = discord.dm(ana)
                    ix = await discord.slash(ana, channel, "broker add", broker="alpaca")
                    await ix.wait_message("direct message", 30)
                    panel = await discord.wait_message(dm, "paper or live", timeout=30)
                    await discord.select(ana, panel, panel.selects[0]["custom_id"], "paper")
                    panel = await discord.wait_message(dm, "your keys", timeout=30)
                    ix = await discord.click(ana, panel, "Enter keys")
                    await ix.wait(15)
                    await discord.submit(ana, ix, **KEYS)
                    half_done = await discord.wait_message(dm, "It works", timeout=30)
                    with MongoClient(mongo.uri) as client:
                        for moment in ("before it is saved", "when it is saved"):
                            dump, records = everything_in(client)
                            assert b"sealed" in dump, moment
                            assert records > 3
                            assert not net.search(f"the dump {moment}", dump), net.hits
                            if moment.startswith("before"):
                                await discord.click(ana, half_done, half_done.buttons[0])
                                await discord.wait_message(dm, "is linked", timeout=30)
                        client["kept"]["planted"].insert_one({"text": json.dumps(KEYS)})
                        assert net.search("planted", everything_in(client)[0]), "the net can catch"
                        net.hits.clear()
                    assert not net.search("output", process.output), net.hits
    finally:
        mongo.kill()
