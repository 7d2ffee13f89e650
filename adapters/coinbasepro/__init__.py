"""Coinbase Advanced Trade, which Coinbase Pro became, through ccxt."""

from adapters.coinbasepro.adapter import ADAPTER

__all__ = ["ADAPTER"]
