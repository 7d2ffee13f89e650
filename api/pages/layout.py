"""Put a page around what it says, with the headers every page has."""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from aiohttp import web

from api.pages.html import Child, Html, join, prose, tag
from api.pages.texts import SITE, say

DISCORD_APP = "https://discord.com/channels/@me"
STYLE = "/pages/style.css"
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}


def page(
    title: str, *body: Child, status: int = 200, who: str = "", leave_for: str = "", look_again: int = 0
) -> web.Response:
    """Answer with a page.

    ``who`` is the signed-in member's name; ``look_again`` is the seconds after which the page is loaded
    anew; ``leave_for`` is an address it goes on to by itself (not a redirect: then form-action would have to
    name every site a broker's sign-in wanders through).
    """
    refresh = f"0;url={leave_for}" if leave_for else str(look_again) if look_again else None
    head = join(
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{title} · {SITE}"),
        tag("link", rel="stylesheet", href=f"{STYLE}?v={_style_version()}"),
        tag("meta", http_equiv="refresh", content=refresh) if refresh else None,
    )
    shown = tag("main", tag("h1", title, id="title"), *body)
    whole = tag("html", tag("head", head), tag("body", _header(who), shown), lang="en")
    return web.Response(
        text=f"<!doctype html>{whole}", status=status, content_type="text/html", headers=dict(HEADERS)
    )


def notice(
    key: str, *more: Child, status: int = 200, who: str = "", good: bool = False, **params: str
) -> web.Response:
    """Answer with a title, a few sentences and the way back to Discord."""
    words = tag("div", prose(say(f"{key}.body", **params)), class_="good" if good else "told", role="status")
    return page(say(f"{key}.title", **params), words, *more, back_to_discord(), status=status, who=who)


def back_to_discord() -> Html:
    """Give the way back."""
    return tag(
        "p", tag("a", say("discord.button"), href=DISCORD_APP, class_="button quiet"), class_="actions"
    )


def leaving(key: str, address: str, place: str, who: str = "") -> web.Response:
    """Answer with a page that goes on to another site."""
    link = tag("a", say("leaving.button", place=place), href=address, class_="button", rel="noreferrer")
    words = tag("p", say("leaving.body"))
    return page(say(key, broker=place), words, tag("p", link, class_="actions"), leave_for=address, who=who)


def style() -> web.Response:
    """Answer with the style sheet."""
    return web.Response(
        body=_style(),
        content_type="text/css",
        charset="utf-8",
        headers={"Cache-Control": "public, max-age=86400", "Cross-Origin-Resource-Policy": "same-origin"},
    )


@cache
def _style() -> bytes:
    return (Path(__file__).parent / "style.css").read_bytes()


@cache
def _style_version() -> str:
    return sha256(_style()).hexdigest()[:12]


def _header(who: str) -> Html:
    name = tag("span", SITE, class_="site")
    if not who:
        return tag("header", name)
    leave = tag("form", tag("button", say("sign_out"), class_="link"), method="post", action="/sign-out")
    person = tag("div", tag("span", say("signed_in_as", name=who)), leave, class_="who")
    return tag("header", name, person)
