"""Run the pretend Kraken in a terminal: ``python -m sim kraken --port 9104``."""

from domain.clock import SystemClock
from sim.kraken.server import KrakenSim
from sim.market import Market
from sim.terminal import obey

KEY, SECRET = (
    "LocalLocalLocalLocalLocalLocalLocalLocalLocalLocalKey1",
    "bG9jYWwtc2VjcmV0LWZvci10aGUtcHJldGVuZC1rcmFrZW4tbm90LWEtcmVhbC1vbmUtYXQtYWxsLTAxMjM0NTY3ODk=",
)


async def run(port: int) -> None:
    """Serve one account until the input ends or Ctrl-C."""
    clock = SystemClock()
    market = Market(clock=clock)
    sim = KrakenSim(market, clock)
    sim.add_account(KEY, SECRET)
    await sim.start(port)
    greeting = f"Kraken is at {sim.url}\nAPI key {KEY}\nprivate key {SECRET}"
    await obey(market, sim.stop, greeting=greeting, example="BTCUSD 64000")
