"""Run the pretend Alpaca in a terminal: ``python -m sim alpaca --port 9100``."""

from domain.clock import SystemClock
from sim.alpaca.server import AlpacaSim
from sim.market import Market
from sim.terminal import obey

KEY, SECRET = "PKLOCALLOCALLOCAL001", "local-secret-for-the-pretend-alpaca"


async def run(port: int) -> None:
    """Serve one account until the input ends or Ctrl-C."""
    clock = SystemClock()
    market = Market(clock=clock)
    sim = AlpacaSim(market, clock)
    sim.add_account(KEY, SECRET)
    await sim.start(port)
    greeting = f"Alpaca is at {sim.url}\nkey id {KEY}\nsecret {SECRET}"
    await obey(market, sim.stop, greeting=greeting, example="AAPL 195.20")
