"""Keep opened data keys for a short while, so that a burst of orders does not wait for a key service."""

from collections import OrderedDict
from dataclasses import dataclass, field

from domain.ports import Clock

MAX_AGE = 300.0
MAX_USES = 1000
MAX_KEYS = 1000

Owner = tuple[str, str, str]
"""User, broker, account."""


@dataclass(slots=True)
class _Kept:
    plain: bytes = field(repr=False)
    until: float
    uses: int = 0


class KeyCache:
    """Hold at most 1,000 plain data keys, each for five minutes or 1,000 uses; the least used goes first."""

    def __init__(
        self, clock: Clock, *, max_age: float = MAX_AGE, max_uses: int = MAX_USES, size: int = MAX_KEYS
    ) -> None:
        self._clock = clock
        self._max_age = max_age
        self._max_uses = max_uses
        self._size = size
        self._kept: OrderedDict[tuple[Owner, bytes], _Kept] = OrderedDict()
        self.generation = 0
        """Rises with every ``forget``: a key fetched before it must not be put in after it."""

    def get(self, owner: Owner, wrapped: bytes) -> bytes | None:
        """Give the plain key and count the use, or None when it is not kept or is worn out."""
        kept = self._kept.get((owner, wrapped))
        if kept is None:
            return None
        if self._clock.monotonic() >= kept.until or kept.uses >= self._max_uses:
            del self._kept[owner, wrapped]
            return None
        kept.uses += 1
        self._kept.move_to_end((owner, wrapped))
        return kept.plain

    def put(self, owner: Owner, wrapped: bytes, plain: bytes, generation: int) -> None:
        """Keep a key just unwrapped, which counts as its first use."""
        if generation != self.generation:
            return
        now = self._clock.monotonic()
        self._kept[owner, wrapped] = _Kept(plain=plain, until=now + self._max_age, uses=1)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def sweep(self) -> None:
        """Drop what is too old, so that a quiet process does not hold keys for longer than it says."""
        now = self._clock.monotonic()
        for key in [key for key, kept in self._kept.items() if kept.until <= now]:
            del self._kept[key]

    def forget(self, owner: Owner) -> None:
        """Drop every key of one account, also one that is being fetched now."""
        self.generation += 1
        for key in [key for key in self._kept if key[0] == owner]:
            del self._kept[key]

    def __len__(self) -> int:
        return len(self._kept)
