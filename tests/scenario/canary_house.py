"""Run the whole bot beside a local Discord and every pretend broker, and act in it as a member does."""

import asyncio
import base64
import contextlib
import json
import logging
import os
import secrets
import signal
import string
import sys
import warnings
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import aiohttp

from domain.clock import SystemClock
from sim.alpaca import AlpacaSim
from sim.coinbase import CoinbaseSim
from sim.coinbase.auth import ecdsa_key
from sim.discord import DiscordSim
from sim.faults import Faults
from sim.ibkr import IbkrSim
from sim.kraken import KrakenSim
from sim.market import Market
from sim.moomoo.process import OpenDProcess
from sim.schwab import SchwabSim
from tests.contract.harness import START
from tests.scenario.canary import Net
from tests.scenario.canary_web import Web

D = Decimal
ODD = "'\"<>&%+/\\ =;`$?#"
PATIENCE = 4.0
AGAIN = ("Try again", "Enter keys", "Enter the rest", "I understand")
CAPITALS = string.ascii_uppercase + string.digits


def rnd(length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    """Give a random text of an alphabet."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


@dataclass(slots=True, kw_only=True)
class Person:
    """Be a member with one set of keys of one broker."""

    user: Any
    broker: str
    environment: str
    values: Mapping[str, str]
    secret: tuple[str, ...]
    known: list[str] = field(default_factory=list)
    """What the bot was told so far."""


class House:
    """Hold the world. Everything that leaves the process ends up in ``folder`` or in the simulators."""

    def __init__(self, folder: Path, *, moomoo: bool = False, web: bool = False) -> None:
        self.folder = folder
        self.web = Web(self) if web else None
        self.moomoo = moomoo
        self.net = Net()
        self.clock = SystemClock()
        self.market = Market(seed=7, clock=self.clock)
        self.discord = DiscordSim(clock=self.clock)
        self.alpaca = AlpacaSim(self.market, self.clock, faults=Faults(), rate_limit=None)
        self.kraken = KrakenSim(self.market, self.clock, faults=Faults(), counter=None)
        self.coinbase = CoinbaseSim(self.market, self.clock, faults=Faults(), rate_limit=None)
        self.schwab = SchwabSim(self.market, self.clock, faults=Faults(), app_limit=None)
        self.ibkr = IbkrSim(self.market, self.clock, faults=Faults())
        self.process: dict[str, str] = {}
        self.people: dict[str, Person] = {}
        self.bare = (folder / "bare.log").open("w")
        self.task: Any = None
        self.house: Any = None
        self.replies: list[str] = []
        self.errors: list[str] = []
        self.restarts = -1
        self.at = ""
        self.masked = 0
        self.offsets: dict[str, int] = {}
        self.shown_once: set[str] = set()
        self.held: list[str] = []
        """What the vault has opened since the bot was started."""

    # Life

    @cached_property
    def opend(self) -> OpenDProcess:
        """Give the pretend OpenD, a process of its own."""
        return OpenDProcess()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["House"]:
        """Start the simulators and the bot, and end them."""
        for symbol, prices in START.items():
            self.market.set(symbol, *(D(price) for price in prices))
        sims = (self.discord, self.alpaca, self.kraken, self.coinbase, self.schwab, self.ibkr)
        for sim in sims:
            await sim.start()
        try:
            self._people_it()
            self._configure()
            await self.start()
            yield self
        finally:
            await self.stop()
            for sim in reversed(sims):
                await sim.stop()
            if self.moomoo:
                self.opend.stop()

    def _people_it(self) -> None:
        sim = self.discord
        self.app = sim.add_application()
        self.guild = sim.add_guild("Traders")
        self.channel = sim.add_channel(self.guild, "general")
        self.process = {
            "DISCORD_TOKEN": self.app.token,
            "METRICS_TOKEN": rnd(30) + "'\"+/%",
            "ALPACA_DATA_KEY_ID": "PK" + rnd(18, CAPITALS),
            "ALPACA_DATA_SECRET_KEY": rnd(40),
        }
        if self.web:
            self.process |= self.web.secrets()
        for name, value in self.process.items():
            self.net.add(name, value)
        self.alpaca.add_account(
            self.process["ALPACA_DATA_KEY_ID"], self.process["ALPACA_DATA_SECRET_KEY"], cash=D(1)
        )

    def _configure(self) -> None:
        os.environ.update(
            self.process,
            DISCORD_API_URL=self.discord.url,
            ALPACA_API_URL=self.alpaca.url,
            KRAKEN_API_URL=self.kraken.url,
            COINBASEPRO_API_URL=self.coinbase.url,
            SCHWAB_API_URL=self.schwab.url,
            IBKR_API_URL=f"tcp://{self.ibkr.address}",
            BROKER_INTEGRATIONS_PREMIUM_ONLY="false",
            MEMBERSHIP_TIERS='{"free": {"accounts": null}}',
            DATA_DIR=str(self.folder / "data"),
            HOST="127.0.0.1",
            PORT="0",
            LOG_LEVEL="DEBUG",
        )
        if self.web:
            os.environ.update(self.web.settings())
        if self.moomoo:
            os.environ["MOOMOO_API_URL"] = f"tcp://{self.opend.endpoint}"
        os.chdir(self.folder)

    async def start(self) -> None:
        """Start the bot as its command line does; its logs go to stderr, in both formats, at DEBUG."""
        from bot import compose, harden, lifecycle, logs
        from bot.settings import load

        settings = load()
        harden.protect_memory()
        redactor = logs.configure(level="DEBUG", json=False, secrets=settings.secrets, stream=sys.stderr)
        console = logging.getLogger().handlers[0]
        logs.configure(level="DEBUG", json=True, secrets=(), redactor=redactor, stream=sys.stderr)
        bare = logging.StreamHandler(self.bare)
        bare.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
        for handler in (console, bare):
            logging.getLogger().addHandler(handler)
        logs.take_over()
        warnings.simplefilter("default")
        self.redactor = redactor
        self.last_words = logs.write_crash
        self._listen_to_the_vault()
        self.restarts += 1
        try:
            self.house = await compose.build(settings, redactor, "canary")
        except BaseException as error:  # noqa: BLE001 - what a command that ends so writes down
            logs.write_crash(error, "canary")
            self.task = None
        else:
            self.task = asyncio.create_task(lifecycle.run(self.house))
        await self.up()

    def _listen_to_the_vault(self) -> None:
        """Note what the bot holds in plain, which after a restart is what it has opened, and no more."""
        from vault.vault import EnvelopeVault

        self.held.clear()
        for person in self.people.values():
            person.known.clear()
        if hasattr(EnvelopeVault, "silent_open"):
            return
        EnvelopeVault.silent_open = EnvelopeVault._open

        async def opening(vault: Any, binding: Any, blob: bytes) -> str:
            value = await vault.silent_open(binding, blob)
            self.held.append(value)
            return value

        EnvelopeVault._open = opening

    async def stop(self) -> None:
        """End the bot as SIGTERM does."""
        if self.task is None:
            return
        if not self.task.done():
            os.kill(os.getpid(), signal.SIGTERM)
        try:
            async with asyncio.timeout(25):
                await self.task
        except Exception as error:  # noqa: BLE001 - as bot/__main__.py does
            self.last_words(error, "canary")
        except BaseException as error:  # noqa: BLE001 - Python's own hook prints it
            sys.excepthook(type(error), error, error.__traceback__)
        self.task = None

    async def up(self) -> None:
        """Wait until the bot can be spoken to; start it again when it ended."""
        deadline = self.clock.monotonic() + 5
        while True:
            if self.task is None or self.task.done():
                await self.stop()
                await self.start()
                return
            bot = self.house.connection.bot
            connected = bot is not None and bot.gateway_up and any(self.discord.sessions)
            if self.house.trading.ready and connected and self.app.synced:
                return
            if self.clock.monotonic() > deadline:
                state = f"recovered {self.house.trading.ready}, on Discord {bot and bot.gateway_up}"
                self.errors.append(f"not up after {self.at}: {state}")
                await self.stop()
                await self.start()
                return
            await asyncio.sleep(0.02)

    @property
    def services(self) -> Any:
        """Give what cogs call."""
        return self.house.connection.bot.services

    @property
    def api(self) -> str:
        """Give the address of the API."""
        return f"http://127.0.0.1:{self.house.api.port}"

    # People

    def member(self, broker: str) -> Person:
        """Make a member with fresh keys that the broker knows."""
        user = self.discord.add_user(f"{broker}-{rnd(5)}")
        self.discord.join(self.guild, user)
        environment, values, secret = getattr(self, f"_keys_{broker}")()
        person = Person(user=user, broker=broker, environment=environment, values=values, secret=secret)
        number = sum(p.broker == broker for p in self.people.values()) + 1
        self.people[f"{broker} {number}"] = person
        for name in secret:
            self.net.add(f"{broker} {number} {name}", values[name])
        return person

    def _keys_alpaca(self) -> Any:
        keys = {"key_id": "PK" + rnd(18, CAPITALS), "secret_key": rnd(20) + "'\"<&%+/\\=;`$" + rnd(20)}
        self.alpaca.add_account(keys["key_id"], keys["secret_key"])
        return "paper", keys, tuple(keys)

    def _keys_kraken(self) -> Any:
        keys = {
            "api_key": base64.b64encode(secrets.token_bytes(42)).decode(),
            "private_key": base64.b64encode(b"\xff\xfb" + secrets.token_bytes(62)).decode(),
        }
        self.kraken.add_account(keys["api_key"], keys["private_key"])
        return "live", keys, tuple(keys)

    def _keys_coinbasepro(self) -> Any:
        pair = ecdsa_key()
        self.coinbase.add_account(pair)
        keys = {"key_name": pair.name, "private_key": pair.secret}
        return "live", keys, tuple(keys)

    def _keys_schwab(self) -> Any:
        keys = {"app_key": rnd(32), "app_secret": f"{rnd(10)}'\"&%+\\{rnd(6)}"}
        self.schwab.add_login(keys["app_key"], keys["app_secret"], rnd(8, "123456789"))
        return "live", keys, tuple(keys)

    def _keys_ibkr(self) -> Any:
        keys = {"host": "127.0.0.1", "port": "7497", "client_id": "71", "account": "DU1234567"}
        return "paper", keys, ()

    def _keys_moomoo(self) -> Any:
        keys = {"host": "127.0.0.1", "port": "11111", "unlock_password": f"pä✓'\"<{rnd(12)}"}
        self.opend.ask("reset", cash="100000", prices=START, password=keys["unlock_password"])
        return "live", keys, ("unlock_password",)

    def fresh_code(self, person: Person) -> dict[str, str]:
        """Sign in at the pretend Schwab: a code works once."""
        from sim.schwab.consent import ConsentApi

        login = self.schwab.world.apps[person.values["app_key"]].logins[0]
        back = ConsentApi(self.schwab.world).back(login, "https://127.0.0.1", {})
        code = back.partition("code=")[2].partition("&")[0]
        self.net.add(f"code {len(self.net.names)}", code)
        return {"redirect_url": back}

    def known(self) -> Sequence[str]:
        """Give the secrets the bot holds now, the newest first: what an exception might quote."""
        typed = [value for person in self.people.values() for value in person.known]
        came = self.web.told[::-1][:8] if self.web else ()
        newest = dict.fromkeys([*came, *typed[::-1][:6], *self.held[::-1][:6]])
        return [*newest, *list(self.process.values())[:2]]

    # Acting

    async def command(self, person: Person, path: str, **options: Any) -> Any:
        """Run a slash command and wait for what is shown; None where nothing was."""
        ix = await self.discord.slash(person.user, self.channel, path, **options)
        return await self.shown(ix)

    async def shown(self, ix: Any, timeout: float = PATIENCE) -> Any:
        """Wait for the visible answer to one action."""
        try:
            reply = await ix.wait(timeout)
        except AssertionError:
            return None
        return None if reply.kind == "deferred" else reply

    async def fetch(self, path: str, **headers: str) -> None:
        """Ask the API, and keep what it answers."""
        async with aiohttp.ClientSession() as http, http.get(self.api + path, headers=headers) as answer:
            told = f"{answer.status} {dict(answer.headers)!r} {await answer.text()}"
            self.net.search(f"the API's answer to {path}", told)

    # Looking

    def collect(self, name: str) -> None:
        """Search what was put out since the last time, by where; what goes to a broker is not among it."""
        for where, content in self._put_out():
            self.net.search(f"{where} ({name})", content)
        self.bare.flush()
        raw = Net()
        for secret, value in self.net.names.items():
            raw.add(secret, value)
        self.masked += len(raw.search("before masking", self._more("bare.log")))

    def _put_out(self) -> Iterator[tuple[str, bytes | str]]:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        yield "stdout", self._more("stdout")
        yield "stderr", self._more("stderr")
        files = [path for path in sorted((self.folder / "data").rglob("*")) if path.is_file()]
        for path in files:
            yield f"data/{path.name}", path.read_bytes()
        yield "file names", "\n".join(str(path) for path in files)
        requests = list(self.discord.requests)
        self.discord.requests.clear()
        for request in requests:
            told = (request.method, request.path, request.query, request.headers, request.answer)
            body = json.dumps(request.body, ensure_ascii=False)
            text = f"{told!r} {body} {[file.content for file in request.files]}"
            text = self.web.without_links(text) if self.web else text
            shown = {token for token in self.shown_once if token in text}
            self.shown_once -= shown  # a token is shown in one message, and in no other
            if not shown:
                yield f"request to Discord {request.route}", text
        yield "gateway frames", repr(self.discord.received)
        yield "arguments", Path("/proc/self/cmdline").read_bytes()

    def _more(self, name: str) -> bytes:
        """Give what was written to a file since it was looked at last, and a little before."""
        path = self.folder / name
        if not path.exists():
            return b""
        with path.open("rb") as file:
            file.seek(max(0, self.offsets.get(name, 0) - 4000))
            content = file.read()
            self.offsets[name] = file.tell()
        return content
