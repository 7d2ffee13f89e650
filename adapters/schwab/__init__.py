"""Charles Schwab through schwab-py."""

from adapters.schwab.adapter import ADAPTER

__all__ = ["ADAPTER"]
