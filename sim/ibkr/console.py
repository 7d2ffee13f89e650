"""Run the pretend TWS in a terminal: ``python -m sim ibkr --port 7497``."""

from domain.clock import SystemClock
from sim.ibkr.server import IbkrSim
from sim.market import Market
from sim.terminal import obey


async def run(port: int) -> None:
    """Serve one paper account until the input ends or Ctrl-C."""
    clock = SystemClock()
    market = Market(clock=clock)
    sim = IbkrSim(market, clock)
    await sim.start(port)
    greeting = f"TWS is at {sim.address}\naccount {sim.accounts[0]}"
    await obey(market, sim.stop, greeting=greeting, example="AAPL 195.20")
