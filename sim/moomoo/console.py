"""Run the pretend OpenD: ``python -m sim moomoo --port 11111``. Ends with its input, or with Ctrl-C."""

import asyncio
import json
import sys

from sim.moomoo.control import Control, new_world
from sim.moomoo.server import OpenDServer
from sim.moomoo.state import PAPER_ACCOUNT, REAL_ACCOUNT


async def run(port: int) -> None:
    """Serve one login; the first line printed tells the ports and accounts as JSON."""
    server = OpenDServer(new_world({"limits": True, "password": "local-trade-password"}))
    control = Control(server)
    facts = {
        "port": await server.start(port),
        "control": await control.start(),
        "paper_account": PAPER_ACCOUNT,
        "real_account": REAL_ACCOUNT,
    }
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()
    while await asyncio.to_thread(sys.stdin.readline):
        pass
    await control.stop()
    await server.stop()


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
