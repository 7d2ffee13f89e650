"""The pretend TWS refuses what TWS refuses, and speaks the protocol as the reference describes it."""

import asyncio
import struct

import pytest

from sim.ibkr.messages import _COMPLETED, _EXECUTION, _OPEN
from sim.ibkr.wire import frame
from tests.integration.ibkr_world import world


class Raw:
    """Speak to TWS by hand."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def heard(self):
        (length,) = struct.unpack(">I", await self.reader.readexactly(4))
        return (await self.reader.readexactly(length)).decode().split("\0")[:-1]

    async def until(self, kind):
        while (fields := await asyncio.wait_for(self.heard(), 2))[0] != kind:
            pass
        return fields

    def say(self, *fields):
        self.writer.write(frame(*fields))


async def greet(w, client=5):
    reader, writer = await asyncio.open_connection("127.0.0.1", w.sim.port)
    hello = b"v157..176"
    writer.write(b"API\0" + struct.pack(">I", len(hello)) + hello)
    raw = Raw(reader, writer)
    assert (await raw.heard())[0] == "176"
    raw.say(71, 2, client, "")
    return raw


def place(**changes):
    fields = [""] * 115
    told = {
        0: 3,
        1: 7,
        2: 265598,
        16: "BUY",
        17: 10,
        18: "LMT",
        19: "90",
        21: "DAY",
        23: "DU1234567",
        26: "mine",
    }
    for index, value in {**told, 27: 1, 28: 0, 85: 0, **{int(k[1:]): v for k, v in changes.items()}}.items():
        fields[index] = value
    return fields


async def test_the_greeting_tells_the_account_and_the_next_order_number():
    async with world() as w:
        raw = await greet(w)
        assert await raw.until("15") == ["15", "1", "DU1234567"]
        assert await raw.until("9") == ["9", "1", "1"]
        raw.writer.close()


@pytest.mark.parametrize(("template", "count"), [(_OPEN, 136), (_COMPLETED, 101), (_EXECUTION, 31)])
def test_messages_have_as_many_fields_as_the_protocol_says(template, count):
    assert len(template.split(",")) == count


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"_2": 1}, "200"),
        ({"_23": "DU9999999"}, "321"),
        ({"_18": "PEG MID"}, "387"),
        ({"_21": "GTX"}, "201"),
        ({"_17": ""}, "434"),
        ({"_17": "0"}, "434"),
        ({"_17": "1.5"}, "10243"),
        ({"_17": "many"}, "320"),
        ({"_19": "90.123"}, "110"),
        ({"_16": "HOLD"}, "201"),
        ({"_17": "100000000"}, "201"),
        ({"_28": "6"}, "135"),
    ],
)
async def test_a_wrong_order_is_refused_with_its_code(changes, code):
    async with world() as w:
        raw = await greet(w)
        await raw.until("9")
        raw.say(*place(**changes))
        while (said := await raw.until("4"))[3] == "2104":
            pass
        assert said[3] == code
        assert not [o for o in w.sim.orders() if o.live]
        raw.writer.close()


async def test_an_order_without_a_time_in_force_is_taken_with_a_warning():
    async with world() as w:
        raw = await greet(w)
        raw.say(*place(_21=""))
        while (said := await raw.until("4"))[3] == "2104":
            pass
        assert said[3] == "10349"
        assert (await raw.until("3"))[2] == "Submitted"
        raw.writer.close()


async def test_a_staged_order_does_not_work_until_it_is_transmitted():
    async with world() as w:
        raw = await greet(w)
        raw.say(*place(_27=0, _18="MKT", _19=""))
        raw.say(16, 1)
        assert (await raw.until("53")) == ["53", "1"]
        assert w.sim.orders() == []
        raw.writer.close()


async def test_cancelling_what_is_not_there_has_its_code():
    async with world() as w:
        raw = await greet(w)
        raw.say(4, 1, 99, "")
        while (said := await raw.until("4"))[3] == "2104":
            pass
        assert said[3] == "10147"
        raw.writer.close()


async def test_a_second_client_under_one_id_is_turned_away():
    async with world() as w:
        first, second = await greet(w), None
        await first.until("9")
        second = await greet(w)
        assert (await second.until("4"))[3] == "326"
        assert await second.reader.read() == b""
        first.writer.close()
        second.writer.close()
