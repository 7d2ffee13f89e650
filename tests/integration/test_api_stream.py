import asyncio
import contextlib
import json
import socket

import aiohttp
import pytest

from api.limits import Limits
from domain.accounts import GuildSettings
from tests.integration.api_house import serving
from tests.support import eventually


@pytest.fixture
async def house(tmp_path):
    async with serving(tmp_path) as house:
        yield house


@pytest.fixture
async def http(house):
    async with aiohttp.ClientSession(house.url) as session:
        yield session


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@contextlib.asynccontextmanager
async def socket_of(http, token):
    async with http.ws_connect("/ws", headers=bearer(token)) as ws:
        hello = await heard(ws)
        assert hello["type"] == "hello"
        yield ws, hello


async def heard(ws) -> dict:
    message = await ws.receive(timeout=5)
    assert message.type is aiohttp.WSMsgType.TEXT, (message.type, ws.close_code)
    return json.loads(message.data)


async def sequences(ws, count: int) -> list[int]:
    return [(await heard(ws))["sequence"] for _ in range(count)]


async def test_a_member_sees_their_own_events_as_they_happen(house, http):
    token, ref = await house.member("7")
    await house.happens(ref, 2)
    async with socket_of(http, token) as (ws, hello):
        assert hello["accounts"] == {ref.key: 2}
        await house.happens(ref)
        event = await heard(ws)
    assert event["type"] == "event"
    assert (event["sequence"], event["account"], event["kind"]) == (3, ref.key, "order.fill")
    assert event["data"] == {"price": "1.25"}


async def test_nobody_sees_another_members_events_not_even_by_asking(house, http):
    mine, my_ref = await house.member("7")
    _, other_ref = await house.member("77")
    async with socket_of(http, mine) as (ws, hello):
        assert set(hello["accounts"]) == {my_ref.key}
        await house.happens(other_ref, 3)
        for key in (other_ref.key, "77/paper", "", "77/7/acc-7", "77/paper/acc-77/"):
            await ws.send_json({"op": "resume", "since": {key: 0}})
            answer = await heard(ws)
            assert (answer["type"], answer["error"]["code"]) == ("error", "not_found")
        await house.happens(my_ref)
        assert (await heard(ws))["account"] == my_ref.key


async def test_a_client_that_was_away_gets_everything_it_missed_in_order(house, http):
    token, ref = await house.member("7")
    await house.happens(ref, 2500)
    async with socket_of(http, token) as (ws, _):
        await ws.send_json({"op": "resume", "since": {ref.key: 10}})
        assert await sequences(ws, 2490) == list(range(11, 2501))
        assert await heard(ws) == {"type": "resumed", "accounts": {ref.key: 2500}}
        await house.happens(ref, 2)
        assert await sequences(ws, 2) == [2501, 2502]


async def test_what_happens_during_a_resume_is_neither_lost_nor_repeated(house, http):
    token, ref = await house.member("7")
    await house.happens(ref, 1500)
    async with socket_of(http, token) as (ws, _):
        await ws.send_json({"op": "resume", "since": {ref.key: 0}})
        for _ in range(40):
            await house.happens(ref, 3)
            await asyncio.sleep(0)
        seen, resumed = [], False
        while len(seen) < 1620:
            message = await heard(ws)
            if message["type"] == "event":
                seen.append(message["sequence"])
            else:
                resumed = True
        assert seen == list(range(1, 1621))
        assert resumed or (await heard(ws))["type"] == "resumed"


async def test_a_hand_over_that_was_lost_is_read_from_the_journal(house, http):
    token, ref = await house.member("7")
    async with socket_of(http, token) as (ws, _):
        await house.happens(ref, 3, publish=False)
        await house.happens(ref)
        assert await sequences(ws, 4) == [1, 2, 3, 4]
        await house.happens(ref, 2, publish=False)
        house.bus.lose()
        assert await sequences(ws, 2) == [5, 6]


async def test_an_account_linked_after_the_greeting_is_followed_from_its_first_event(house, http):
    token, _ = await house.member("7")
    async with socket_of(http, token) as (ws, _):
        from domain.ids import AccountRef, UserId

        fresh = AccountRef(user=UserId("7"), broker="alpaca", account="fresh")
        await house.happens(fresh, 2)
        assert await sequences(ws, 2) == [1, 2]


async def test_a_browser_sends_its_token_as_a_sub_protocol_and_is_answered_without_it(house, http, caplog):
    token, _ = await house.member("7")
    async with http.ws_connect("/ws", protocols=("dte.v1", f"bearer.{token}")) as ws:
        assert ws.protocol == "dte.v1"
        assert (await heard(ws))["type"] == "hello"
    async with http.ws_connect("/ws", protocols=(f"bearer.{token}",)) as ws:
        assert (await heard(ws))["type"] == "hello"
    assert token not in caplog.text


@pytest.mark.parametrize("token", ["", "dte_", "dte_" + "0" * 48, "wrong", "é"])
async def test_a_wrong_token_is_refused(house, http, token):
    async with http.get(
        "/ws", headers={"Authorization": f"Bearer {token}".encode().decode("latin-1")}
    ) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_guessing_tokens_is_slowed_down(house, http):
    token, _ = await house.member("7")
    for _ in range(5):
        async with http.get("/ws", headers=bearer("dte_x")) as answer:
            assert answer.status == 401
    async with http.get("/ws", headers=bearer(token)) as answer:
        assert answer.status == 429
    await house.clock.advance(61)
    async with socket_of(http, token):
        pass


