"""A host that a member types leads to the bot's own machine, or where the operator says, and nowhere else."""

import socket

import pytest

from adapters.kit import hosts
from adapters.kit.errors import Errors
from domain.errors import Denied, Unreachable

ERRORS = Errors(broker="ibkr", operation="connect")


@pytest.fixture
def names(monkeypatch):
    """Say what names mean, and count who is asked about them."""
    known, asked = {"localhost": ["127.0.0.1", "::1"]}, []
    real = hosts._addresses

    async def look_up(host, port):
        asked.append(host)
        if host in known:
            return [hosts._plain(text) for text in known[host]]
        return await real(host, port) if hosts._numeric(host) else []

    monkeypatch.setattr(hosts, "_addresses", look_up)
    known["asked"] = asked
    return known


async def reach(host, *allowed, port=7497):
    return await hosts.reach(host, port, allowed, ERRORS, refused="No.", unreachable="Nobody there.")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "LOCALHOST.", "::ffff:127.0.0.1"]
)
async def test_this_machine_is_always_allowed(host, names):
    assert await reach(host) in {"127.0.0.1", "127.8.9.1", "::1"}


@pytest.mark.parametrize(
    "host",
    [
        *("10.0.5.7", "192.168.1.1", "169.254.169.254", "8.8.8.8", "0.0.0.0", "::", "fe80::1"),
        *("::ffff:10.0.5.7", "0xa000507", "167773447", "10.5", "fd00:ec2::254"),
        *("metadata.google.internal", "evil.example"),
    ],
)
async def test_anything_else_is_refused_when_nothing_is_listed(host, names):
    with pytest.raises(Denied) as caught:
        await reach(host)
    assert caught.value.code == "host_not_allowed"


async def test_a_name_that_cannot_be_allowed_is_not_even_looked_up(names):
    with pytest.raises(Denied):
        await reach("secret-data.evil.example")
    assert names["asked"] == []


@pytest.mark.parametrize("entry", ["10.0.5.7", "10.0.5.7:7497", "10.0.5.0/24", "10.0.5.0/24:7497"])
async def test_a_listed_address_is_allowed_on_its_port(entry, names):
    assert await reach("10.0.5.7", entry) == "10.0.5.7"
    with pytest.raises(Denied):
        await reach("10.0.6.7", entry)
    if entry.endswith(":7497"):
        with pytest.raises(Denied):
            await reach("10.0.5.7", entry, port=22)


async def test_a_listed_name_is_allowed_and_the_address_is_given_so_that_nobody_looks_it_up_again(names):
    names["tws.lan"] = ["fd00::7", "10.0.5.7"]
    assert await reach("TWS.lan", "tws.lan") == "10.0.5.7"
    assert await reach("tws.lan", "tws.lan:7497") == "10.0.5.7"
    with pytest.raises(Denied):
        await reach("tws.lan", "tws.lan:7497", port=6379)


@pytest.mark.parametrize("address", ["169.254.169.254", "0.0.0.0", "224.0.0.1", "::", "fe80::1"])
async def test_a_listed_name_that_comes_to_mean_an_odd_address_is_refused(address, names):
    names["tws.lan"] = ["10.0.5.7", address]
    with pytest.raises(Denied):
        await reach("tws.lan", "tws.lan")


async def test_a_name_that_means_an_address_which_is_not_listed_is_refused(names):
    names["mine.example"] = ["10.0.5.7"]
    assert await reach("mine.example", "10.0.5.0/24") == "10.0.5.7"
    names["mine.example"] = ["10.0.5.7", "10.0.9.9"]
    with pytest.raises(Denied):
        await reach("mine.example", "10.0.5.0/24")


async def test_a_listed_name_nobody_knows_is_unreachable(names):
    with pytest.raises(Unreachable):
        await reach("tws.lan", "tws.lan")


async def test_the_system_is_asked_and_its_answer_checked():
    found = await hosts._addresses("localhost", 7497)
    assert {str(address) for address in found} <= {"127.0.0.1", "::1"}
    assert socket.gethostbyname("localhost") in {str(address) for address in found}


@pytest.mark.parametrize(
    "entry", ["", "http://tws", "tws:0", "tws:99999", "tws:x", "a b", "10.0.5.0/99", "10.0"]
)
def test_an_entry_that_is_neither_host_nor_network_is_refused(entry):
    with pytest.raises(ValueError):
        hosts.place(entry)
