"""Drive one sweep in a process of its own: ``python -m tests.scenario.canary_sweep FOLDER PLAN``.

PLAN is JSON: ``flows`` by name, ``kinds`` tried at each await (0: each kind in turn, one at each), ``stride``
(every how-manieth await), ``only`` (in files whose names begin so), ``web`` (members use the
pages), ``most`` (how often the same await counts), ``seconds`` after which a flow ends.
"""

import asyncio
import base64
import json
import logging
import os
import resource
import sys
import time
import traceback
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.scenario import canary_points
from tests.scenario.canary_points import POINTS, Kinds, Point

canary_points.install()

from tests.scenario.canary_flows import FLOWS, HALF, Flow, Told  # noqa: E402
from tests.scenario.canary_house import House  # noqa: E402
from tests.scenario.canary_web_flows import WEB_FLOWS  # noqa: E402

KINDS = tuple(Kinds.names())


class Sweep:
    """Do each flow again and again, with something going wrong at another await each time."""

    def __init__(self, house: House, plan: dict[str, Any]) -> None:
        self.house, self.plan = house, plan
        self.kinds = Kinds(house.known)
        self.rows: list[dict[str, Any]] = []
        self.odd: list[dict[str, Any]] = []
        self.sites: set[str] = set()
        self._turn = 0

    async def flow(self, name: str) -> None:
        """Do one flow: once undisturbed, then at each await."""
        flow = (FLOWS | WEB_FLOWS)[name](self.house)
        began, bytes_before, hits_before = time.monotonic(), self.house.net.searched, len(self.house.net.hits)
        dry, points = await self.once(flow)
        if dry["silences"] or dry["wrong"] or not dry["done"]:
            self.odd.append({"flow": name, "dry": True, **dry})
        # A start that fails half-way leaves its store open: there the process ends, which this one cannot.
        points = [p for p in points if p[1] <= self.plan["most"] and not p[0].startswith("bot/compose.py")]
        points = [p for p in points if p[0].startswith(self.plan["only"])][:: self.plan["stride"]]
        self.sites |= {site for site, _ in points}
        row = defaultdict(int, flow=name, awaits=len(points))
        for point in points:
            if time.monotonic() - began > self.plan["seconds"]:
                row["left"] += 1
                continue
            for kind, after in self._kinds():
                came, _ = await self.once(flow, point, kind, after=after)
                self._count(row, name, came)
        self.house.collect(name)
        row["bytes"] = self.house.net.searched - bytes_before
        row["hits"] = len(self.house.net.hits) - hits_before
        row["seconds"] = round(time.monotonic() - began)
        self.rows.append(dict(row))

    def _kinds(self) -> list[tuple[str, bool]]:
        each = self.plan["kinds"] or 1
        self._turn += each
        return [
            (KINDS[(self._turn + n) % len(KINDS)], (self._turn + n) // len(KINDS) % 3 == 2)
            for n in range(each)
        ]

    def _count(self, row: Any, name: str, came: dict[str, Any]) -> None:
        row["tried"] += 1
        row["raised"] += came["fired"]
        row["told"] += bool(came["failures"])
        row["silent"] += bool(came["silences"]) and came["kind"] != "cancelled"
        row["unfinished"] += not came["done"] and came["kind"] != "cancelled"
        row["unjudged"] += came["wrong"] == "not judged"
        row["wrong"] += came["wrong"] not in {"", "not judged"}
        row["half"] += came["wrong"].startswith(HALF)
        if came["wrong"] or came["silences"] or not came["done"]:
            self.odd.append({"flow": name, **came})

    async def once(
        self, flow: Flow, point: Point | None = None, kind: str = "", *, after: bool = False
    ) -> tuple[dict[str, Any], list[Point]]:
        """Do a flow once; give what came of it, and the awaits it went through."""
        house = self.house
        house.at = f"{type(flow).__name__} {point} {kind} {'after' if after else ''}"
        with (house.folder.parent / f"{house.folder.name}.progress").open("a") as progress:
            progress.write(f"{time.strftime('%T')} {house.at}\n")
        told, wrong, reached = Told(failures=[]), "", []
        try:
            await house.up()
            await flow.before()
            POINTS.arm(point, self.kinds.maker(kind) if kind else None, after=after)
            told = await flow.run()
            reached = POINTS.rest()
            await house.up()
            wrong = await flow.wrong()
            await flow.after()
        except Exception as error:  # noqa: BLE001 - one that could not be judged is told of, and counted
            POINTS.rest()
            told.failures.append(f"not judged: {error!r}"[:300])
            wrong = "not judged"
        came = {
            "point": point,
            "kind": kind,
            "after": after,
            "fired": POINTS.fired,
            "done": told.done,
            "failures": told.failures,
            "silences": told.silences,
            "wrong": wrong,
            "last": told.last[:300],
        }
        return came, list(reached)


def plant(house: House) -> dict[str, bool]:
    """Leak on purpose, past everything that would mask it, and tell which leaks the net caught."""
    secret, named = house.process["METRICS_TOKEN"], house.process["ALPACA_DATA_SECRET_KEY"]
    coded = base64.b64encode(f"user:{secret}".encode()).decode()
    handler = logging.StreamHandler(sys.stderr)
    handler.emit(logging.LogRecord("planted", logging.INFO, "", 0, f"a log line with {secret}", (), None))
    sys.stderr.write(f"Traceback: ValueError('Basic {coded}')\n")
    sys.stderr.write("\n" * 5000)  # what is looked at next reaches back a little
    sys.stderr.flush()
    (house.folder / "data" / "planted.db").write_bytes(b"\0\1" + secret.encode() + b"\2")
    (house.folder / "data" / f"{named[:24]}.txt").write_text("")
    before = len(house.net.hits)
    house.collect("planted")
    house.net.search("requests to Discord", json.dumps({"content": f"it is {secret!r}"}))
    house.net.search("the API's answer to /x", json.dumps({"error": {"message": secret}}, ensure_ascii=True))
    found = house.net.hits[before:]
    del house.net.hits[before:]
    for leak in (house.folder / "data" / "planted.db", house.folder / "data" / f"{named[:24]}.txt"):
        leak.unlink()
    wanted = ("stderr", "data/planted.db", "file names", "requests to Discord", "the API's answer to /x")
    return {where: any(where in hit.where for hit in found) for where in wanted} | {
        "base64": any(hit.dress == "base64" for hit in found)
    }


def dumpable() -> int:
    """Ask the kernel whether this process may be dumped or attached to."""
    import ctypes

    return int(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))


