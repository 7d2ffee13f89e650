"""Wrap data keys with AWS KMS: the wrapping key never leaves the service.

boto3 is imported and called in threads of our own, so the event loop never waits for it. Every call has the
binding's context as its encryption context: CloudTrail shows whose key was opened, and a wrapped key moved to
another account does not open. Sources: AWS KMS API reference (GenerateDataKey, Decrypt, Encrypt, ReEncrypt,
DescribeKey).
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog

from domain.errors import VaultError, VaultUnavailable
from domain.ports import Clock
from vault import texts
from vault.keys import KEY_BYTES, DataKey, Wrapped
from vault.kmserrors import OUTAGES, named

T = TypeVar("T")
_log = structlog.get_logger(__name__)
KMS = "kms/"
"""What the ids of KMS keys begin with; their ARN follows."""
THREADS = 8
CONNECT = 1.0
READ = 2.0
ATTEMPTS = 2
PATIENCE = 15.0
"""Seconds after which a caller is told that KMS does not answer, whatever the thread still waits for."""
COOL = 5.0
"""Seconds in which nobody is sent after a call that found KMS away."""
_LOUD = ("boto3", "botocore", "s3transfer", "urllib3")


@dataclass(frozen=True, slots=True, kw_only=True)
class KmsOptions:
    """Say which keys, and how to reach them.

    ``key_id`` (an ARN, an id or ``alias/…``) wraps; empty when KMS only opens what it wrapped before.
    ``older`` may still open. Without ``access_key`` boto3 looks for credentials where it always does.
    """

    key_id: str
    older: tuple[str, ...] = ()
    region: str = ""
    endpoint: str = ""
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)


class Kms:
    """Be the wrapping key on AWS KMS.

    Raises VaultUnavailable when KMS does not answer or refuses the key as such, VaultError for a wrapped key
    that is altered, another's or under a key not named in the options. ``heard`` is told each call's
    operation and outcome (``ok`` or a code), from any thread.
    """

    def __init__(
        self, options: KmsOptions, clock: Clock, heard: Callable[[str, str], None] | None = None
    ) -> None:
        self._options = options
        self._clock = clock
        self._heard = heard
        self._lock = threading.Lock()
        self._closed = False
        self._pool: ThreadPoolExecutor | None = None
        self._client: Any = None
        self._arns: dict[str, str] = {}
        self._away: tuple[float, VaultUnavailable] | None = None
        """Until when nobody is sent, and what they are told."""

    def owns(self, key_id: str) -> bool:
        """Tell whether KMS wrapped it."""
        return key_id.startswith(KMS)

    async def current(self) -> str:
        """Give the key id new data keys are wrapped under."""
        return await self._run(lambda: KMS + self._arn(self._first()))

    async def generate(self, context: Mapping[str, str]) -> DataKey:
        """Have a data key made."""

        def job() -> DataKey:
            key = self._first()
            made = self._call(
                "GenerateDataKey", key, KeyId=key, KeySpec="AES_256", EncryptionContext=dict(context)
            )
            self._arns[key] = made["KeyId"]
            return DataKey(
                key_id=KMS + made["KeyId"], plain=_whole(made["Plaintext"]), wrapped=made["CiphertextBlob"]
            )

        return await self._run(job)

    async def unwrap(self, key_id: str, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """Have a data key opened, under this very key and for this context."""

        def job() -> bytes:
            arn = self._known(key_id)
            opened = self._call(
                "Decrypt", arn, KeyId=arn, CiphertextBlob=wrapped, EncryptionContext=dict(context)
            )
            if opened["KeyId"] != arn:
                raise VaultError(texts.WRONG_KEY.format(key=arn))
            return _whole(opened["Plaintext"])

        return await self._run(job)

    async def wrap(self, plain: bytes, context: Mapping[str, str]) -> Wrapped:
        """Have a data key wrapped that was made elsewhere."""

        def job() -> Wrapped:
            key = self._first()
            done = self._call("Encrypt", key, KeyId=key, Plaintext=plain, EncryptionContext=dict(context))
            self._arns[key] = done["KeyId"]
            return Wrapped(key_id=KMS + done["KeyId"], wrapped=done["CiphertextBlob"])

        return await self._run(job)

    async def rewrap(self, key_id: str, wrapped: bytes, context: Mapping[str, str]) -> Wrapped:
        """Have a data key wrapped anew inside KMS, which shows it to nobody."""

        def job() -> Wrapped:
            arn, key = self._known(key_id), self._first()
            done = self._call(
                "ReEncrypt",
                arn,
                CiphertextBlob=wrapped,
                SourceKeyId=arn,
                SourceEncryptionContext=dict(context),
                DestinationKeyId=key,
                DestinationEncryptionContext=dict(context),
            )
            if done["SourceKeyId"] != arn:
                raise VaultError(texts.WRONG_KEY.format(key=arn))
            self._arns[key] = done["KeyId"]
            return Wrapped(key_id=KMS + done["KeyId"], wrapped=done["CiphertextBlob"])

        return await self._run(job)

    async def close(self) -> None:
        """Let the threads end; a call under way is given up."""
        with self._lock:
            pool, self._pool = self._pool or ThreadPoolExecutor(1), None
            self._closed = True
        pool.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            self._client.close()

    def __repr__(self) -> str:
        return f"Kms({self._options.key_id})"

    # Around a call.

    async def _run(self, job: Callable[[], T]) -> T:
        self._refuse_while_away()
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="kms")
            pool = self._pool
        try:
            async with asyncio.timeout(PATIENCE):
                return await asyncio.get_running_loop().run_in_executor(pool, job)
        except TimeoutError:
            raise VaultUnavailable(texts.UNREACHABLE, code="unreachable") from None

    def _refuse_while_away(self) -> None:
        if self._closed:
            raise VaultUnavailable(texts.CLOSED, code="closed")
        away = self._away
        if away is not None and self._clock.monotonic() < away[0]:
            raise VaultUnavailable(str(away[1]), code=away[1].code)

    # In a thread from here on.

    def _call(self, operation: str, key: str, **request: Any) -> Any:
        """Ask as often as botocore's bound says. Who finds KMS away spares the next ones the wait."""
        self._refuse_while_away()
        try:
            method = getattr(self._connected(), _METHODS[operation])
            answer = method(**request)
        except Exception as error:  # noqa: BLE001 - a library's errors may quote what was sent
            told = named(error, operation=operation, key=key, region=self._region())
            self._tell(operation, told.code if isinstance(told, VaultUnavailable) else "refused")
            self._note(told)
            raise told from None
        if self._away is not None:
            self._away = None
            _log.warning("key_service_back")
        self._tell(operation, "ok")
        return answer

    def _note(self, told: VaultError) -> None:
        if isinstance(told, VaultUnavailable) and told.code in OUTAGES:
            if self._away is None:
                _log.error("key_service_away", code=told.code)
            self._away = (self._clock.monotonic() + COOL, told)

    def _tell(self, operation: str, outcome: str) -> None:
        if self._heard is not None:
            self._heard(operation, outcome)

    def _first(self) -> str:
        if not self._options.key_id:
            raise VaultError(texts.NO_KEY)
        return self._options.key_id

    def _known(self, key_id: str) -> str:
        """Give the ARN in a key id when it is one of ours, asking KMS what our ids and aliases stand for."""
        arn = key_id.removeprefix(KMS)
        if arn not in self._arns.values():
            for name in (self._options.key_id, *self._options.older):
                if name and self._arn(name) == arn:
                    break
            else:
                raise VaultError(texts.OTHER_KMS_KEY.format(key=arn))
        return arn

    def _arn(self, name: str) -> str:
        if name.startswith("arn:") and ":key/" in name:
            return name
        if name not in self._arns:
            self._arns[name] = self._call("DescribeKey", name, KeyId=name)["KeyMetadata"]["Arn"]
        return self._arns[name]

    def _connected(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> Any:
        for name in _LOUD:  # their debug lines hold plain data keys
            logger = logging.getLogger(name)
            logger.setLevel(max(logging.WARNING, logger.level))
        import boto3
        from botocore.config import Config

        options = self._options
        session = boto3.session.Session(
            aws_access_key_id=options.access_key or None,
            aws_secret_access_key=options.secret_key or None,
            aws_session_token=options.session_token or None,
            region_name=self._region() or None,
        )
        bounds: dict[str, Any] = {
            "connect_timeout": CONNECT,
            "read_timeout": READ,
            "retries": {"mode": "standard", "total_max_attempts": ATTEMPTS},
            "max_pool_connections": THREADS,
            # Only our own setting, which production checks, may send keys to another server.
            "ignore_configured_endpoint_urls": True,
        }
        return session.client("kms", config=Config(**bounds), endpoint_url=options.endpoint or None)

    def _region(self) -> str:
        if self._options.key_id.startswith("arn:"):
            return self._options.key_id.split(":")[3]
        return self._options.region


_METHODS = {
    "GenerateDataKey": "generate_data_key",
    "Decrypt": "decrypt",
    "Encrypt": "encrypt",
    "ReEncrypt": "re_encrypt",
    "DescribeKey": "describe_key",
}


def _whole(plain: bytes) -> bytes:
    """Refuse a data key of another length: nothing may be sealed with less."""
    if len(plain) != KEY_BYTES:
        raise VaultError(texts.ODD.format(code="length"))
    return plain
