"""Open sessions at moomoo. Importing this does not import the SDK."""

from functools import partial

from adapters.kit.opening import Adapter
from adapters.moomoo.manifest import MANIFEST
from adapters.moomoo.session import MoomooSession
from adapters.moomoo.shared import SHARED

ADAPTER = Adapter(MANIFEST, partial(MoomooSession, SHARED))
