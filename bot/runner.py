"""Keep the bot on Discord: through outages with growing waits, and not against a refusal."""

import asyncio
import contextlib
from collections.abc import Callable

import aiohttp
import discord
import structlog

from bot import texts
from bot.client import TradeBot
from bot.problems import Misconfigured
from bot.supervise import STEADY, Backoff
from domain.ports import Clock

log = structlog.get_logger(__name__)
FIRST_WAIT = 1.0
LONGEST_WAIT = 120.0
"""720 attempts a day: below the 1,000 logins after which Discord resets the token."""
NOT_UP_FOR = 180.0
"""Seconds without a session after which the connection is made anew from nothing."""
LOOK_EVERY = 5.0
CLOSE_WITHIN = 5.0
_WRONG_TOKEN = 4004
_FOR_GOOD = frozenset({4010, 4011, 4012, 4013})


class Connection:
    """Hold the current bot, and make another whenever one ends."""

    def __init__(self, make: Callable[[], TradeBot], token: str, clock: Clock) -> None:
        self._make = make
        self._token = token
        self._clock = clock
        self._stop = asyncio.Event()
        self._was_up = asyncio.Event()
        self.bot: TradeBot | None = None

    @property
    def up(self) -> bool:
        """Tell whether events arrive now."""
        return self.bot is not None and self.bot.gateway_up

    @property
    def usable(self) -> TradeBot | None:
        """Give the bot while it is logged in and REST can be used, events or not."""
        bot = self.bot
        return bot if bot is not None and bot.user is not None and not bot.is_closed() else None

    async def wait_up(self) -> None:
        """Wait for the first session of this process."""
        await self._was_up.wait()

    async def run(self) -> None:
        """Stay connected until ``stop``. Raises Misconfigured when Discord refuses us."""
        backoff = Backoff(FIRST_WAIT, LONGEST_WAIT)
        while not self._stop.is_set():
            began = self._clock.monotonic()
            await self._attempt()
            if self._stop.is_set():
                return
            if self._clock.monotonic() - began > STEADY:
                backoff.reset()
            wait = backoff.next()
            log.warning("not connected to Discord; trying again", seconds=round(wait, 1))
            await self._clock.sleep(wait)

    async def stop_events(self) -> None:
        """Take no more events; REST still works."""
        self._stop.set()
        if self.bot is not None:
            await self.bot.disconnect_gateway()

    async def stop(self) -> None:
        """Close the session with code 1000. Idempotent."""
        self._stop.set()
        if self.bot is not None:
            await _close(self.bot)

    async def _attempt(self) -> None:
        self.bot = bot = self._make()
        bot.on_up = self._was_up.set
        start = asyncio.create_task(bot.start(self._token), name="discord")
        watch = asyncio.create_task(self._watch(bot, start), name="discord-watchdog")
        try:
            await start
        except asyncio.CancelledError:
            if not start.cancelled() or _being_cancelled():
                raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the process outlives it
            _judge(error)
        finally:
            start.cancel()
            watch.cancel()
            await asyncio.gather(start, watch, return_exceptions=True)
            if not self._stop.is_set():
                await _close(bot)

    async def _watch(self, bot: TradeBot, start: "asyncio.Task[None]") -> None:
        last_up = self._clock.monotonic()
        while True:
            await self._clock.sleep(LOOK_EVERY)
            if bot.gateway_up:
                last_up = self._clock.monotonic()
            elif self._clock.monotonic() - last_up > NOT_UP_FOR:
                log.error("no session with Discord for too long; connecting anew", seconds=NOT_UP_FOR)
                start.cancel()
                return


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _judge(error: Exception) -> None:
    """Raise what only a person can mend; log the rest."""
    if isinstance(error, discord.LoginFailure):
        raise Misconfigured(texts.LOGIN_REFUSED) from None
    if isinstance(error, discord.PrivilegedIntentsRequired):
        raise Misconfigured(texts.INTENTS_MISSING) from None
    if isinstance(error, discord.ConnectionClosed):
        if error.code == _WRONG_TOKEN:
            raise Misconfigured(texts.LOGIN_REFUSED) from None
        if error.code in _FOR_GOOD:
            raise Misconfigured(texts.GATEWAY_FATAL.format(code=error.code)) from None
    if isinstance(
        error, aiohttp.ClientError | OSError | discord.DiscordServerError | discord.GatewayNotFound
    ):
        log.warning("Discord cannot be reached", why=type(error).__name__)
        return
    log.error("the connection to Discord broke off", exc_info=error)


async def _close(bot: TradeBot) -> None:
    """Close without letting a dead server hold us up."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(CLOSE_WITHIN):
            await bot.close()
