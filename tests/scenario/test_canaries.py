"""Canary secrets go through every flow while exceptions are forced at each await, and none gets out.

The short run here tries a part of the awaits of the flows that matter most; ``SOAK=1`` tries all of all.
"""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.integration.bot_process import ROOT, bot
from tests.scenario.canary import Net, dresses
from tests.support import eventually

SOAK = bool(os.environ.get("SOAK"))
FIRST = (
    "link alpaca, wrong keys, relink alpaca, test alpaca, rename, pause, resume, remove alpaca, API token, "
    "operator, buy"
)
OTHERS = (
    "link schwab, link kraken, link coinbasepro, link ibkr, link moomoo, relink schwab, relink coinbasepro, "
    "test schwab, test kraken, remove schwab"
)
RESTARTS = "restart alpaca, restart schwab, restart kraken, restart coinbasepro"
FEW = (
    "link alpaca, wrong keys, link schwab, link coinbasepro, relink alpaca, test alpaca, rename, "
    "remove alpaca, API token, operator, restart alpaca"
)
WEB: dict[str, Any] = {"flows": "page alpaca, consent alpaca, consent schwab", "web": True, "most": 1}
SHORT: dict[str, Any] = {"flows": FEW, "stride": 23, "most": 1, "seconds": 3}
PLANS = (
    [{"flows": part, "kinds": 0, "most": 3, "seconds": 900} for part in (FIRST, OTHERS, RESTARTS)]
    + [{**WEB, "kinds": 1, "most": 2, "seconds": 900}]
    if SOAK
    else [SHORT, {**WEB, "stride": 5, "seconds": 2, "only": "api/"}]
)
CANARY = "Kq7'\"é✓ x/+&<%\\=;\n$`canary" + "0aZ9" * 5


def swept(folder: Path, plan: dict[str, Any]) -> dict[str, Any]:
    """Sweep in a process of its own, whose output is searched too."""
    folder.mkdir()
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        done = subprocess.run(
            [sys.executable, "-m", "tests.scenario.canary_sweep", str(folder), json.dumps(plan)],
            cwd=ROOT,
            stdout=out,
            stderr=err,
            check=False,
        )
    assert done.returncode == 0, (folder / "stderr").read_text()[-4000:]
    return json.loads(folder.with_suffix(".json").read_text())


def table(rows: Sequence[dict[str, Any]]) -> str:
    names = ("awaits", "tried", "raised", "told", "silent", "unfinished", "wrong", "bytes", "hits", "seconds")
    lines = [f"{'flow':20}" + "".join(f"{name:>12}" for name in names)]
    lines += [f"{row['flow']:20}" + "".join(f"{row.get(name, 0):>12}" for name in names) for row in rows]
    total = {name: sum(row.get(name, 0) for row in rows) for name in names}
    return "\n".join([*lines, f"{'all':20}" + "".join(f"{total[name]:>12}" for name in names)])


@pytest.mark.timeout(3600 if SOAK else 240)
@pytest.mark.parametrize("number", range(len(PLANS)))
def test_no_secret_gets_out_of_any_flow_whatever_fails_at_any_await(tmp_path: Path, number: int):
    came = swept(tmp_path / "sweep", PLANS[number])
    print(table(came["rows"]))  # noqa: T201 - the figures
    print({k: came[k] for k in ("canaries", "forms", "searched", "masked", "sites", "reached")})  # noqa: T201
    for odd in came["odd"]:
        print("odd:", odd)  # noqa: T201
    assert came["planted"] == dict.fromkeys(came["planted"], True), "the net can catch"
    assert came["masked"] > 0, "there was something to mask"
    assert list(came["hits"]) == []
    assert came["facts"] == {"core": [0, 0], "dumpable": 0}
    tried, raised, unjudged = (
        sum(row.get(n, 0) for row in came["rows"]) for n in ("tried", "raised", "unjudged")
    )
    assert raised > tried / 2, "what was to fail did fail"
    assert unjudged <= tried / 20
    assert [row for row in came["rows"] if row.get("half")] == [], "no half-linked account, whatever failed"


@pytest.mark.parametrize("where", ["start", "middle", "end"])
def test_the_net_finds_every_dress_wherever_it_lies(where: str):
    net = Net()
    net.add("the canary", CANARY)
    chance = random.Random(7)
    for form, dress in dresses(CANARY).items():
        front = chance.randbytes({"start": 0, "middle": (1 << 20) - 5, "end": 900}[where])
        back = chance.randbytes(0 if where == "end" else 700)
        assert net.search(dress, front + form + back), dress
    assert not net.search("nothing", chance.randbytes(1 << 20))


def process_facts(pid: int) -> dict[str, str]:
    limits = Path(f"/proc/{pid}/limits").read_text()
    children = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return {
        "arguments": Path(f"/proc/{pid}/cmdline").read_bytes().decode(),
        "core": next(line for line in limits.splitlines() if line.startswith("Max core")).split()[4],
        "children": "".join(children),
    }


SETTINGS = {
    "MONGODB_URI": "mongodb://bot:{}@127.0.0.1:1/x?serverSelectionTimeoutMS=200",
    "REDIS_URL": "redis://bot:{}@127.0.0.1:1/0",
    "DISCORD_TOKEN": "{}.x y",
    "METRICS_TOKEN": "{}",
    "ENVIRONMENT": "{}",
    "PUBLIC_URL": "ftp://bot:{}@example/",
    "DISCORD_CLIENT_SECRET": "{}",
    "AWS_ACCESS_KEY_ID": "{}",
    "AWS_SECRET_ACCESS_KEY": "{}",
    "ALPACA_OAUTH_CLIENT_ID": "{}",
    "ALPACA_OAUTH_CLIENT_SECRET": "{}",
}
SECRET = "canary-7Qx-of-a-password-9Zw"


@pytest.mark.parametrize("name", SETTINGS)
async def test_a_start_that_fails_over_a_setting_does_not_say_its_secret(tmp_path: Path, name: str):
    net = Net()
    net.add(name, SECRET)
    given = {"DISCORD_TOKEN": "a.b.c", "DISCORD_API_URL": "http://127.0.0.1:1/api", "LOG_LEVEL": "DEBUG"}
    async with bot(tmp_path, **given | {name: SETTINGS[name].format(SECRET)}) as process:
        if name == "METRICS_TOKEN":
            await eventually(lambda: process.logged("listening"), 30)
            facts = process_facts(process.process.pid)
            assert facts["core"] == "0"
            assert facts["children"] == "", "no child is handed the environment"
            assert not net.search("arguments", facts["arguments"])
            await process.stop(signal.SIGTERM)
        else:
            assert await process.ended(60) != 0
        assert not net.search("output", process.output), net.hits
        assert process.output.strip()
        files = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
        assert not [hit for path in files for hit in net.search(path.name, path.read_bytes())]
