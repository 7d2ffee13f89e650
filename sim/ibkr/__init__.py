"""A pretend Trader Workstation on real sockets."""

from sim.ibkr.server import IbkrSim

__all__ = ["IbkrSim"]
