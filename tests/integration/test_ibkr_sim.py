"""The pretend TWS refuses what TWS refuses, and speaks the protocol as the reference describes it."""

import asyncio
import struct

import pytest

from sim.ibkr.contracts import contract_id
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


# What no client may say


async def refusal(raw):
    while (said := await raw.until("4"))[3] == "2104":
        pass
    return said[3]


@pytest.mark.parametrize(
    "hello",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"API\0" + struct.pack(">I", 4) + b"v1..",
        b"API\0" + struct.pack(">I", 8) + b"v100.150",
        b"API\0" + struct.pack(">I", 9) + b"v100..150",
        b"API\0" + struct.pack(">I", 9) + b"v200..210",
        b"API\0" + struct.pack(">I", 1 << 30) + b"v157..176",
        b"API\0" + struct.pack(">I", 9) + b"v157..176" + frame(9, 8, 1),
    ],
)
async def test_a_wrong_greeting_is_hung_up_on(hello):
    async with world() as w:
        reader, writer = await asyncio.open_connection("127.0.0.1", w.sim.port)
        writer.write(hello)
        writer.write_eof()
        told = await asyncio.wait_for(reader.read(), 2)
        assert told[4:7] in {b"", b"176"}
        assert not w.sim.clients
        writer.close()


@pytest.mark.parametrize(
    ("highest", "spoken"), [("176", "176"), ("177", "177"), ("178", "178"), ("999", "178")]
)
async def test_the_version_is_the_highest_that_both_know(highest, spoken):
    async with world() as w:
        reader, writer = await asyncio.open_connection("127.0.0.1", w.sim.port)
        hello = f"v157..{highest}".encode()
        writer.write(b"API\0" + struct.pack(">I", len(hello)) + hello)
        assert (await Raw(reader, writer).heard())[0] == spoken
        writer.close()


@pytest.mark.parametrize(
    "fields",
    [
        (3,),
        (3, "seven"),
        (3, 7, 265598),
        place()[:114],
        [*place(), ""],
        (4, 1),
        (4, 1, "seven", ""),
        (9, 8),
        (1, 11, "x"),
        (7, 3),
        (),
    ],
    ids=str,
)
async def test_a_request_that_cannot_be_read_is_refused_and_the_line_stays_up(fields):
    async with world() as w:
        raw = await greet(w)
        await raw.until("9")
        raw.say(*fields)
        assert await refusal(raw) == "320"
        raw.say(49, 1)
        assert (await raw.until("49"))[1] == "1"
        assert w.sim.orders() == []
        raw.writer.close()


async def ask(contract, kind=9):
    """Ask for details (9) or prices (1) of twelve contract fields."""
    async with world() as w:
        raw = await greet(w)
        await raw.until("9")
        raw.say(kind, 8, 1, *contract, *(("", 0) if kind == 1 else (0, "", "", "")))
        answer = await refusal(raw)
        raw.writer.close()
        return answer


@pytest.mark.parametrize(
    "contract",
    [
        ["", "NOSUCH", "STK", "", "0", "", "", "SMART", "", "USD", "", ""],
        ["", "AAPL", "STK", "", "0", "", "", "LSE", "", "USD", "", ""],
        ["", "AAPL", "OPT", "", "100", "C", "100", "SMART", "", "USD", "", ""],
        ["", "AAPL", "OPT", "20990132", "100", "C", "100", "SMART", "", "USD", "", ""],
        ["", "AAPL", "OPT", "20260101", "many", "C", "100", "SMART", "", "USD", "", ""],
        ["", "ES", "FUT", "202513", "0", "", "", "CME", "", "USD", "", ""],
        ["", "ES", "FUT", "", "0", "", "", "SMART", "", "USD", "", ""],
        ["", "ES", "FUT", "", "0", "", "", "CME", "", "USD", "", "NQ"],
        ["", "EUR", "CASH", "", "0", "", "", "SMART", "", "USD", "", ""],
        ["", "USD", "CASH", "", "0", "", "", "IDEALPRO", "", "EUR", "", ""],
        ["", "BTC", "CRYPTO", "", "0", "", "", "PAXOS", "", "USD", "", ""],
        ["7", "", "STK", "", "0", "", "", "SMART", "", "USD", "", ""],
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [9, 1])
async def test_a_contract_that_is_not_there_is_200(contract, kind):
    assert await ask(contract, kind) == "200"


async def test_prices_of_a_future_without_its_month_are_ambiguous():
    assert await ask(["", "ES", "FUT", "", "0", "", "", "CME", "", "USD", "", ""], 1) == "200"


@pytest.mark.parametrize(
    ("symbol", "changes", "code"),
    [
        ("EURUSD", {"_19": "1.09003"}, "110"),
        ("EURUSD", {"_9": "SMART"}, "200"),
        ("EURUSD", {"_17": "1000.5"}, "10243"),
        ("ES", {"_19": "5000.10"}, "110"),
        ("ES", {"_9": "SMART"}, "200"),
        ("ES", {"_17": "1.5"}, "10243"),
        ("ES", {"_17": "1000"}, "201"),
        ("ES", {"_4": "STK"}, "200"),
    ],
)
async def test_a_wrong_order_in_a_future_or_a_pair_is_refused_with_its_code(symbol, changes, code):
    async with world() as w:
        kind, price = ("CASH", "1.09") if symbol == "EURUSD" else ("FUT", "5000")
        every = [i for i in w.market.instruments() if i.symbol.startswith(symbol)]
        where = "IDEALPRO" if kind == "CASH" else "CME"
        raw = await greet(w)
        await raw.until("9")
        right = {"_2": contract_id(every[0].symbol), "_4": kind, "_9": where, "_17": 1, "_19": price}
        raw.say(*place(**{**right, **changes}))
        assert await refusal(raw) == code
        assert not [o for o in w.sim.orders() if o.live]
        raw.writer.close()


async def test_the_same_number_for_another_order_is_a_change_and_after_its_end_a_duplicate():
    async with world() as w:
        raw = await greet(w)
        await raw.until("9")
        raw.say(*place())
        await raw.until("3")
        raw.say(*place(_19="91"))
        await raw.until("3")
        assert [str(o.limit_price) for o in w.sim.orders()] == ["91"]
        raw.say(4, 1, 7, "")
        assert await refusal(raw) == "202"
        raw.say(*place())
        assert await refusal(raw) == "103"
        raw.writer.close()


async def test_a_third_account_summary_is_refused():
    async with world() as w:
        raw = await greet(w)
        await raw.until("9")
        for request in (1, 2, 3):
            raw.say(62, 1, request, "All", "NetLiquidation")
        assert await refusal(raw) == "322"
        raw.writer.close()
