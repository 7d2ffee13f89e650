"""Put a bot between a local Discord and a local Alpaca, post messages, and keep where the time went."""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.compose import make_data_dir
from bot.demo.stage import BotProcess, Stage
from domain.accounts import Environment, Follow, LinkedAccount, RiskLimits, SizeKind, Source
from domain.clock import SystemClock
from domain.ids import AuthorId, ChannelId, GuildId, UserId
from domain.trades import Mode
from store import open_store
from vault.keys import KeyFile
from vault.vault import EnvelopeVault

HERE = Path(__file__).resolve().parent
SYMBOLS = ("AAPL", "MSFT", "TSLA", "NVDA", "AMD", "AMZN", "GOOGL", "META", "NFLX", "PLTR", "SPY", "QQQ")
D = Decimal
ORDER = {"qty": "8", "limit": "118.20", "target": "124"}
TEXT = "Buying {symbol} at 118.20, stop {stop}, target 124"
SIZE = D(1000)


@dataclass(slots=True)
class Passage:
    """Hold one message: when its frame was written, and when each order's body had arrived, in ns."""

    written: int
    arrived: list[int]
    stamps: list[tuple[str, str, int, int]] = field(default_factory=list)

    def first(self, name: str) -> int:
        """Give when something first began."""
        return min(begin for kind, _, begin, _ in self.stamps if kind == name)


