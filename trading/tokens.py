"""Make and check personal API tokens: shown once, stored as a hash."""

import hashlib
import secrets
import zlib
from collections.abc import Callable
from datetime import timedelta

from domain.accounts import ApiToken
from domain.ids import UserId
from domain.ports import Clock, Repository

PREFIX = "dte_"
LIFETIME = timedelta(days=90)


class TokenService:
    """Issue, check and revoke tokens. A token is ``dte_`` + 160 random bits + a CRC-32, in hex."""

    def __init__(
        self,
        tokens: Repository[ApiToken],
        clock: Clock,
        hide: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Keep tokens in a repository; ``hide`` is told each one in plain text, so that logs can mask it."""
        self._tokens = tokens
        self._clock = clock
        self._hide = hide

    async def issue(self, user: UserId, scopes: tuple[str, ...] = ("read",)) -> tuple[str, ApiToken]:
        """Make a token; the plain text is given here and never again."""
        body = secrets.token_hex(20)
        plain = f"{PREFIX}{body}{zlib.crc32(body.encode()):08x}"
        self._hide(plain)
        now = self._clock.now()
        token = ApiToken(id=_hash(plain), user=user, scopes=scopes, created_at=now, expires_at=now + LIFETIME)
        await self._tokens.insert(token)
        return plain, token

    async def check(self, plain: str) -> ApiToken | None:
        """Give the token's owner and scopes, or None when it is malformed, unknown, revoked or expired."""
        body, check = plain[len(PREFIX) : -8], plain[-8:]
        if not plain.startswith(PREFIX) or f"{zlib.crc32(body.encode()):08x}" != check:
            return None  # a typing error costs no look-up
        self._hide(plain)
        token = await self._tokens.get(_hash(plain))
        if token is None or token.expires_at <= self._clock.now():
            return None
        return token

    async def revoke_all(self, user: UserId) -> int:
        """Revoke every token of a member; give how many there were."""
        tokens = await self._tokens.find({"user": user})
        for token in tokens:
            await self._tokens.delete(token.id)
        return len(tokens)


def _hash(plain: str) -> str:
    return hashlib.sha256(plain.encode()).hexdigest()
