"""Use the whole system as people do: the real bot as its own process, everything over sockets."""

import re
from contextlib import asynccontextmanager
from decimal import Decimal

import aiohttp
import pytest

from bot.demo.cast import ALPACA_KEYS, Walk, command, gather, link_alpaca, until
from bot.demo.stage import Stage

D = Decimal


@asynccontextmanager
async def stage(**settings):
    async with Stage(settings=settings) as made:
        made.cast = gather(made)
        await made.start_bot()
        yield made


async def follow(made, size="1000"):
    cast = made.cast
    await command(made, cast.owner, cast.channel, "channel add", channel=cast.channel, author=cast.analyst)
    options = {"channel": str(cast.channel.id), "size-kind": "fixed", "size": size, "mode": "paper"}
    return await command(made, cast.ben, cast.channel, "follow", **options)


async def test_wrong_keys_are_refused_with_a_sentence_and_the_right_ones_then_work():
    async with stage() as made:
        cast, (key, secret) = made.cast, ALPACA_KEYS
        await command(made, cast.ben, cast.channel, "broker add", broker="alpaca")
        ben = Walk(made, cast.ben, made.discord.dm(cast.ben))
        await ben.choose("Paper")
        await ben.fill("Enter keys", {"key": key, "secret": "x" * 40})
        await until(lambda: "Nothing was saved" in ben.panel.text, "the refusal of wrong keys")
        assert "Alpaca" in ben.panel.text
        assert "x" * 40 not in ben.panel.text
        await ben.fill("Enter keys", {"key": key, "secret": secret})
        await ben.choose("Save")
        await until(lambda: "is linked" in ben.panel.text, "the account")
        assert secret not in made.bot.log.read_text()
        data = b"".join(p.read_bytes() for p in (made.directory / "data").rglob("*") if p.is_file())
        assert secret.encode() not in data


@pytest.mark.parametrize(
    ("path", "options", "words"),
    [
        ("buy", {"symbol": "AAPL", "quantity": "0"}, "above zero|more than 0|greater than"),
        ("buy", {"symbol": "AAPL", "quantity": "-1"}, "above zero|more than 0|greater than|plain number"),
        ("buy", {"symbol": "AAPL", "quantity": "lots"}, "number"),
        ("buy", {"symbol": "AAPL"}, "quantity|amount"),
        ("buy", {"symbol": "ZZZZQ", "quantity": "1"}, "ZZZZQ"),
        ("sell", {"symbol": "AAPL", "quantity": "1000"}, "AAPL|short|limit"),
        ("close", {"symbol": "AAPL", "percent": "100"}, "hold no AAPL"),
        ("broker add", {"broker": "fidelity"}, "fidelity"),
    ],
)
async def test_a_wrong_word_in_a_command_gets_one_clear_sentence(shared, path, options, words):
    made = shared
    reply = await command(made, made.cast.ben, made.cast.channel, path, **options)
    text = reply.text
    shown = made.discord.messages(made.discord.dm(made.cast.ben))
    assert re.search(words, text + "".join(m.text for m in shown[-1:])), text
    assert "Traceback" not in text
    assert "Error" not in text
    assert made.alpaca.posted() == []


@pytest.fixture
async def shared():
    async with stage() as made:
        await link_alpaca(made, made.cast)
        yield made


