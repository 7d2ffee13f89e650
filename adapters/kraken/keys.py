"""Look at what an API key may do, before it is kept.

GetApiKeyInfo needs no permission and lists those the key has (docs.kraken.com, "Get API Key Info"), so that
nothing has to be tried. A key with any permission about withdrawals is told as such, and the wizard refuses
it. A list that cannot be read is an error: a key whose powers nobody knows is not taken.
"""

import base64
import binascii
from collections.abc import Sequence

from adapters.kit.errors import Errors
from adapters.kraken import texts
from adapters.kraken.client import Client

STREAM_PERMISSION = "create-ws-token"


def check_secret(secret: str, errors: Errors) -> None:
    """Raise AuthFailed for a private key that is not base64: nothing could be signed with it."""
    try:
        base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError):
        raise errors.auth(texts.INCOMPLETE, "bad_secret") from None


async def permissions(client: Client, errors: Errors) -> frozenset[str]:
    """Give the permissions of the key."""
    info = await client.read("GetApiKeyInfo", {}, errors)
    found = info.get("permissions")
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise errors.unknown(texts.UNREADABLE, "unreadable")
    return frozenset(found)


def may_withdraw(allowed: frozenset[str]) -> bool:
    """Tell whether money could leave with this key; a permission of a new name counts too."""
    return any("withdraw" in name for name in allowed)


def require(allowed: frozenset[str], errors: Errors) -> None:
    """Raise AuthFailed, naming them, where permissions to trade are missing."""
    missing: Sequence[str] = [words for name, words in texts.PERMISSIONS.items() if name not in allowed]
    if missing:
        raise errors.auth(texts.MISSING.format(missing=", ".join(missing)), "no_permission")
