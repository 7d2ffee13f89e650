"""Open sessions at Interactive Brokers. Importing this does not import the SDK."""

from adapters.ibkr.manifest import MANIFEST
from adapters.ibkr.session import IbkrSession
from adapters.kit.opening import Adapter

ADAPTER = Adapter(MANIFEST, IbkrSession)
