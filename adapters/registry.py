"""Be the only list of brokers."""

from collections.abc import Mapping

from adapters import alpaca, coinbasepro, ibkr, kraken, moomoo, paper, schwab
from domain.broker import BrokerAdapter


def adapters() -> Mapping[str, BrokerAdapter]:
    """Give every adapter by its slug, the paper one first. Imports no SDK."""
    found: tuple[BrokerAdapter, ...] = (
        paper.ADAPTER,
        alpaca.ADAPTER,
        ibkr.ADAPTER,
        coinbasepro.ADAPTER,
        moomoo.ADAPTER,
        kraken.ADAPTER,
        schwab.ADAPTER,
    )
    return {adapter.manifest.slug: adapter for adapter in found}
