"""Open the vault the settings ask for, with every key that may still be needed."""

from collections.abc import Callable
from typing import Any

import structlog

from bot import texts
from bot.problems import Misconfigured, Problem
from bot.settings import Settings
from domain.errors import VaultError, VaultUnavailable
from domain.ports import Clock
from vault.keys import KeyFile, WrappingKey
from vault.kms import Kms, KmsOptions
from vault.kmserrors import OUTAGES
from vault.ring import KeyRing

log = structlog.get_logger(__name__)
Heard = Callable[[str, str], None]


def open_ring(settings: Settings, clock: Clock, heard: Heard | None = None) -> KeyRing:
    """Give the keys: AWS KMS seals where a key of it is named, else the key file; older ones only open.

    Asks nobody yet. Raises Problem when a key file cannot be used.
    """
    kms = Kms(_options(settings), clock, heard)
    try:
        older: list[WrappingKey] = [KeyFile(path) for path in settings.vault_old_key_files]
        if settings.aws_kms_key_id:
            return KeyRing(kms, *older)
        first = KeyFile.create(settings.key_file)
    except VaultError as error:
        raise Problem(texts.KEY_FILE.format(why=error)) from error
    if settings.aws_kms_old_key_ids:
        older.append(kms)
    return KeyRing(first, *older)


def _options(settings: Settings) -> KmsOptions:
    return KmsOptions(
        key_id=settings.aws_kms_key_id,
        older=settings.aws_kms_old_key_ids,
        region=settings.aws_region,
        endpoint=settings.aws_endpoint_url_kms,
        access_key=_plain(settings.aws_access_key_id),
        secret_key=_plain(settings.aws_secret_access_key),
        session_token=_plain(settings.aws_session_token),
    )


def _plain(secret: Any) -> str:
    return secret.get_secret_value() if secret is not None else ""


async def prove(ring: KeyRing) -> None:
    """See at the start that new credentials can be sealed. Raises Misconfigured when the key is refused.

    A key service that is away stops nobody: what needs no key works, and the rest comes back with it.
    """
    try:
        await ring.prove()
    except VaultUnavailable as error:
        if error.code not in OUTAGES:
            raise Misconfigured(str(error)) from error
        log.warning("key_service_away_at_start", code=error.code)
    except VaultError as error:
        raise Misconfigured(str(error)) from error
