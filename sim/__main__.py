"""Run a simulator from the command line: ``python -m sim discord --port 8999``."""

import argparse
import asyncio
import contextlib
import importlib
import sys

CONSOLES = {
    "discord": "sim.discord.console",
    "alpaca": "sim.alpaca.console",
    "schwab": "sim.schwab.console",
    "ibkr": "sim.ibkr.console",
    "moomoo": "sim.moomoo.console",
    "coinbasepro": "sim.coinbase.console",
    "kraken": "sim.kraken.console",
}
"""Where each simulator's ``async def run(port)`` is; imported only when asked for."""


def main(argv: list[str] | None = None) -> int:
    """Start the simulator named, until it ends or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m sim", description=__doc__)
    parser.add_argument("which", choices=sorted(CONSOLES))
    parser.add_argument("--port", type=int, default=0, help="the port on 127.0.0.1; 0 picks a free one")
    asked = parser.parse_args(argv)
    console = importlib.import_module(CONSOLES[asked.which])
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(console.run(asked.port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
