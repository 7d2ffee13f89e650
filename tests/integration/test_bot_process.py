import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest

from sim.discord import DiscordSim
from tests.integration.bot_process import ROOT, bot, free_port
from tests.support import eventually


@pytest.fixture
async def sim():
    async with DiscordSim() as sim:
        sim.app = sim.add_application()
        sim.guild = sim.add_guild("Traders")
        sim.room = sim.add_channel(sim.guild, "talk")
        sim.ana = sim.add_user("ana")
        sim.join(sim.guild, sim.ana)
        yield sim


def at(sim, **more: str) -> dict[str, str]:
    return {"DISCORD_TOKEN": sim.app.token, "DISCORD_API_URL": sim.url, **more}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_starts_answers_and_ends_cleanly_when_asked(sim, tmp_path, number, record_property):
    started = time.monotonic()
    async with bot(tmp_path, **at(sim)) as run:
        await run.ready()
        took = time.monotonic() - started
        memory = psutil.Process(run.process.pid).memory_info().rss / 1e6
        reply = await (await sim.slash(sim.ana, sim.room, "broker list")).wait()
        assert reply.ephemeral
        assert "/broker add" in reply.text
        asked = time.monotonic()
        assert await run.stop(number) == 0, run.output
        assert time.monotonic() - asked < 20
        await eventually(lambda: not sim.sessions)
        assert not sim._gateway.sessions, "closing with 1000 ends the session at Discord"
        assert not run.sentences
        assert sim.app.token not in run.output
        assert not [line for line in run.events if line["level"] in {"warning", "error", "critical"}]
    record_property("spawn to ready, s", round(took, 2))
    record_property("resident, MB", round(memory))
    assert memory < 200


async def test_discord_being_away_at_start_is_waited_out(tmp_path):
    sim, port = DiscordSim(), free_port()
    app = sim.add_application()
    sim.add_guild("Traders")
    url = f"http://127.0.0.1:{port}/api"
    async with bot(tmp_path, DISCORD_TOKEN=app.token, DISCORD_API_URL=url) as run:
        await eventually(lambda: run.logged("not connected to Discord; trying again"), 30)
        await sim.start(port)
        try:
            await run.ready()
            assert await run.stop() == 0
        finally:
            await sim.stop()
        assert "Traceback" not in run.output


async def test_it_can_be_stopped_while_discord_is_away(tmp_path):
    url = f"http://127.0.0.1:{free_port()}/api"
    async with bot(tmp_path, DISCORD_TOKEN="a.b.c", DISCORD_API_URL=url) as run:
        await eventually(lambda: run.logged("not connected to Discord; trying again"), 30)
        assert await run.stop() == 0


async def test_a_gateway_that_refuses_the_first_connections_is_waited_out(sim, tmp_path):
    sim.refuse_gateway(1)
    async with bot(tmp_path, **at(sim)) as run:
        await run.ready()
        assert await run.stop() == 0


async def test_commands_are_registered_once_and_not_at_every_start(sim, tmp_path):
    for _ in range(2):
        async with bot(tmp_path, **at(sim)) as run:
            await run.ready()
            assert await run.stop() == 0
    assert [r.method for r in sim.requests if r.path.endswith("/commands")] == ["PUT"]
    assert not sim.violations


async def test_a_second_process_on_the_same_data_is_refused(sim, tmp_path):
    async with bot(tmp_path, **at(sim)) as first:
        await first.ready()
        async with bot(tmp_path, **at(sim)) as second:
            assert await second.ended() == 1
            (sentence,) = second.sentences
            assert "already in use" in sentence
            assert "Traceback" not in second.output
        assert first.process.returncode is None