class Script(BotProcess):
    """Run one of the scripts beside this file in the bot's place."""

    def command(self, *argv: str) -> "Script":
        """Say what to run."""
        self._argv = argv
        return self

    async def start(self, **extra: str) -> None:
        """Start it; its words go to the log."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, *self._argv),
                cwd=self.directory,
                env={"PATH": "/usr/bin:/bin", **self.settings, **extra},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.starts += 1


class Rig:
    """Be one stage with ``followers`` Alpaca accounts, and the real or the plain bot on it."""

    def __init__(self, *, seed: int, followers: int, plain: bool) -> None:
        self.stage = Stage(seed=seed, settings={"ALPACA_RATE_LIMIT": "1000000", "LOG_LEVEL": "WARNING"})
        self.followers, self.plain = followers, plain
        self.posted = 0
        self.passages: list[Passage] = []

    async def __aenter__(self) -> "Rig":
        """Start everything and wait until the bot is there."""
        await self.stage.__aenter__()
        stage = self.stage
        stage.alpaca.rate_limit = None
        self.analyst = stage.discord.add_user("Casey")
        stage.discord.join(stage.guild, self.analyst)
        self.channel = stage.discord.add_channel(stage.guild, "alerts")
        self.keys = [(f"PKBENCH{n:013d}", f"bench-secret-{n:027d}") for n in range(self.followers)]
        for key, secret in self.keys:
            stage.alpaca.add_account(key, secret, cash=D(10**7))
        self.stamps = stage.directory / "stamps.json"
        await (self._start_plain() if self.plain else self._start_real())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop the bot gently, and read its stamps."""
        await self.stage.bot.stop()
        if self.stamps.exists():
            self._sort_in([tuple(s) for s in json.loads(self.stamps.read_text())])
        await self.stage.__aexit__(None, None, None)

    async def _start_plain(self) -> None:
        stage = self.stage
        plan = stage.directory / "plan.json"
        plan.write_text(
            json.dumps(
                {
                    "token": stage.app.token,
                    "discord": stage.discord.url,
                    "alpaca": stage.alpaca.url,
                    "channel": self.channel.id,
                    "keys": self.keys,
                    "order": ORDER,
                }
            )
        )
        argv = (str(HERE / "plain_bot.py"), str(self.stamps), str(plan))
        stage.bot = Script(stage.directory, {}).command(*argv)
        await stage.bot.start()
        await stage.discord.ready(stage.app, commands=False, timeout=30)
        await asyncio.sleep(3)  # discord.py waits two seconds for more guilds

    async def _start_real(self) -> None:
        stage = self.stage
        data = stage.directory / "data"
        make_data_dir(data)
        await self._seed_store(data)
        argv = (str(HERE / "probed_bot.py"), str(self.stamps))
        stage.bot = Script(stage.directory, stage.bot.settings).command(*argv)
        await stage.start_bot()
        await asyncio.sleep(2)

    async def _seed_store(self, data: Path) -> None:
        """Write what linking and following would have written: fifty wizards would take minutes."""
        clock = SystemClock()
        vault = EnvelopeVault(KeyFile.create(data / "vault.key"), clock)
        store = await open_store(data_dir=data)
        now, guild, channel = clock.now(), str(self.stage.guild.id), str(self.channel.id)
        await store.sources.insert(
            Source(
                id=f"{guild}/{channel}",
                guild=GuildId(guild),
                channel=ChannelId(channel),
                authors=(AuthorId(str(self.analyst.id)),),
                added_by=UserId("1"),
                added_at=now,
            )
        )
        for number, (key, secret) in enumerate(self.keys):
            user = UserId(str(self._member(number)))
            account = f"bench{number:04d}"
            fields = {"key_id": key, "secret_key": secret}
            sealed = await vault.seal(user=user, broker="alpaca", account=account, fields=fields)
            await store.accounts.insert(
                LinkedAccount(
                    id=account,
                    user=user,
                    broker="alpaca",
                    name="Alpaca",
                    environment=Environment.PAPER,
                    sealed=sealed,
                    is_default=True,
                    linked_at=now,
                )
            )
            await store.follows.insert(
                Follow(
                    id=f"{user}/{guild}/{channel}",
                    user=user,
                    guild=GuildId(guild),
                    channel=ChannelId(channel),
                    account=account,
                    mode=Mode.PAPER,
                    size_kind=SizeKind.FIXED,
                    size=SIZE,
                    created_at=now,
                )
            )
            limits = RiskLimits(id=user, max_open_positions=1000, duplicate_window=0)
            await store.limits.insert(limits)
        await store.close()

    def _member(self, number: int) -> int:
        user = self.stage.discord.add_user(f"member{number}")
        self.stage.discord.join(self.stage.guild, user)
        return user.id

    # -- messages

    async def post(self) -> Passage:
        """Post one signal and wait until every account's order is at Alpaca."""
        market, alpaca = self.stage.market, self.stage.alpaca
        symbol = SYMBOLS[self.posted % len(SYMBOLS)]
        self.posted += 1
        market.set(symbol, D("118.05"), D("118.15"))
        before = len(alpaca.posted())
        # Never the same words twice: within a minute that would be a repeat, not a signal.
        text = TEXT.format(symbol=symbol, stop=D(110) + D(self.posted) / 100)
        message = await self.stage.discord.say(self.analyst, self.channel, text)
        await self._until(lambda: self._entries(before) >= self.followers, "the orders")
        orders = alpaca.posted()[before : before + self.followers]
        written = self.stage.discord.dispatched_at(message.id)
        assert written is not None
        passage = Passage(written=written, arrived=sorted(order.monotonic_ns for order in orders))
        self.passages.append(passage)
        self.last_body = json.loads(orders[0].body)
        await self._let_it_end(symbol)
        return passage

    def _entries(self, before: int) -> int:
        return len(self.stage.alpaca.posted()) - before

    async def _let_it_end(self, symbol: str) -> None:
        """Let the target fill, so that no trade is open, and wait until nothing moves any more."""
        await asyncio.sleep(0.03 + 0.004 * self.followers)
        self.stage.market.set(symbol, D("124.50"), D("124.60"))
        await asyncio.sleep(0.2)
        if not self.plain:
            await self._quiet()

    async def _quiet(self) -> None:
        seen, since = -1, time.monotonic()
        while time.monotonic() - since < 0.15:
            count = len(self.stage.discord.requests) + len(self.stage.alpaca.requests)
            if count != seen:
                seen, since = count, time.monotonic()
            await asyncio.sleep(0.01)

    async def _until(self, probe: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + 15
        while not probe():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} did not come; {self.stage.log_end()}")
            await asyncio.sleep(0.004)

    def _sort_in(self, stamps: Sequence[Any]) -> None:
        for passage in self.passages:
            end = passage.arrived[-1]
            passage.stamps = [s for s in stamps if passage.written <= s[2] <= end]
