"""A pretend Kraken on real sockets."""

from sim.kraken.server import KrakenSim

__all__ = ["KrakenSim"]
