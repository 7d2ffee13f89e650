"""Build the stage: a local Discord, a local Alpaca, a market, and the real bot as its own process."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import aiohttp

from domain.clock import SystemClock
from sim.alpaca import AlpacaSim
from sim.discord import DiscordSim
from sim.faults import Faults
from sim.market import Market

DATA_KEY = ("PKDEMOMARKETDATA0001", "demo-market-data-secret-0000000000000000")
READY_WITHIN = 30.0


def free_port() -> int:
    """Give a port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class BotProcess:
    """Run ``python -m bot run`` with exactly these settings, and end it gently or not."""

    def __init__(self, directory: Path, settings: Mapping[str, str]) -> None:
        self.directory = directory
        self.settings = dict(settings)
        self.log = directory / "bot.log"
        self._process: asyncio.subprocess.Process | None = None
        self.starts = 0

    @property
    def pid(self) -> int | None:
        """Give the process id while it runs."""
        return self._process.pid if self._process is not None else None

    @property
    def running(self) -> bool:
        """Tell whether the process is alive."""
        return self._process is not None and self._process.returncode is None

    async def start(self, **extra: str) -> None:
        """Start it. ``extra`` settings hold for this start only."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot", "run"),
                cwd=self.directory,
                env={**kept, **self.settings, **extra},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.starts += 1

    async def wait(self, timeout: float = 20.0) -> int:
        """Wait until it has ended; give its exit status."""
        assert self._process is not None
        async with asyncio.timeout(timeout):
            return await self._process.wait()

    async def kill(self) -> None:
        """End it with SIGKILL."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """End it with SIGTERM; give its exit status."""
        return await self._end(signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> int:
        if self._process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(how)
        return await self.wait()


class Stage:
    """Hold the pretend world and the real bot. Use as ``async with Stage() as stage``."""

    def __init__(self, *, seed: int = 7, settings: Mapping[str, str] | None = None) -> None:
        self.clock = SystemClock()
        self.market = Market(seed=seed, clock=self.clock)
        self.faults = Faults()
        self.discord = DiscordSim(clock=self.clock)
        self.alpaca = AlpacaSim(self.market, self.clock, faults=self.faults)
        self.port = free_port()
        self._extra = dict(settings or {})
        self._directory = tempfile.TemporaryDirectory(prefix="trade-exec-")
        self.bot: BotProcess

    @property
    def directory(self) -> Path:
        """Give the folder the bot runs in; its data lies in ``data``."""
        return Path(self._directory.name)

    async def __aenter__(self) -> "Stage":
        """Start the simulators; the bot is started by ``start_bot``."""
        await self.discord.start()
        await self.alpaca.start()
        self.alpaca.add_account(*DATA_KEY, cash=Decimal(1))
        self.app = self.discord.add_application(name="trade-exec")
        self.guild = self.discord.add_guild("The Trading Floor")
        self.bot = BotProcess(self.directory, self._settings())
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the bot, then the simulators."""
        if self.bot.running:
            await self.bot.kill()
        await self.alpaca.stop()
        await self.discord.stop()
        self._directory.cleanup()

    def _settings(self) -> dict[str, str]:
        return {
            "DISCORD_TOKEN": self.app.token,
            "DISCORD_API_URL": self.discord.url,
            "ALPACA_API_URL": self.alpaca.url,
            "ALPACA_DATA_KEY_ID": DATA_KEY[0],
            "ALPACA_DATA_SECRET_KEY": DATA_KEY[1],
            "DATA_DIR": "data",
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "LOG_FORMAT": "json",
            **self._extra,
        }

    async def start_bot(self, **extra: str) -> float:
        """Start the bot and wait until it is ready; give the seconds it took."""
        began = time.monotonic()
        await self.bot.start(**extra)
        await self.wait_ready()
        return time.monotonic() - began

    async def wait_ready(self, timeout: float = READY_WITHIN) -> None:
        """Wait until ``/readyz`` says yes. Raises RuntimeError with the log's end when the bot gave up."""
        deadline = time.monotonic() + timeout
        async with aiohttp.ClientSession() as session:
            while not await self._is_ready(session):
                if not self.bot.running or time.monotonic() > deadline:
                    raise RuntimeError(f"the bot did not become ready:\n{self.log_end()}")
                await asyncio.sleep(0.02)
        await self.discord.ready(self.app)

    async def _is_ready(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"http://127.0.0.1:{self.port}/readyz") as reply:
                return reply.status == 200
        except aiohttp.ClientError:
            return False

    def log_end(self, lines: int = 15) -> str:
        """Give the last lines the bot wrote."""
        if not self.bot.log.exists():
            return ""
        return "\n".join(self.bot.log.read_text(errors="replace").splitlines()[-lines:])