async def test_a_members_own_events_stream_to_their_program_and_nobody_elses():
    async with stage() as made:
        cast = made.cast
        await link_alpaca(made, cast)
        await follow(made)
        tokens = {}
        for who in (cast.ben, cast.ann):
            reply = await command(made, who, cast.channel, "api token")
            tokens[who.name] = re.search(r"dte_[0-9a-f]+", reply.text).group()
            assert reply.ephemeral
        url = f"http://127.0.0.1:{made.port}/ws"
        async with aiohttp.ClientSession() as http:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await http.ws_connect(url, headers={"Authorization": "Bearer dte_nonsense"})
            assert refused.value.status == 401
            ben = await http.ws_connect(url, headers={"Authorization": f"Bearer {tokens['Ben']}"})
            ann = await http.ws_connect(url, headers={"Authorization": f"Bearer {tokens['Ann']}"})
            assert (await ann.receive_json())["accounts"] == {}
            await ben.receive_json()
            made.market.set("AAPL", D("190.00"), D("190.02"))
            await made.discord.say(cast.analyst, cast.channel, "Buying AAPL at 190.02, stop 180, target 200")
            seen = []
            while "order.filled" not in [e.get("kind") for e in seen]:
                seen.append(await ben.receive_json(timeout=15))
            events = [e for e in seen if e["type"] == "event"]
            assert [e["sequence"] for e in events] == list(range(1, len(events) + 1))
            await ann.send_json({"op": "ping"})
            assert (await ann.receive_json(timeout=5))["type"] == "pong"
            assert tokens["Ben"] not in made.bot.log.read_text()
            await ben.close()
            await ann.close()


async def test_the_same_job_runs_on_mongodb_and_redis(mongo_uri, redis_url):
    async with stage(MONGODB_URI=mongo_uri, REDIS_URL=redis_url) as made:
        await link_alpaca(made, made.cast)
        await follow(made)
        made.market.set("AAPL", D("190.00"), D("190.02"))
        await made.discord.say(
            made.cast.analyst, made.cast.channel, "Buying AAPL at 190.02, stop 180, target 200"
        )

        def held():
            return [p.quantity for p in made.alpaca.positions(ALPACA_KEYS[0])] == [D(5)]

        await until(held, "the position")
        await made.bot.kill()
        await made.start_bot()
        made.market.set("AAPL", D("200.10"), D("200.20"))
        await until(lambda: not made.alpaca.positions(ALPACA_KEYS[0]), "the target")
        ben = made.discord.dm(made.cast.ben)
        await until(
            lambda: any("Nothing is held any more" in m.text for m in made.discord.messages(ben)), "the news"
        )
        assert len(made.alpaca.posted()) == 1
        assert await made.bot.stop() == 0


async def test_a_live_account_needs_the_premium_role_and_loses_entries_but_no_exits_with_it():
    keys = ("AKLIVEDEMO0000000001", "live-demo-secret-00000000000000000000000")
    async with stage() as made:
        cast = made.cast
        made.alpaca.add_account(*keys, cash=D(100_000), live=True)
        gold = made.discord.add_role(made.guild, "Gold")
        await command(made, cast.owner, cast.channel, "premium roles", add=gold)
        await command(made, cast.ben, cast.channel, "broker add", broker="alpaca")
        ben = Walk(made, cast.ben, made.discord.dm(cast.ben))
        await ben.choose("Live")
        await ben.fill("Enter keys", {"live": "LIVE", "key": keys[0], "secret": keys[1]})
        await ben.choose("Save")
        await until(lambda: "is linked" in ben.panel.text, "the live account")
        made.market.set("AAPL", D("190.00"), D("190.02"))
        denied = await command(made, cast.ben, cast.channel, "buy", symbol="AAPL", quantity="1")
        assert "premium" in denied.text
        assert made.alpaca.posted() == []
        await made.discord.set_roles(made.guild, cast.ben, [gold])
        await command(made, cast.ben, cast.channel, "buy", symbol="AAPL", quantity="1")
        await until(lambda: bool(made.alpaca.positions(keys[0])), "the live position")
        await made.discord.set_roles(made.guild, cast.ben, [])
        denied = await command(made, cast.ben, cast.channel, "buy", symbol="MSFT", quantity="1")
        assert "premium" in denied.text
        await command(made, cast.ben, cast.channel, "close", symbol="AAPL", percent="100")
        await until(lambda: not made.alpaca.positions(keys[0]), "the exit")
