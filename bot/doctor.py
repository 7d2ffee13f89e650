"""Check what the bot needs before it runs, and say line by line what to fix."""

import asyncio
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bot import texts
from bot.problems import Problem
from bot.settings import Settings, load
from domain.errors import DomainError, VaultError

WITHIN = 10.0
DATABASE_WITHIN = 20.0
"""More than the driver's own patience, whose sentence says more."""
_CONTENT = (1 << 18) | (1 << 19)
_MEMBERS = (1 << 14) | (1 << 15)
"""Application flags of the privileged intents, granted or limited (Discord docs, application flags)."""
_LOW_QUOTA = 50


@dataclass(frozen=True, slots=True)
class Finding:
    """Be one line: what was looked at, whether it is right, and what was seen or what to do.

    ``note`` marks what is allowed and still worth knowing; nothing has to be fixed for it.
    """

    what: str
    right: bool
    text: str
    note: bool = False

    def __str__(self) -> str:
        mark = "note" if self.note else "ok  " if self.right else "FIX "
        return f"{mark} {self.what}: {self.text}"


async def examine(write: Callable[[str], Any]) -> int:
    """Check everything and write one line for each; give 1 when something is to be fixed, else 0."""
    wrong = 0
    try:
        settings = load()
    except Problem as problem:
        for sentence in problem.sentences:
            write(f"{Finding('settings', False, sentence)}\n")
        return 1
    write(f"{Finding('settings', True, 'read, ' + settings.environment)}\n")
    async for finding in _findings(settings):
        write(f"{finding}\n")
        wrong += not finding.right
    write(f"{'Everything is in order.' if not wrong else f'{wrong} to fix.'}\n")
    return 1 if wrong else 0


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    yield _data_dir(settings.data_dir)
    yield await _keys(settings)
    yield _port(settings.bind_host, settings.port)
    yield await _store(settings)
    if settings.redis_url is not None:
        yield await _redis(settings)
    yield await _prices(settings)
    async for finding in _discord(settings):
        yield finding


async def _prices(settings: Settings) -> Finding:
    """See whether the paper broker would have prices: without them it fills nothing."""
    if settings.alpaca_data_key_id is None or settings.alpaca_data_secret_key is None:
        return Finding("prices", True, texts.NO_PRICES, note=True)
    from adapters.alpaca.prices import AlpacaPrices
    from domain.instruments import AssetClass, Instrument

    apple = Instrument(symbol="AAPL", asset_class=AssetClass.EQUITY, broker_symbol="AAPL")
    key, secret = settings.alpaca_data_key_id, settings.alpaca_data_secret_key
    source = AlpacaPrices(key.get_secret_value(), secret.get_secret_value(), settings.alpaca_api_url)
    try:
        async with asyncio.timeout(DATABASE_WITHIN), source:
            quote = await source.quote(apple)
    except (DomainError, OSError) as error:
        return Finding("prices", False, texts.PRICES_REFUSED.format(why=error))
    return Finding("prices", True, "Alpaca gives prices" if quote is not None else "Alpaca answers")


def _data_dir(path: Path) -> Finding:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path, prefix=".doctor-") as probe:
            probe.write(b"x")
            os.fsync(probe.fileno())
    except OSError as error:
        return Finding("data directory", False, texts.NOT_WRITABLE.format(path=path, why=error.strerror))
    return Finding("data directory", True, f"{path} is writable")


async def _keys(settings: Settings) -> Finding:
    """See that the vault's key works: a data key is made and opened again."""
    from bot.vaults import open_ring
    from domain.clock import SystemClock

    what = "vault key"
    if not settings.aws_kms_key_id and not settings.key_file.exists():
        return Finding(what, True, f"{settings.key_file} will be made at the first start; back it up then")
    try:
        ring = open_ring(settings, SystemClock())
        try:
            await ring.prove()
            key = await ring.current()
        finally:
            await ring.close()
    except (Problem, VaultError) as error:
        return Finding(what, False, str(error))
    if settings.aws_kms_key_id:
        return Finding(what, True, f"{key} makes and opens data keys")
    if settings.production:
        return Finding(what, True, texts.KEY_FILE_LIVE.format(path=settings.key_file), note=True)
    return Finding(what, True, f"{settings.key_file} can be read by this user only")


