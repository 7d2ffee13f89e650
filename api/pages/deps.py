"""Hold what the pages need."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from aiohttp import web

from api.pages.discord import SignIn
from domain.broker import BrokerManifest, Credentials
from wizard.door import Passes
from wizard.flow import Turn
from wizard.manager import FlowManager
from wizard.web import Face

MOST = 1000


class Following:
    """Have panels in Discord go on behind a page that has been answered already."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[Turn]] = {}

    def start(self, name: str, work: Coroutine[Any, Any, Turn]) -> None:
        """Begin; ``name`` is what a page asks by."""
        for old in [key for key, task in self._tasks.items() if task.done()][: -MOST or None]:
            del self._tasks[old]
        self._tasks[name] = asyncio.create_task(work, name="page-follow")

    async def wait(self, name: str, seconds: float) -> Turn | None:
        """Give where it came to, or None while it goes on, when it failed, or was of another process."""
        task = self._tasks.get(name)
        if task is None:
            return None
        await asyncio.wait({task}, timeout=seconds)
        if not task.done() or task.cancelled() or task.exception() is not None:
            return None
        return task.result()

    async def stop(self) -> None:
        """End what is not done."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageDeps:
    """Carry what the pages ask. ``apps`` holds the operator's own apps at brokers, by slug.

    ``public_url`` is where people reach this process, without a slash at its end; it is the only origin whose
    forms are taken. ``hide`` is told every secret a browser sends, before anything is done with it.
    """

    flows: FlowManager
    face: Face
    passes: Passes
    sign_in: SignIn
    brokers: Mapping[str, BrokerManifest]
    public_url: str
    apps: Mapping[str, Credentials] = field(default_factory=dict)
    endpoints: Mapping[str, str] = field(default_factory=dict)
    hide: Callable[[str], None] = lambda _: None
    following: Following = field(default_factory=Following)


PAGES: web.AppKey[PageDeps] = web.AppKey("pages", PageDeps)
Answer: TypeAlias = web.Response
