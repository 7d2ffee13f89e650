"""Stand between a session and its broker on loopback, and stop carrying the answers when told."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Relay:
    """Carry bytes both ways; once ``frozen``, what is asked still arrives and no answer comes back.

    Without a target it is a peer that takes the connection and never says a word.
    """

    def __init__(self, target: tuple[str, int] | None) -> None:
        self._target = target
        self._ends: set[asyncio.StreamWriter] = set()
        self.frozen = target is None
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        if self._target is None:
            await _swallow(reader)
            return
        with contextlib.suppress(ConnectionError):
            far_reader, far_writer = await asyncio.open_connection(*self._target)
            self._ends.add(far_writer)
            await asyncio.gather(
                self._carry(reader, far_writer, back=False), self._carry(far_reader, writer, back=True)
            )

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, back: bool) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                if not (back and self.frozen):
                    writer.write(data)
            if not self.frozen:
                writer.close()

    def cut(self) -> None:
        for end in self._ends:
            end.transport.abort()


async def _swallow(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(ConnectionError):
        while await reader.read(65536):
            pass


@asynccontextmanager
async def relay(target: tuple[str, int] | None = None) -> AsyncIterator[Relay]:
    """Relay to a target, or be mute."""
    between = Relay(target)
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        await between.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    between.port = server.sockets[0].getsockname()[1]
    try:
        yield between
    finally:
        server.close()
        between.cut()
        await asyncio.wait(serving, timeout=2) if serving else None


@contextlib.contextmanager
def deaf_port():
    """Give a port that is taken and not listened on: whoever connects is refused."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
