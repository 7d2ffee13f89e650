"""A pretend Schwab on real sockets."""

from sim.schwab.server import SchwabSim

__all__ = ["SchwabSim"]
