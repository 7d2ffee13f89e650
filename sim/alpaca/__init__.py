"""A pretend Alpaca on real sockets."""

from sim.alpaca.server import AlpacaSim

__all__ = ["AlpacaSim"]