async def test_a_revoked_token_ends_its_sockets(house, http):
    token, ref = await house.member("7")
    async with socket_of(http, token) as (ws, _):
        await house.tokens.revoke_all(ref.user)
        await house.clock.advance(31)
        message = await ws.receive(timeout=5)
        assert (message.type, ws.close_code) == (aiohttp.WSMsgType.CLOSE, 1008)


async def test_a_page_of_another_site_may_not_connect(house, http):
    token, _ = await house.member("7")
    async with http.get("/ws", headers=bearer(token) | {"Origin": "https://evil.example"}) as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (403, "origin")


async def test_a_plain_request_is_told_to_upgrade(house, http):
    token, _ = await house.member("7")
    async with http.get("/ws", headers=bearer(token)) as answer:
        assert answer.status == 426


async def test_a_member_has_at_most_five_sockets_and_the_process_its_own_limit(tmp_path):
    async with serving(tmp_path, Limits(sockets_per_member=2, sockets=3)) as house:
        first, _ = await house.member("7")
        second, _ = await house.member("8")
        async with aiohttp.ClientSession(house.url) as http, contextlib.AsyncExitStack() as stack:
            for token in (first, first, second):
                await stack.enter_async_context(socket_of(http, token))
            async with http.get("/ws", headers=bearer(first)) as answer:
                assert answer.status == 429
            async with http.get("/ws", headers=bearer(second)) as answer:
                assert answer.status == 503
        async with aiohttp.ClientSession(house.url) as http:
            await eventually(lambda: house.deps.metrics.registry.get_sample_value("dte_ws_sockets") == 0)
            async with socket_of(http, first):
                pass


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("nonsense", "not_json"),
        ('{"op": "buy"}', "unknown_op"),
        ("[1]", "unknown_op"),
        ('{"op": "resume", "since": {"7/paper/acc-7": "0"}}', "bad_sequence"),
        ('{"op": "resume", "since": {"7/paper/acc-7": -1}}', "bad_sequence"),
        ('{"op": "resume", "since": {"7/paper/acc-7": true}}', "bad_sequence"),
    ],
)
async def test_what_cannot_be_understood_is_said_and_the_socket_stays(house, http, said, code):
    token, _ = await house.member("7")
    async with socket_of(http, token) as (ws, _):
        await ws.send_str(said)
        assert (await heard(ws))["error"]["code"] == code
        await ws.send_json({"op": "ping"})
        assert await heard(ws) == {"type": "pong"}


async def test_a_flood_of_messages_ends_the_socket(house, http):
    token, _ = await house.member("7")
    async with socket_of(http, token) as (ws, _):
        for _ in range(101):
            await ws.send_json({"op": "ping"})
        while (message := await ws.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
            pass
        assert (message.type, ws.close_code) == (aiohttp.WSMsgType.CLOSE, 1008)


async def test_stopping_tells_every_socket_to_come_back(tmp_path):
    async with serving(tmp_path) as house:
        token, _ = await house.member("7")
        async with aiohttp.ClientSession(house.url) as http, socket_of(http, token) as (ws, _):
            stopping = asyncio.create_task(house.server.stop())
            message = await ws.receive(timeout=5)
            assert (message.type, ws.close_code) == (aiohttp.WSMsgType.CLOSE, 1001)
            await stopping


async def test_a_reader_that_never_reads_is_cut_off_and_delays_nobody(house, http):
    slow_token, slow_ref = await house.member("6")
    token, ref = await house.member("7")
    stuck = await _never_reads(house.port, slow_token)
    try:
        await eventually(lambda: house.deps.metrics.registry.get_sample_value("dte_ws_sockets") == 1)
        async with socket_of(http, token) as (ws, _):
            for round_ in range(400):
                await house.happens(slow_ref, 50)
                if round_ % 10 == 0:
                    await house.happens(ref)
                    await asyncio.wait_for(heard(ws), 1)
                if house.deps.metrics.registry.get_sample_value("dte_ws_drops_total"):
                    break
            assert house.deps.metrics.registry.get_sample_value("dte_ws_drops_total") == 1
            await house.happens(ref)
            await asyncio.wait_for(heard(ws), 1)
        await eventually(
            lambda: house.deps.metrics.registry.get_sample_value("dte_ws_sockets") == 0, timeout=10
        )
    finally:
        stuck.close()


async def _never_reads(port: int, token: str) -> socket.socket:
    """Shake hands by hand over a socket with a small buffer, and then fall silent."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(raw, ("127.0.0.1", port))
    request = (
        f"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        f"Authorization: Bearer {token}\r\n\r\n"
    )
    await loop.sock_sendall(raw, request.encode())
    assert b"101" in await loop.sock_recv(raw, 64)
    return raw


async def test_a_socket_hears_what_its_member_may_do_and_again_when_their_roles_change(house, http):
    await house.store.guilds.insert(GuildSettings(id="900", premium_roles=("5",)))
    token, _ = await house.member("7")
    other, _ = await house.member("8")
    async with socket_of(http, token) as (ws, _), socket_of(http, other) as (others, _):
        await ws.send_json({"op": "gate", "guild": "900"})
        assert (await heard(ws))["tier"] == "free"
        await house.give_roles("900", "7", "5")
        changed = await heard(ws)
        assert (changed["type"], changed["guild"], changed["tier"]) == ("gate", "900", "premium")
        await house.give_roles("900", "7")
        lapsed = await heard(ws)
        assert lapsed["tier"] == "free"
        assert {b["code"] for b in lapsed["brokers"] if b["environment"] == "live"} == {"premium_needed"}
        await others.send_json({"op": "ping"})
        assert (await heard(others)) == {"type": "pong"}, "nobody hears of another member's roles"
