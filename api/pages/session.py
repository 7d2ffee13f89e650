"""Know the browser: its cookie, the origin of what it sends, and that a form is one we gave it.

Pages send no referrer, and so browsers name the origin of their forms "null"; Sec-Fetch-Site, which no page
can set, says then whether it is ours.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass

from aiohttp import web

from api.auth import caller
from api.deps import DEPS
from api.errors import Refused
from api.pages.deps import PAGES
from api.pages.discord import Person
from domain.accounts import PassKind
from domain.ids import UserId
from wizard.door import SESSION_LIFE, digest

SESSION = "__Host-dte"
SIGN_IN = "__Host-dte-in"
_SIGN_IN_LIFE = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Be a signed-in browser."""

    user: UserId
    name: str
    cookie: str
    """The hash of its cookie, which other passes are tied to."""
    key: str
    """What the forms given to it are signed with."""


async def visitor(request: web.Request) -> Visitor | None:
    """Tell who is signed in, if somebody is."""
    passes, secret = request.app[PAGES].passes, request.cookies.get(SESSION, "")
    found = await passes.find(secret, PassKind.SESSION) if secret else None
    if found is None or found.used or passes.over(found):
        return None
    return Visitor(user=found.user, name=found.name, cookie=digest(secret), key=_mixed("form", secret))


async def sign_in(request: web.Request, response: web.StreamResponse, person: Person) -> None:
    """Let a browser be signed in for half an hour; whoever was before is not any more."""
    await sign_out(request, response)
    secret = await request.app[PAGES].passes.make(
        PassKind.SESSION, person.user, life=SESSION_LIFE, name=person.name
    )
    _set(response, SESSION, secret, int(SESSION_LIFE.total_seconds()))


async def sign_out(request: web.Request, response: web.StreamResponse) -> None:
    """End the browser's sign-in."""
    passes = request.app[PAGES].passes
    found = await passes.find(request.cookies.get(SESSION, ""), PassKind.SESSION)
    if found is not None:
        await passes.drop(found)
    _set(response, SESSION, "", 0)


def begin_sign_in(response: web.StreamResponse, secret: str, link: str) -> None:
    """Remember that this browser is on its way through Discord, and where it wants to go."""
    _set(response, SIGN_IN, f"{secret}.{link.replace('/', '.')}", _SIGN_IN_LIFE)


def end_sign_in(request: web.Request, response: web.StreamResponse) -> tuple[str, str]:
    """Give the secret and the link it began with, both empty where there are none; once."""
    secret, _, link = request.cookies.get(SIGN_IN, "").partition(".")
    _set(response, SIGN_IN, "", 0)
    return secret, link.replace(".", "/")


def state_of(secret: str) -> str:
    """Give what Discord must send back to a browser that holds this secret."""
    return _mixed("state", secret)


def verifier_of(secret: str) -> str:
    """Give the PKCE verifier of a browser that holds this secret."""
    return _mixed("verifier", secret)


def proof(who: Visitor, link: str) -> str:
    """Give what a form must send along, to show that we gave it to this browser for this link."""
    return hmac.new(who.key.encode(), link.encode(), hashlib.sha256).hexdigest()


def proves(who: Visitor, link: str, sent: str) -> bool:
    """Tell whether a form is one we gave to this browser for this link."""
    return hmac.compare_digest(proof(who, link).encode(), sent.encode())


def from_here(request: web.Request) -> bool:
    """Tell whether a form was sent from one of our pages."""
    origin = request.headers.get("Origin", "null")
    if origin == "null":
        return request.headers.get("Sec-Fetch-Site") == "same-origin"
    return origin == request.app[PAGES].public_url


def count(request: web.Request, *, sends: bool = False) -> None:
    """Count a visit of an address. Raises Refused 429."""
    deps = request.app[DEPS]
    window = deps.limits.page_posts if sends else deps.limits.pages
    if wait := window.take(caller(request), deps.clock.monotonic()):
        raise Refused(429, "too_many_requests", "Too many pages. Wait a minute.", retry_after=wait)


def _mixed(purpose: str, secret: str) -> str:
    """Derive one use of a secret from it, so that seeing one tells nothing of another."""
    mixed = hashlib.sha256(f"{purpose}|{secret}".encode()).digest()
    return base64.urlsafe_b64encode(mixed).rstrip(b"=").decode()


def _set(response: web.StreamResponse, name: str, value: str, seconds: int) -> None:
    response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="Lax")
