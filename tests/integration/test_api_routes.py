import json

import aiohttp
import pytest

from adapters.registry import adapters
from domain.accounts import GuildSettings
from tests.integration.api_house import serving


@pytest.fixture
async def house(tmp_path):
    async with serving(tmp_path) as house:
        yield house


async def test_alive_is_not_the_same_as_ready(house):
    async with aiohttp.ClientSession(house.url) as http:
        async with http.get("/livez") as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "ok"})
        async with http.get("/readyz") as answer:
            assert answer.status == 503
            assert (await answer.json())["checks"] == {"store": True, "recovered": False, "gateway": False}
        house.recovered = house.gateway = True
        async with http.get("/readyz") as answer:
            assert (answer.status, (await answer.json())["status"]) == (200, "ready")


async def test_a_store_that_takes_no_writes_makes_it_not_ready_and_health_still_answers(house):
    house.recovered = house.gateway = True
    await house.store.close()
    async with aiohttp.ClientSession(house.url) as http:
        async with http.get("/readyz") as answer:
            assert (answer.status, (await answer.json())["checks"]["store"]) == (503, False)
        async with http.get("/health") as answer:
            body = await answer.json()
            assert (answer.status, body["status"], body["version"]) == (200, "degraded", "0.0.test")


async def test_supported_brokers_are_public_data_without_a_secret(house):
    async with aiohttp.ClientSession(house.url) as http, http.get("/api/brokers/supported") as answer:
        assert answer.status == 200
        brokers = (await answer.json())["brokers"]
    assert {broker["key"] for broker in brokers} == set(adapters())


async def test_figures_are_there_for_this_machine_and_name_nobody(house):
    async with aiohttp.ClientSession(house.url) as http:
        async with http.get("/metrics") as answer:
            text = await answer.text()
            assert answer.status == 200
        async with http.get("/metrics", headers={"X-Forwarded-For": "9.9.9.9"}) as answer:
            assert (answer.status, (await answer.json())["error"]["code"]) == (403, "private")
    for name in ("dte_intents", "dte_ws_sockets", "dte_gateway_up 0.0", "process_resident_memory_bytes"):
        assert name in text
    assert "user" not in text.replace("user and system CPU", "")


async def test_a_metrics_token_opens_figures_and_nothing_else_does(tmp_path):
    async with serving(tmp_path, metrics_token="m-token") as house, aiohttp.ClientSession(house.url) as http:
        async with http.get("/metrics") as answer:
            assert answer.status == 401
        async with http.get("/metrics", headers={"Authorization": "Bearer m-token"}) as answer:
            assert answer.status == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/api/brokers/", 404, "not_found"),
        ("POST", "/livez", 405, "method_not_allowed"),
        ("GET", "/ws", 401, "unauthorized"),
        ("GET", "/ws?token=dte_x", 400, "token_in_url"),
    ],
)
async def test_every_refusal_has_the_same_body(house, method, path, status, code):
    async with aiohttp.ClientSession(house.url) as http, http.request(method, path) as answer:
        body = await answer.json()
        assert (answer.status, answer.content_type) == (status, "application/json")
        assert body["error"]["code"] == code
        assert body["error"]["message"].endswith(".")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_large_body_is_refused_unread(house):
    sent = {"data": b"x" * 70_000}
    async with aiohttp.ClientSession(house.url) as http, http.post("/livez", **sent) as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (413, "body_too_large")


async def test_what_nobody_foresaw_is_a_reference_and_no_text_of_the_error(house, capsys):
    def broken():
        raise KeyError("canary-secret")

    house.brokers = broken
    async with aiohttp.ClientSession(house.url) as http, http.get("/api/brokers/supported") as answer:
        body = await answer.text()
        assert answer.status == 500
    assert "canary" not in body
    assert len(json.loads(body)["error"]["reference"]) == 8


async def test_too_many_reads_are_slowed_down(house):
    async with aiohttp.ClientSession(house.url) as http:
        statuses = []
        for _ in range(61):
            async with http.get("/api/brokers/supported") as answer:
                statuses.append(answer.status)
                retry = answer.headers.get("Retry-After")
    assert statuses == [200] * 60 + [429]
    assert 1 <= int(retry) <= 60


async def test_a_taken_port_is_one_sentence(house, tmp_path):
    from api.app import ApiServer, PortTaken, build_app

    second = ApiServer(build_app(house.deps), "127.0.0.1", house.port)
    with pytest.raises(PortTaken) as caught:
        await second.start()
    assert str(caught.value) == (
        f"Port {house.port} is taken by another program. Stop that program, or set PORT to a free port."
    )


async def test_queries_are_not_logged(house, capsys):
    async with aiohttp.ClientSession(house.url) as http, http.get("/nothing?secret=canary") as answer:
        assert answer.status == 404
    out = capsys.readouterr()
    assert "canary" not in out.out + out.err


async def test_a_member_asks_what_they_may_do_and_what_would_unlock_the_rest(house):
    await house.store.guilds.insert(GuildSettings(id="900", basic_roles=("5",)))
    token, _ = await house.member("7")
    bearer = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(house.url) as http:
        async with http.get("/api/gate?guild=900") as answer:
            assert answer.status == 401
        async with http.get("/api/gate?guild=server", headers=bearer) as answer:
            assert (answer.status, (await answer.json())["error"]["code"]) == (400, "bad_guild")
        async with http.get("/api/gate?guild=900", headers=bearer) as answer:
            before = await answer.json()
        await house.give_roles("900", "7", "5")
        async with http.get("/api/gate?guild=900", headers=bearer) as answer:
            after = await answer.json()
    assert (before["tier"], after["tier"]) == ("free", "basic")
    live = [line for line in before["brokers"] if line["environment"] == "live"]
    assert {line["broker"] for line in live} == set(adapters()) - {"paper"}
    assert {(line["allowed"], line["code"]) for line in live} == {(False, "premium_needed")}
    assert all("basic, pro or premium membership" in line["reason"] for line in live)
    assert all(line["allowed"] for line in after["brokers"])
    assert (before["allows"]["live"], after["allows"]["live"]) == (False, True)
