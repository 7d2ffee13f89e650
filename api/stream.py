"""Hand journaled events to the sockets of the members they belong to.

Protocol ``dte.v1``, text frames of JSON. The server greets with ``{"type": "hello", "accounts": {key:
sequence}}`` and then sends ``{"type": "event", "account", "sequence", …}`` as things happen, in order and
without gaps for each account. A client that was away sends ``{"op": "resume", "since": {key: sequence}}`` and
is sent everything after those numbers, closed by ``{"type": "resumed"}``; numbers it saw before are to be
passed over. ``{"op": "ping"}`` is answered with ``{"type": "pong"}``.

``{"op": "gate", "guild": id}`` is answered with what the member may do there, as at ``/api/gate``, and that
is sent again, unasked, whenever the member's roles in that server change.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from api.auth import chosen_protocols, principal, require_origin
from api.deps import DEPS, ApiDeps
from api.errors import BODY_LIMIT, Refused
from api.feed import CLOSE_WITHIN, Feed
from api.limits import Window
from api.schemas import encode
from api.schemas import event as event_json
from api.schemas import gate as gate_json
from domain.accounts import ApiToken
from domain.events import Event, EventKind
from domain.ids import AccountRef, UserId

log = structlog.get_logger(__name__)
PING = 20.0
YIELD_EVERY = 32
"""Hand-overs between two breaths of the event loop (shared/reference/performance.md section 1d)."""
RIGHTS_EVERY = 30.0
MESSAGES_PER_MINUTE = 100
MOST_ACCOUNTS = 100
MOST_GATES = 20


class Hub:
    """Know every open socket by the member it belongs to."""

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps
        self._feeds: defaultdict[UserId, set[Feed]] = defaultdict(set)
        self.count = 0

    async def run(self) -> None:
        """Read the bus and hand on, for as long as the process lives."""
        while True:
            try:
                await self._read()
            except Exception:
                log.exception("the event bus broke off; listening again")
            await self._deps.clock.sleep(1.0)

    async def _read(self) -> None:
        handed = 0
        async for event in self._deps.bus.subscribe():
            handed += self.hand(event)
            if handed >= YIELD_EVERY:
                handed = 0
                await asyncio.sleep(0)

    def hand(self, event: Event) -> int:
        """Queue an event for its owner's sockets, serialised once; give how many there were."""
        if event.kind is EventKind.FEED_GAP:
            return self._mend(event.account_key)
        self._deps.metrics.count_event(event)
        feeds = self._feeds.get(AccountRef.from_key(event.account_key).user)
        if not feeds:
            return 0
        frame = encode(event_json(event))
        for feed in tuple(feeds):
            if not feed.slow and not feed.offer(event, frame):
                self._deps.metrics.socket_drops.inc()
        return len(feeds)

    def _mend(self, account_key: str) -> int:
        """Let sockets read what the bus dropped: one member's, or everybody's when nobody knows whose."""
        owner = _owner(account_key)
        whose = [self._feeds.get(UserId(owner), set())] if owner else list(self._feeds.values())
        feeds = [feed for some in whose for feed in some]
        for feed in feeds:
            feed.catch_up()
        return len(feeds)

    def roles_changed(self, user: UserId, guild: str) -> None:
        """Tell a member's sockets that asked about this server what they may do now."""
        for feed in self._feeds.get(user, ()):
            if guild in feed.gates:
                feed.ask(self._gate(feed, guild))

    async def _gate(self, feed: Feed, guild: str) -> bytes:
        return encode(gate_json(await self._deps.gate.report(feed.user, guild)))

    def watch_gate(self, feed: Feed, guild: str) -> None:
        """Answer what a member may do in a server, now and whenever it changes."""
        feed.gates.add(guild)
        feed.ask(self._gate(feed, guild))

    def admit(self, user: UserId) -> None:
        """Refuse one socket too many. Raises Refused 429 or 503."""
        limits = self._deps.limits
        if len(self._feeds.get(user, ())) >= limits.sockets_per_member:
            raise Refused(429, "too_many_sockets", f"At most {limits.sockets_per_member} sockets a member.")
        if self.count >= limits.sockets:
            raise Refused(503, "full", "Every socket is taken. Try again in a minute.", retry_after=60)

    def join(self, feed: Feed) -> None:
        """Begin to hand events to a socket."""
        self._feeds[feed.user].add(feed)
        self.count += 1
        self._deps.metrics.sockets.set(self.count)

    def leave(self, feed: Feed) -> None:
        """Stop handing events to a socket."""
        self._feeds[feed.user].discard(feed)
        if not self._feeds[feed.user]:
            del self._feeds[feed.user]
        self.count -= 1
        self._deps.metrics.sockets.set(self.count)

    async def close(self) -> None:
        """Tell every socket that the process is going away."""
        feeds = [feed for feeds in self._feeds.values() for feed in feeds]
        closing = [
            feed.close(WSCloseCode.GOING_AWAY, b"restarting: connect again and resume") for feed in feeds
        ]
        if closing:
            await asyncio.wait(closing)


