"""Be the only list of brokers."""

from collections.abc import Mapping
from importlib.util import find_spec

from adapters import alpaca, coinbasepro, ibkr, kraken, moomoo, paper, schwab
from domain.broker import BrokerAdapter

_SDKS: Mapping[str, tuple[str, ...]] = {
    "alpaca": ("alpaca",),
    "coinbasepro": ("ccxt",),
    "ibkr": ("ib_insync", "ib_async"),
    "kraken": ("ccxt",),
    "moomoo": ("moomoo",),
    "schwab": ("schwab",),
}
"""The packages a broker needs, any one of which will do; each is an extra of its own."""


def adapters() -> Mapping[str, BrokerAdapter]:
    """Give every adapter whose SDK is installed by its slug, the paper one first. Imports no SDK."""
    brokers = (alpaca, coinbasepro, ibkr, kraken, moomoo, schwab)
    found: tuple[BrokerAdapter, ...] = (paper.ADAPTER, *(broker.ADAPTER for broker in brokers))
    return {adapter.manifest.slug: adapter for adapter in found if installed(adapter.manifest.slug)}


def installed(slug: str) -> bool:
    """Tell whether a broker's SDK can be imported here, without importing it."""
    return slug not in _SDKS or any(find_spec(name) is not None for name in _SDKS[slug])
