"""Open sessions at Schwab. Importing this imports neither the SDK nor httpx."""

from functools import partial

from adapters.kit.opening import Adapter
from adapters.schwab.manifest import MANIFEST
from adapters.schwab.session import SchwabSession
from adapters.schwab.shared import SHARED

ADAPTER = Adapter(MANIFEST, partial(SchwabSession, SHARED))
