"""Seal and open the credentials of one connection."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from domain.broker import Credentials
from domain.errors import VaultError
from domain.ports import Clock
from vault import envelope, texts
from vault.binding import Binding
from vault.cache import KeyCache
from vault.keys import KeyProvider

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """Give a time as whole microseconds since 1970, as envelopes hold it."""
    return (at - EPOCH) // _MICROSECOND


class EnvelopeVault:
    """Be the vault port on a key provider.

    Each ``seal`` makes one fresh data key for all fields given, and each field gets its own salt and nonce.
    The record a value is bound to is the linked account (or the half-done flow) that stores it. ``hide`` is
    told every value before anything else is done with it, so that logs can mask it.
    """

    def __init__(
        self,
        provider: KeyProvider,
        clock: Clock,
        tenant: str = "default",
        *,
        hide: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._provider = provider
        self._clock = clock
        self._tenant = tenant
        self._cache = KeyCache(clock)
        self._hide = hide

    async def seal(
        self, *, user: str, broker: str, account: str, fields: Mapping[str, str]
    ) -> Mapping[str, bytes]:
        """Seal each field under one fresh data key. Raises VaultError when no key can be made."""
        for value in fields.values():
            self._hide(value)
        key = await self._provider.generate(self.context(user, broker, account))
        at = microseconds(self._clock.now())
        return {
            name: envelope.seal(
                value.encode(),
                key=key.plain,
                key_id=key.key_id,
                wrapped=key.wrapped,
                binding=self._bind(user, broker, account, name),
                at=at,
            )
            for name, value in fields.items()
        }

    async def open(self, *, user: str, broker: str, account: str, sealed: Mapping[str, bytes]) -> Credentials:
        """Open every field. Raises VaultError when a blob is altered, swapped or its key is out of reach."""
        self._cache.sweep()
        values = {
            name: await self._open(self._bind(user, broker, account, name), blob)
            for name, blob in sealed.items()
        }
        return Credentials(values)

    async def forget(self, *, user: str, broker: str, account: str) -> None:
        """Drop cached keys of one account."""
        self._cache.forget((user, broker, account))

    def context(self, user: str, broker: str, account: str) -> Mapping[str, str]:
        """Give what a key provider is told about an account."""
        return self._bind(user, broker, account, "").context()

    async def _open(self, binding: Binding, blob: bytes) -> str:
        header = envelope.read_header(blob)
        key = await self._key(binding, header)
        plain = envelope.unseal(blob, header=header, key=key, binding=binding)
        try:
            value = plain.decode()
        except UnicodeDecodeError:
            raise VaultError(texts.NOT_TEXT) from None
        self._hide(value)
        return value

    async def _key(self, binding: Binding, header: envelope.Header) -> bytes:
        owner = (binding.user, binding.broker, binding.account)
        marked = header.key_id.encode() + b"\0" + header.wrapped
        kept = self._cache.get(owner, marked)
        if kept is not None:
            return kept
        generation = self._cache.generation
        plain = await self._provider.unwrap(header.key_id, header.wrapped, binding.context())
        self._cache.put(owner, marked, plain, generation)
        return plain

    def _bind(self, user: str, broker: str, account: str, field: str) -> Binding:
        return Binding(
            tenant=self._tenant, user=user, broker=broker, account=account, field=field, record=account
        )