async def test_a_taken_port_is_one_sentence_with_the_next_step(sim, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with bot(tmp_path, **at(sim, PORT=str(port))) as run:
            assert await run.ended() == 1
            assert run.sentences == [
                f"Port {port} is taken by another program. Stop that program, or set PORT to a free port."
            ]
    assert not sim.requests, "nothing was said to Discord"


async def test_a_wrong_token_is_one_sentence_with_the_next_step(sim, tmp_path):
    async with bot(tmp_path, **at(sim, DISCORD_TOKEN="MTE.wrong.canary-token")) as run:
        assert await run.ended() == 2
        (sentence,) = run.sentences
        assert sentence.startswith("Discord refused the bot token.")
        assert "Reset Token" in sentence
        assert "canary" not in run.output
        assert "Traceback" not in run.output


async def test_missing_intents_are_one_sentence_with_the_next_step(tmp_path):
    async with DiscordSim() as sim:
        sim.app = sim.add_application(intents=())
        async with bot(tmp_path, **at(sim)) as run:
            assert await run.ended() == 2
            (sentence,) = run.sentences
            assert "switch on Message Content Intent" in sentence
            assert "Traceback" not in run.output


@pytest.mark.parametrize("place", ["/dev/null/data", "file/data"])
async def test_a_data_directory_that_cannot_be_written_is_one_sentence(sim, tmp_path, place):
    (tmp_path / "file").write_text("in the way")
    async with bot(tmp_path, **at(sim, DATA_DIR=place)) as run:
        assert await run.ended() == 1
        (sentence,) = run.sentences
        assert place in sentence
        assert "DATA_DIR" in sentence


@pytest.mark.parametrize("command", ["run", "doctor"])
async def test_a_redis_that_is_away_is_one_sentence_without_its_password(sim, tmp_path, command):
    url = f"redis://:canary@127.0.0.1:{free_port()}/0"
    async with bot(tmp_path, command, **at(sim, REDIS_URL=url)) as run:
        assert await run.ended() == 1
        (sentence,) = [line for line in run.sentences if "Redis at 127.0.0.1" in line]
        assert "unset REDIS_URL" in sentence
        assert "canary" not in run.output
        assert "Traceback" not in run.output


async def test_nothing_set_is_one_sentence(tmp_path):
    async with bot(tmp_path) as run:
        assert await run.ended() == 2
        (sentence,) = run.sentences
        assert sentence.startswith("DISCORD_TOKEN is not set.")


async def test_an_outage_of_an_hour_would_be_survived_as_one_of_a_second_is(sim, tmp_path):
    async with bot(tmp_path, **at(sim)) as run:
        await run.ready()
        sim.drop()
        await eventually(lambda: not sim.sessions)
        await eventually(lambda: sim.sessions, 15)
        sim.invalidate()
        await eventually(lambda: [f for f in sim.received if f["op"] == 2][1:], 20)
        await run.ready()
        assert await run.stop() == 0


async def test_doctor_finds_everything_in_order(sim, tmp_path):
    async with bot(tmp_path, "doctor", **at(sim)) as run:
        assert await run.ended() == 0, run.output
        assert run.sentences[-1] == "Everything is in order."
        assert all(line.startswith(("ok ", "note")) for line in run.sentences[:-1])
        assert {line.split(":")[0] for line in run.sentences[:-1]} >= {
            "ok   token",
            "ok   intents",
            "ok   gateway",
            "note prices",
        }
    assert not (tmp_path / "data" / "state.sqlite3").exists(), "doctor only looks"


async def test_doctor_says_what_to_fix_line_by_line(tmp_path):
    async with DiscordSim() as sim:
        sim.app = sim.add_application(intents=())
        key = tmp_path / "key"
        key.write_bytes(b"x" * 32)
        key.chmod(0o644)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            more = {
                "PORT": str(taken.getsockname()[1]),
                "VAULT_KEY_FILE": str(key),
                "DATA_DIR": "/dev/null/x",
            }
            async with bot(tmp_path, "doctor", **at(sim, **more)) as run:
                assert await run.ended() == 1
                wrong = {line.split(":")[0] for line in run.sentences if line.startswith("FIX")}
                assert wrong == {"FIX  data directory", "FIX  vault key", "FIX  port", "FIX  intents"}
                assert f"chmod 600 {key}" in run.output
                assert run.sentences[-1] == "4 to fix."
        async with bot(tmp_path, "doctor", **at(sim, DISCORD_TOKEN="wrong")) as run:
            assert await run.ended() == 1
            assert "FIX  token: Discord refused the bot token." in run.output
    async with bot(tmp_path, "doctor", **at(sim)) as run:
        assert await run.ended() == 1
        assert "FIX  Discord:" in run.output
        assert sim.app.token not in run.output
    async with bot(tmp_path, "doctor") as run:
        assert await run.ended() == 1
        assert run.sentences[0].startswith("FIX  settings: DISCORD_TOKEN is not set.")


@pytest.mark.parametrize("module", ["bot", "bot.compose", "bot.__main__"])
def test_importing_the_bot_imports_no_broker_sdk_and_no_database(module):
    code = f"import sys, {module}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in run.stdout.split()}
    heavy = {
        "alpaca",
        "ib_insync",
        "schwab",
        "moomoo",
        "ccxt",
        "boto3",
        "botocore",
        "beanie",
        "pymongo",
        "pandas",
    }
    assert not loaded & heavy


async def test_a_second_signal_ends_it_at_once(sim, tmp_path):
    async with bot(tmp_path, **at(sim)) as run:
        await run.ready()
        sim.fault("* *", delay=30)
        run.process.send_signal(signal.SIGSTOP)  # both signals wait, and arrive together
        run.process.send_signal(signal.SIGTERM)
        run.process.send_signal(signal.SIGINT)
        run.process.send_signal(signal.SIGCONT)
        assert await run.ended(10) in {0, 130}


async def test_version_and_help_need_no_settings(tmp_path):
    async with bot(tmp_path, "version") as run:
        assert await run.ended() == 0
        assert run.sentences == ["0.1.0"]
    async with bot(tmp_path, "--help") as run:
        assert await run.ended() == 0
        assert all(word in run.output for word in ("run", "doctor", "demo", "version"))
    async with bot(tmp_path, "trade") as run:
        assert await run.ended() == 2
