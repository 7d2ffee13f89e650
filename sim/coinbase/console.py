"""Run the pretend Coinbase in a terminal: ``python -m sim coinbasepro --port 9200``."""

from domain.clock import SystemClock
from sim.coinbase.auth import ecdsa_key
from sim.coinbase.server import CoinbaseSim
from sim.market import Market
from sim.terminal import obey


async def run(port: int) -> None:
    """Serve one account, under a key made for this run, until the input ends or Ctrl-C."""
    market = Market(clock=SystemClock())
    sim = CoinbaseSim(market, SystemClock())
    key = ecdsa_key()
    sim.add_account(key)
    await sim.start(port)
    greeting = f"Coinbase is at {sim.url}\nkey name {key.name}\nprivate key\n{key.secret}"
    await obey(market, sim.stop, greeting=greeting, example="BTCUSD 65100")
