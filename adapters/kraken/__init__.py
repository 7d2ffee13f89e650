"""Kraken spot, through ccxt."""

from adapters.kraken.adapter import ADAPTER

__all__ = ["ADAPTER"]
