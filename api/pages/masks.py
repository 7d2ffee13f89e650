"""Have logs mask what a browser sends, before anything is awaited that may fail and quote it."""

import re
from collections.abc import Mapping

from aiohttp import web

from api.errors import Handler
from api.pages.deps import PAGES

_TOKEN = re.compile(r"[\w-]{43}", re.ASCII)
"""What our links and cookies are: 256 bits in base64."""
_ASKED = ("code", "state", "session")
"""What Discord and brokers send back in an address."""


@web.middleware
async def hide_what_came(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Mask links, cookies and codes; outermost, so that no failure comes before it."""
    if PAGES in request.app:
        hide = request.app[PAGES].hide
        for part in (*request.match_info.values(), *request.cookies.values()):
            for token in _TOKEN.findall(part):
                hide(token)
        if request.path.endswith("/callback"):
            for name in _ASKED:
                hide(request.query.get(name, ""))
    return await handler(request)


async def sent(request: web.Request) -> Mapping[str, object]:
    """Read the form that was sent; secrets in it are masked from here on."""
    form = await request.post()
    pages = request.app[PAGES]
    fields = {
        f"field-{field.key}" for each in pages.brokers.values() for field in each.fields if field.secret
    }
    for name in ("proof", *sorted(fields)):
        value = form.get(name)
        if isinstance(value, str):
            pages.hide(value)
            pages.hide(value.replace("\r\n", "\n"))
    return form
