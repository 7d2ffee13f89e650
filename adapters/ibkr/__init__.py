"""Interactive Brokers through ib_insync."""

from adapters.ibkr.adapter import ADAPTER

__all__ = ["ADAPTER"]