HUB: web.AppKey[Hub] = web.AppKey("hub", Hub)


async def connect(request: web.Request) -> web.WebSocketResponse:
    """Open a member's socket: ``GET /ws``."""
    deps, hub = request.app[DEPS], request.app[HUB]
    require_origin(request)
    token = await principal(request)
    hub.admit(token.user)
    socket = web.WebSocketResponse(
        heartbeat=PING,
        compress=False,
        timeout=CLOSE_WITHIN,
        max_msg_size=BODY_LIMIT,
        protocols=chosen_protocols(request),
    )
    if not socket.can_prepare(request).ok:
        raise Refused(426, "upgrade_required", "Connect to this address with a WebSocket.")
    feed = Feed(socket, token.user, deps.store.events)
    hub.join(feed)
    try:
        await socket.prepare(request)
        await _serve(deps, hub, socket, feed, token)
    finally:
        hub.leave(feed)
        log.debug("socket closed", code=socket.close_code)
    return socket


async def _serve(deps: ApiDeps, hub: Hub, socket: web.WebSocketResponse, feed: Feed, token: ApiToken) -> None:
    accounts = await deps.store.accounts.find({"user": token.user}, limit=MOST_ACCOUNTS)
    positions = await feed.start(tuple(account.ref.key for account in accounts))
    await socket.send_frame(encode({"type": "hello", "accounts": positions}), WSMsgType.TEXT)
    tasks = [asyncio.create_task(feed.write()), asyncio.create_task(_watch_rights(deps, feed, token))]
    try:
        await _listen(deps, hub, socket, feed)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _watch_rights(deps: ApiDeps, feed: Feed, token: ApiToken) -> None:
    while True:
        await deps.clock.sleep(RIGHTS_EVERY)
        current = await deps.store.tokens.get(token.id)
        if current is None or current.expires_at <= deps.clock.now():
            feed.close(WSCloseCode.POLICY_VIOLATION, b"the token was revoked or has expired")
            return


async def _listen(deps: ApiDeps, hub: Hub, socket: web.WebSocketResponse, feed: Feed) -> None:
    window = Window(MESSAGES_PER_MINUTE, 60.0)
    async for message in socket:
        if window.take("", deps.clock.monotonic()):
            feed.close(WSCloseCode.POLICY_VIOLATION, b"too many messages")
            return
        if message.type is WSMsgType.TEXT:
            feed.say(error) if (error := _act(hub, feed, message.data)) else None
        else:
            feed.say(_error("text_only", "Send JSON as text."))


def _error(code: str, text: str) -> dict[str, Any]:
    return {"type": "error", "error": {"code": code, "message": text}}


def _act(hub: Hub, feed: Feed, text: str) -> dict[str, Any] | None:
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _error("not_json", "This is not JSON.")
    match message:
        case {"op": "ping"}:
            return {"type": "pong"}
        case {"op": "resume", "since": dict(since)}:
            return _resume(feed, since)
        case {"op": "gate", "guild": str(guild)} if guild.isascii() and guild.isdigit() and len(guild) <= 20:
            return _watch_gate(hub, feed, guild)
    return _error("unknown_op", 'Send {"op": "resume", "since": {account: sequence}} or {"op": "ping"}.')


def _resume(feed: Feed, since: Mapping[str, Any]) -> dict[str, Any] | None:
    if len(since) > MOST_ACCOUNTS:
        return _error("too_many_accounts", f"Resume at most {MOST_ACCOUNTS} accounts at once.")
    for key, sequence in since.items():
        if not isinstance(sequence, int) or isinstance(sequence, bool) or sequence < 0:
            return _error("bad_sequence", "A sequence is a whole number, 0 or more.")
        if _owner(key) != feed.user:
            return _error("not_found", "There is no such account.")
    feed.resume(since)
    return None


def _watch_gate(hub: Hub, feed: Feed, guild: str) -> dict[str, Any] | None:
    if len(feed.gates) >= MOST_GATES:
        return _error("too_many_servers", f"Ask about at most {MOST_GATES} servers on one socket.")
    hub.watch_gate(feed, guild)
    return None


def _owner(key: str) -> str | None:
    try:
        return AccountRef.from_key(key).user
    except ValueError:
        return None