async def main(folder: Path, plan: dict[str, Any]) -> dict[str, Any]:
    """Sweep; give the figures."""
    plan = {"kinds": 0, "stride": 1, "most": 3, "seconds": 3600, "only": "", "web": False} | plan
    flows = plan["flows"].split(", ")
    house = House(folder, moomoo=any("moomoo" in name for name in flows), web=plan["web"])
    began = time.monotonic()
    async with house.running():
        sweep = Sweep(house, plan)
        for name in flows:
            await sweep.flow(name)
            folder.with_suffix(".rows").write_text(
                json.dumps([sweep.rows, sweep.odd, house.net.hits], default=str)
            )
        planted = plant(house)
        facts = {"core": resource.getrlimit(resource.RLIMIT_CORE), "dumpable": dumpable()}
    house.collect("the end")
    hits: dict[str, int] = defaultdict(int)
    for hit in house.net.hits:
        hits[str(hit)] += 1
    return {
        "rows": sweep.rows,
        "odd": sweep.odd,
        "planted": planted,
        "facts": facts,
        "hits": hits,
        "errors": house.errors,
        "canaries": len(house.net.names),
        "forms": house.net.forms,
        "searched": house.net.searched,
        "masked": house.masked,
        "sites": len(POINTS.sites),
        "reached": len(sweep.sites),
        "restarts": house.restarts,
        "seconds": round(time.monotonic() - began),
    }


if __name__ == "__main__":
    where = Path(sys.argv[1])

    async def run() -> None:
        """Leave at once when done: threads and streams of bots that were made to fail are not waited for."""
        try:
            came = await main(where, json.loads(sys.argv[2]))
            where.with_suffix(".json").write_text(json.dumps(came, indent=1))
        except BaseException:  # noqa: BLE001 - printed, and the end
            traceback.print_exc()
            os._exit(1)
        os._exit(0)

    asyncio.run(run())
