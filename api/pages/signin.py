"""Sign a browser in through Discord, and out."""

import hmac
import re
import secrets

from aiohttp import web

from api.pages import masks, session
from api.pages.deps import PAGES
from api.pages.discord import SignInFailed
from api.pages.html import tag
from api.pages.layout import leaving, notice, page
from api.pages.texts import say

_LINK = re.compile(r"(link|done)/[\w-]{43}", re.ASCII)


def ask(link: str) -> web.Response:
    """Show a page that asks a visitor to sign in. ``link`` is where they want to go: ``link/…``."""
    form = tag(
        "form",
        tag("input", type="hidden", name="to", value=link),
        tag("p", tag("button", say("sign_in.button"), class_="button"), class_="actions"),
        method="post",
        action="/sign-in",
    )
    return page(say("sign_in.title"), tag("p", say("sign_in.body")), form)


async def start(request: web.Request) -> web.Response:
    """Send a browser to Discord. Nothing is kept but its cookie."""
    session.count(request, sends=True)
    if not session.from_here(request):
        return notice("origin", status=403)
    link = str((await masks.sent(request)).get("to", ""))
    if not _LINK.fullmatch(link):
        return notice("unknown", status=404)
    secret = secrets.token_urlsafe(32)
    request.app[PAGES].hide(secret)
    try:
        address = request.app[PAGES].sign_in.address(session.state_of(secret), session.verifier_of(secret))
    except SignInFailed as failed:
        return notice(failed.key, status=503)
    answer = leaving("leaving_discord.title", address, "Discord")
    session.begin_sign_in(answer, secret, link)
    return answer


async def callback(request: web.Request) -> web.Response:
    """Take a browser back from Discord: only the one that was sent, once."""
    session.count(request)
    answer = web.Response(status=303, headers={"Referrer-Policy": "no-referrer"})
    secret, link = session.end_sign_in(request, answer)
    sent = request.query.get("state", "")
    if not secret or not hmac.compare_digest(sent.encode(), session.state_of(secret).encode()):
        return _forgetting(request, notice("sign_in_lost", status=403))
    if not request.query.get("code"):
        return _forgetting(request, notice("sign_in_declined", status=403))
    try:
        person = await request.app[PAGES].sign_in.who(request.query["code"], session.verifier_of(secret))
    except SignInFailed as failed:
        status = 403 if failed.key == "discord_refused" else 503
        return _forgetting(request, notice(failed.key, status=status))
    await session.sign_in(request, answer, person)
    answer.headers["Location"] = f"/{link}" if _LINK.fullmatch(link) else "/link"
    return answer


async def leave(request: web.Request) -> web.Response:
    """Sign a browser out."""
    session.count(request, sends=True)
    if not session.from_here(request):
        return notice("origin", status=403)
    link = str((await masks.sent(request)).get("to", ""))
    answer = ask(link) if _LINK.fullmatch(link) else notice("left")
    await session.sign_out(request, answer)
    return answer


def _forgetting(request: web.Request, answer: web.Response) -> web.Response:
    session.end_sign_in(request, answer)
    return answer
