"""Alpaca through alpaca-py."""

from adapters.alpaca.adapter import ADAPTER

__all__ = ["ADAPTER"]
