"""Write from one thread, many jobs to a commit: a commit costs one disk flush, however much is in it."""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from domain.errors import StoreUnavailable
from store import texts

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], Any]
_Pending = tuple[Job, "asyncio.Future[Any]"]
_MOST = 2000
"""Jobs to a commit: beyond it the first to come would wait too long for the last."""


class Writer:
    """Run jobs on the writing connection, in the order they came.

    A job is a function of the connection that may be run again after a rollback. Its future is resolved
    only after the commit that holds it, so that nothing is acknowledged that a kill can take back.
    """

    def __init__(self, connection: sqlite3.Connection, directory: Path) -> None:
        self._connection = connection
        self._directory = directory
        self._loop = asyncio.get_running_loop()
        self._gathered: list[_Pending] = []
        self._jobs: queue.SimpleQueue[list[_Pending] | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    async def run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Give the job's result once it is on disk.

        Raises StoreUnavailable when it could not be written. A cancelled caller does not know whether it was.
        """
        if self._closed:
            raise StoreUnavailable(texts.CLOSED)
        done: asyncio.Future[T] = self._loop.create_future()
        self._gathered.append((job, done))
        if len(self._gathered) == 1:
            # At the end of this turn of the loop, with all that others ask for in it: woken for each, the
            # thread would fight the loop for the interpreter, and lose milliseconds a statement.
            self._loop.call_soon(self._hand_over)
        return await done

    def _hand_over(self) -> None:
        self._jobs.put(self._gathered)
        self._gathered = []

    async def close(self) -> None:
        """Finish what was asked, then stop."""
        if not self._closed:
            self._closed = True
            self._hand_over()
            self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        self._connection.close()

    def _run(self) -> None:
        stopping = False
        while not stopping:
            first = self._jobs.get()
            batch = first or []
            stopping = first is None
            while not stopping and len(batch) < _MOST:
                try:
                    more = self._jobs.get_nowait()
                except queue.Empty:
                    break
                stopping = more is None
                batch += more or []
            if batch:
                self._write(batch)

    def _write(self, batch: list[_Pending]) -> None:
        try:
            results = self._commit([job for job, _ in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is, the callers must learn of it
            if len(batch) > 1:
                # One bad job must not fail its neighbours: nothing was written, so each is tried alone.
                for pending in batch:
                    self._write([pending])
                return
            self._answer([(batch[0][1], None, self._sentence(error))])
            return
        self._answer([(done, result, None) for (_, done), result in zip(batch, results, strict=True)])

    def _commit(self, jobs: list[Job]) -> list[Any]:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            results = [job(connection) for job in jobs]
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return results

    def _sentence(self, error: Exception) -> Exception:
        if isinstance(error, sqlite3.Error):
            unavailable = StoreUnavailable(texts.write_failed(self._directory, str(error)))
            unavailable.__cause__ = error
            return unavailable
        return error

    def _answer(self, answers: list[tuple["asyncio.Future[Any]", Any, Exception | None]]) -> None:
        try:
            self._loop.call_soon_threadsafe(_resolve, answers)
        except RuntimeError:
            # The loop is gone, and with it everybody who waited; the commit stands.
            return


def _resolve(answers: list[tuple["asyncio.Future[Any]", Any, Exception | None]]) -> None:
    for done, result, error in answers:
        if done.done():
            continue
        if error is None:
            done.set_result(result)
        else:
            done.set_exception(error)
