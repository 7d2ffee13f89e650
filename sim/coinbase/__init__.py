"""Pretend to be Coinbase Advanced Trade, for tests and by hand."""

from sim.coinbase.server import CoinbaseSim

__all__ = ["CoinbaseSim"]
