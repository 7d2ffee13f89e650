"""Hand the SDK the RSA key of an OpenD that encrypts. The SDK holds one key per process."""

import threading
from pathlib import Path

from adapters.kit.errors import Errors
from adapters.moomoo import sdk, texts
from adapters.moomoo.manifest import MANIFEST

BITS = 1024
"""The only size the SDK's blocks of 128 bytes fit."""
_LOCK = threading.Lock()
_USED: list[bytes] = []


def use(path: str) -> str:
    """Load a key file and give its path back; empty for none. Called in a thread. Raises Denied."""
    if not path:
        return ""
    errors = Errors(broker=MANIFEST.slug, operation="connect")
    sdk.load()
    from Crypto.Cipher import PKCS1_v1_5
    from Crypto.PublicKey import RSA
    from moomoo.common.sys_config import RsaCrypt, SysConfig

    try:
        key = RSA.import_key(Path(path).read_bytes())
    except (OSError, ValueError, IndexError, TypeError):
        raise errors.denied(texts.RSA_BROKEN, "rsa_broken") from None
    if key.size_in_bits() != BITS or not key.has_private():
        raise errors.denied(texts.RSA_BROKEN, "rsa_broken")
    with _LOCK:
        if not _USED:
            SysConfig.RSA_OBJ, RsaCrypt.CHIPPER = key, PKCS1_v1_5.new(key)
            _USED.append(key.export_key())
        elif [key.export_key()] != _USED:
            raise errors.denied(texts.RSA_CLASH, "rsa_clash")
    return path