def _port(host: str, port: int) -> Finding:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return Finding("port", False, texts.PORT.format(host=host, port=port, why=error.strerror))
    return Finding("port", True, f"{host}:{port} is free")


async def _store(settings: Settings) -> Finding:
    if settings.mongodb_uri is None:
        return Finding("database", True, f"the embedded one in {settings.data_dir}")
    from store.mongo.engine import MongoEngine

    try:
        async with asyncio.timeout(DATABASE_WITHIN):
            engine = await MongoEngine.open(settings.mongodb_uri.get_secret_value(), "discord_trade_exec")
            try:
                await engine.ping()
            finally:
                await engine.close()
    except (DomainError, OSError) as error:
        return Finding("database", False, str(error) or texts.NO_MONGO)
    return Finding("database", True, "MongoDB takes writes")


async def _redis(settings: Settings) -> Finding:
    from store import open_bus

    assert settings.redis_url is not None
    try:
        async with asyncio.timeout(DATABASE_WITHIN):
            bus = await open_bus(settings.redis_url.get_secret_value())
            await bus.close()
    except (DomainError, OSError) as error:
        return Finding("redis", False, str(error) or texts.NO_REDIS)
    return Finding("redis", True, "answers")


async def _discord(settings: Settings) -> AsyncIterator[Finding]:
    headers = {"Authorization": f"Bot {settings.discord_token.get_secret_value()}"}
    base = f"{settings.discord_api_url}/v10"
    timeout = aiohttp.ClientTimeout(total=WITHIN)
    try:
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
            status, me = await _get(session, f"{base}/users/@me")
            if status == 401:
                yield Finding("token", False, texts.LOGIN_REFUSED)
                return
            yield _answered("token", status, f"signs in as {me.get('username', '?')}")
            status, application = await _get(session, f"{base}/oauth2/applications/@me")
            yield _intents(settings, status, int(application.get("flags") or 0))
            status, gateway = await _get(session, f"{base}/gateway/bot")
        async for finding in _gateway(status, gateway):
            yield finding
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        why = type(error).__name__
        yield Finding("Discord", False, texts.NO_DISCORD.format(url=settings.discord_api_url, why=why))


async def _get(session: aiohttp.ClientSession, url: str) -> tuple[int, dict[str, Any]]:
    async with session.get(url) as response:
        body = await response.json(content_type=None)
        return response.status, body if isinstance(body, dict) else {}


def _answered(what: str, status: int, text: str) -> Finding:
    if status == 200:
        return Finding(what, True, text)
    return Finding(what, False, texts.ODD_ANSWER.format(status=status))


def _intents(settings: Settings, status: int, flags: int) -> Finding:
    if status != 200:
        return _answered("intents", status, "")
    if not flags & _CONTENT:
        return Finding("intents", False, texts.INTENTS_MISSING)
    if settings.discord_members_intent and not flags & _MEMBERS:
        return Finding("intents", False, texts.MEMBERS_MISSING)
    return Finding("intents", True, "message content may be read")


async def _gateway(status: int, gateway: dict[str, Any]) -> AsyncIterator[Finding]:
    if status != 200 or "url" not in gateway:
        yield _answered("gateway", status if status != 200 else 0, "")
        return
    address = urlsplit(str(gateway["url"]))
    port = address.port or (443 if address.scheme == "wss" else 80)
    try:
        async with asyncio.timeout(WITHIN):
            _, writer = await asyncio.open_connection(address.hostname, port)
        writer.close()
        yield Finding("gateway", True, f"{address.hostname}:{port} answers")
    except (OSError, TimeoutError):
        yield Finding("gateway", False, texts.NO_GATEWAY.format(host=address.hostname, port=port))
    left = int(gateway.get("session_start_limit", {}).get("remaining", 1000))
    enough = left > _LOW_QUOTA
    yield Finding("logins", enough, f"{left} left today" if enough else texts.FEW_LOGINS.format(left=left))
