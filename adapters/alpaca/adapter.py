"""Open sessions at Alpaca. Importing this imports neither the SDK nor requests."""

from functools import partial

from adapters.alpaca.manifest import MANIFEST
from adapters.alpaca.session import AlpacaSession
from adapters.alpaca.shared import SHARED
from adapters.kit.opening import Adapter

ADAPTER = Adapter(MANIFEST, partial(AlpacaSession, SHARED))
