"""Start the pretend OpenD in a process of its own and steer it: the SDK's classes must not meet its own."""

import asyncio
import atexit
import contextlib
import json
import socket
import subprocess
import sys
import threading
from typing import Any


class OpenDProcess:
    """Be the other process. ``ask`` blocks for a loopback round trip; ``call`` does the same off the loop."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sim.moomoo.console"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self.facts: dict[str, Any] = json.loads(self._process.stdout.readline())
        self.port = int(self.facts["port"])
        self._socket = socket.create_connection(("127.0.0.1", int(self.facts["control"])), 5)
        self._file = self._socket.makefile("rwb")
        self._turn = threading.Lock()
        atexit.register(self.stop)

    @property
    def endpoint(self) -> str:
        """Give the address of the pretend OpenD."""
        return f"127.0.0.1:{self.port}"

    def ask(self, op: str, **params: Any) -> Any:
        """Do one thing. Raises RuntimeError with what went wrong over there."""
        with self._turn:
            self._file.write(json.dumps({"op": op, **params}, default=str).encode() + b"\n")
            self._file.flush()
            answer = json.loads(self._file.readline())
        if not answer["ok"]:
            raise RuntimeError(answer["error"])
        return answer["value"]

    async def call(self, op: str, **params: Any) -> Any:
        """Do one thing without blocking the loop."""
        return await asyncio.to_thread(self.ask, op, **params)

    def stop(self) -> None:
        """End the process. Idempotent."""
        atexit.unregister(self.stop)
        with contextlib.suppress(OSError):
            self._file.close()
        self._socket.close()
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait(5)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
