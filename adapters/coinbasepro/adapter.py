"""Open sessions at Coinbase. Importing this imports neither the SDK nor aiohttp."""

from functools import partial

from adapters.coinbasepro.manifest import MANIFEST
from adapters.coinbasepro.session import CoinbaseSession
from adapters.coinbasepro.shared import SHARED
from adapters.kit.opening import Adapter

ADAPTER = Adapter(MANIFEST, partial(CoinbaseSession, SHARED))
