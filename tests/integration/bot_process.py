"""Run the real bot as its own process, the way an operator does."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp

from tests.support import eventually

ROOT = Path(__file__).parents[2]


class BotProcess:
    """Be one ``discord-trade-exec`` process with its output."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, output: Path) -> None:
        self.process, self.port, self._output = process, port, output

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def events(self) -> list[dict]:
        """Give the log lines; sentences for people are no JSON and not among them."""
        return [json.loads(line) for line in self.output.splitlines() if line.startswith("{")]

    @property
    def sentences(self) -> list[str]:
        return [line for line in self.output.splitlines() if line and not line.startswith("{")]

    def logged(self, event: str) -> list[dict]:
        return [line for line in self.events if line["event"] == event]

    async def ready(self, timeout: float = 30) -> None:
        """Wait until /readyz says so."""
        async with aiohttp.ClientSession() as http:

            async def probe() -> bool:
                assert self.process.returncode is None, self.output
                with contextlib.suppress(aiohttp.ClientError):
                    async with http.get(f"http://127.0.0.1:{self.port}/readyz") as answer:
                        return answer.status == 200
                return False

            await eventually(probe, timeout)

    async def ended(self, timeout: float = 30) -> int:
        """Wait for the exit status."""
        async with asyncio.timeout(timeout):
            return await self.process.wait()

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end, and give the exit status."""
        self.process.send_signal(number)
        return await self.ended()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.asynccontextmanager
async def bot(tmp_path: Path, *command: str, **environment: str) -> AsyncIterator[BotProcess]:
    """Start the process with nothing of our own environment but what is given; end it for sure."""
    port = int(environment.get("PORT") or free_port())
    output = tmp_path / f"output-{free_port()}"
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    defaults = {
        "DATA_DIR": str(tmp_path / "data"),
        "PORT": str(port),
        "LOG_FORMAT": "json",
        "PYTHONPATH": str(ROOT),
    }
    with output.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", *(command or ("run",))),
            env=kept | defaults | environment,
            cwd=tmp_path,
            stdout=sink,
            stderr=sink,
        )
    try:
        yield BotProcess(process, port, output)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
