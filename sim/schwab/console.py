"""Run the pretend Schwab in a terminal: ``python -m sim schwab --port 9200``."""

import json

from domain.clock import SystemClock
from sim.market import Market
from sim.schwab.server import SchwabSim
from sim.terminal import obey

KEY, SECRET = "LOCALLOCALLOCALLOCALLOCALLOCAL01", "localsecret12345"


async def run(port: int) -> None:
    """Serve one account until the input ends or Ctrl-C."""
    clock = SystemClock()
    market = Market(clock=clock)
    sim = SchwabSim(market, clock)
    login = sim.add_login(KEY, SECRET)
    await sim.start(port)
    keys = f"Schwab is at {sim.url}\napp key {KEY}\napp secret {SECRET}"
    signing = f"token {json.dumps(sim.token(login))}\nor address after signing in {sim.redirect(login)}"
    greeting = f"{keys}\n{signing}"
    await obey(market, sim.stop, greeting=greeting, example="AAPL 195.20")
