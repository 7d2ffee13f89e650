"""Put the pages' addresses in one place, and make every failure on them a page."""

import json
from collections.abc import AsyncIterator

from aiohttp import web

from api.errors import Handler
from api.pages import consent, links, receipts, signin
from api.pages.deps import PAGES, PageDeps
from api.pages.layout import notice, style
from api.pages.texts import TEXTS

_PREFIXES = ("/link/", "/done/", "/sign-in", "/sign-out", "/oauth/", "/pages/")


def add_pages(app: web.Application, pages: PageDeps) -> None:
    """Add the pages to an application."""
    app[PAGES] = pages
    app.router.add_get("/link/{link}", links.show)
    app.router.add_post("/link/{link}", links.send)
    app.router.add_get("/done/{receipt}", receipts.show)
    app.router.add_post("/done/{receipt}", receipts.again)
    app.router.add_post("/sign-in", signin.start)
    app.router.add_get("/sign-in/callback", signin.callback)
    app.router.add_post("/sign-out", signin.leave)
    app.router.add_get("/oauth/{broker}/callback", consent.callback)
    app.router.add_get("/pages/style.css", _style)
    app.cleanup_ctx.append(_following)


@web.middleware
async def errors_as_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Say in plain words what the JSON of an error says, to who came with a browser."""
    answer = await handler(request)
    is_page = PAGES in request.app and request.path.startswith(_PREFIXES)
    if not is_page or answer.status < 400 or answer.content_type != "application/json":
        return answer
    return _as_page(answer)


def _as_page(answer: web.StreamResponse) -> web.Response:
    body = answer.body if isinstance(answer, web.Response) else None
    told = json.loads(body) if isinstance(body, bytes) else {}
    key = f"http.{answer.status}" if f"http.{answer.status}.title" in TEXTS else "http.500"
    page = notice(key, status=answer.status, reference=str(told.get("error", {}).get("reference", "-")))
    for name in ("Retry-After", "Allow"):
        if name in answer.headers:
            page.headers[name] = answer.headers[name]
    return page


async def _style(_: web.Request) -> web.Response:
    return style()


async def _following(app: web.Application) -> AsyncIterator[None]:
    yield
    await app[PAGES].following.stop()
