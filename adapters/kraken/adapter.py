"""Open sessions at Kraken. Importing this imports neither ccxt nor aiohttp."""

from functools import partial

from adapters.kit.opening import Adapter
from adapters.kraken.manifest import MANIFEST
from adapters.kraken.session import KrakenSession
from adapters.kraken.shared import SHARED

ADAPTER = Adapter(MANIFEST, partial(KrakenSession, SHARED))
