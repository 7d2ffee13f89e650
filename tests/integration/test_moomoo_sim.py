"""Hold the pretend OpenD to what the vendor refuses, asked over its own socket without the SDK."""

import asyncio
import hashlib
import json
import struct
import subprocess
import sys

import pytest

from tests.contract.moomoo_harness import PASSWORD
from tests.integration.moomoo_world import world

HEAD = struct.Struct("<1s1sI2B2I20s8s")

# Field numbers of Trd_PlaceOrder.C2S, written by hand so that no generated class is needed here.
TALK = """
import json, socket, sys
from sim.moomoo import pb
from sim.moomoo.frames import Frame
import struct
from google.protobuf.json_format import MessageToDict, ParseDict
HEAD = struct.Struct("<1s1sI2B2I20s8s")
port, asks = int(sys.argv[1]), json.loads(sys.argv[2])
s = socket.create_connection(("127.0.0.1", port), 5)
f = s.makefile("rb")
def ask(proto, body, reads):
    s.sendall(Frame(proto=proto, serial=7, body=body).pack())
    while True:
        head = HEAD.unpack(f.read(HEAD.size))
        body = f.read(head[6])
        if head[2] == proto and head[5] == 7:
            reply = pb.module(reads).Response.FromString(body)
            assert reply.IsInitialized(), reply.FindInitializationErrors()
            return reply
def say(proto, fields, serial):
    if "packetID" in fields and fields["packetID"] is None:
        fields["packetID"] = {"connID": hello.s2c.connID, "serialNo": serial}
    if proto not in pb.NAMES or "raw" in fields:
        reads = proto if proto in pb.NAMES else 1001
        reply = ask(proto, bytes.fromhex(fields["raw"]), reads)
    else:
        request = pb.module(proto).Request()
        ParseDict({"c2s": fields}, request)
        reply = ask(proto, request.SerializeToString(), proto)
    said = MessageToDict(reply, preserving_proto_field_name=True)
    return [reply.retType, reply.retMsg, said.get("s2c")]
greeting = {"clientVer": 1011, "clientID": "test", "recvNotify": True, "packetEncAlgo": -1}
request = pb.module(1001).Request()
ParseDict({"c2s": greeting}, request)
if "--rude" not in sys.argv:
    hello = ask(1001, request.SerializeToString(), 1001)
print(json.dumps([say(p, c, n) for n, (p, c) in enumerate(asks, 1)]))
"""


def answers(w, *asks, rude=False):
    """Send requests from a process that has only the vendor's message classes; ``rude`` greets nobody."""
    told = subprocess.run(
        [sys.executable, "-c", TALK, str(w.opend.port), json.dumps(asks), *(["--rude"] if rude else [])],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(told.stdout)


def talk(w, *asks):
    """Send requests; give result and text of each answer."""
    return [answer[:2] for answer in answers(w, *asks)]


def place(w, **changes):
    account, env = (changes.pop("real", False) and w.real) or w.paper, changes.pop("env", None)
    env = env if env is not None else int(account == w.real)
    facts = {
        "packetID": None,  # a fresh one
        "header": {"trdEnv": env, "accID": account, "trdMarket": changes.pop("market", 2)},
        "trdSide": 1,
        "orderType": 1,
        "code": "AAPL",
        "qty": 1,
        "price": 90,
        "secMarket": 2,
        "timeInForce": 0,
    }
    return 2202, {**facts, **changes}


async def test_orders_are_refused_as_opend_refuses_them():
    wrong = {
        "Unknown stock": {"code": "ZZZZZ"},
        "Unknown stock US.AAPL": {"code": "US.AAPL"},
        "suspended": {"code": "HALT"},
        "quantity": {"qty": 1.5},
        "price spread": {"price": 90.123},
        "price does not": {"price": 0},
        "order type": {"orderType": 6},
        "remark": {"remark": "x" * 65},
        "market": {"secMarket": 1},
        "does not support the market": {"market": 1},
        "Nonexisting": {"env": 1},
        "unlock": {"real": True},
        "buying power": {"qty": 100000, "price": 100},
        "trailing": {"orderType": 14},
        "outside regular": {"orderType": 2, "fillOutsideRTH": True},
    }
    async with world() as w:
        asks = [place(w, **change) for change in wrong.values()]
        told = await asyncio.to_thread(talk, w, *asks)
        for part, (ret, text) in zip(wrong, told, strict=True):
            assert ret == -1, part
            assert part.lower() in text.lower()
        assert await w.opend.call("orders") == []


async def test_papers_rules_are_the_vendors():
    async with world(paper_rules=True) as w:
        stop = place(w, orderType=10, auxPrice=110)
        long = place(w, timeInForce=1)
        fine = place(w)
        told = await asyncio.to_thread(talk, w, stop, long, fine)
        assert [ret for ret, _ in told] == [-1, -1, 0]


async def test_the_sixteenth_order_in_thirty_seconds_is_too_many():
    async with world() as w:
        told = await asyncio.to_thread(talk, w, *[place(w)] * 16)
        assert [ret for ret, _ in told] == [0] * 15 + [-1]
        assert "frequent" in told[-1][1]


async def test_two_orders_under_one_remark_are_two_orders():
    async with world() as w:
        await asyncio.to_thread(talk, w, place(w, remark="same"), place(w, remark="same"))
        assert [o["remark"] for o in await w.opend.call("orders")] == ["same", "same"]


async def test_only_the_right_password_unlocks_and_it_is_never_recorded():
    good = hashlib.md5(PASSWORD.encode(), usedforsecurity=False).hexdigest()
    async with world() as w:
        asks = [(2005, {"unlock": True, "pwdMD5": p}) for p in ("wrong", good)]
        told = await asyncio.to_thread(talk, w, *asks, place(w, real=True))
        assert [ret for ret, _ in told] == [-1, 0, 0]
        assert good not in json.dumps(w.opend.ask("requests"))


BROKEN = HEAD.pack(b"F", b"T", 1001, 0, 0, 1, 2, bytes(20), bytes(8)) + b"hi"


@pytest.mark.parametrize("bytes_sent", [b"GET / HTTP/1.1" + b" " * 60, BROKEN])
async def test_what_is_no_frame_or_has_a_wrong_checksum_is_hung_up_on(bytes_sent):
    async with world() as w:
        reader, writer = await asyncio.open_connection("127.0.0.1", w.opend.port)
        writer.write(bytes_sent)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await asyncio.wait_for(reader.readexactly(1), 5)
        writer.close()


def test_the_sim_never_runs_the_sdk():
    code = "import sys, sim.moomoo.server; from sim.moomoo import pb; pb.module(2202)"
    code += "; print('moomoo' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False"]
