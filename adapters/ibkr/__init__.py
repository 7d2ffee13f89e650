"""Interactive Brokers through ib_insync or ib_async."""

from adapters.ibkr.adapter import ADAPTER

__all__ = ["ADAPTER"]
