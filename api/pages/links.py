"""Serve one-time links. Looking at one changes nothing; sending its form, by the right member, uses it up."""

from collections.abc import Mapping

from aiohttp import web

from api.pages import consent, forms, masks, receipts, session
from api.pages.deps import PAGES
from api.pages.html import tag
from api.pages.layout import notice
from api.pages.session import Visitor
from api.pages.signin import ask
from api.pages.texts import say
from domain.accounts import PassKind, WebPass
from wizard.flow import FlowRefused, Form, Turn


async def show(request: web.Request) -> web.Response:
    """Show what a link is for: a form, the way to a broker's sign-in, or why not."""
    session.count(request)
    link = request.match_info["link"]
    found = await _look(request, link)
    if isinstance(found, web.Response):
        return found
    who = await session.visitor(request)
    if who is None:
        return ask(f"link/{link}")
    if who.user != found.user:
        return foreign(who, f"link/{link}")
    if found.kind is PassKind.CONSENT:
        return await consent.explain(request, found, link, who)
    turn = await _form_turn(request, found)
    if isinstance(turn, web.Response):
        return turn
    assert isinstance(turn.result, Form)
    return forms.draw(turn, turn.result, link, who, found.note, shown="show" in request.query)


async def send(request: web.Request) -> web.Response:
    """Take what was sent, once."""
    session.count(request, sends=True)
    link = request.match_info["link"]
    if not session.from_here(request):
        return notice("origin", status=403)
    sent = await masks.sent(request)
    found = await _look(request, link)
    if isinstance(found, web.Response):
        return found
    who = await session.visitor(request)
    if who is None:
        return notice("csrf", status=403)
    if who.user != found.user:
        return foreign(who, f"link/{link}")
    if not session.proves(who, link, str(sent.get("proof", ""))):
        return notice("csrf", status=403, who=who.name)
    if found.kind is PassKind.CONSENT:
        return await consent.depart(request, found, who)
    return await _answer(request, found, who, sent)


def foreign(who: Visitor, link: str) -> web.Response:
    """Say that a link was made for another member."""
    form = tag(
        "form",
        tag("input", type="hidden", name="to", value=link),
        tag("p", tag("button", say("foreign.button"), class_="button"), class_="actions"),
        method="post",
        action="/sign-out",
    )
    return notice("foreign", form, status=403, who=who.name, name=who.name)


def judge(request: web.Request, found: WebPass | None) -> web.Response | None:
    """Say what is wrong with a pass, if something is."""
    if found is None:
        return notice("unknown", status=404)
    if found.used:
        return notice("used", status=410)
    return notice("expired", status=410) if request.app[PAGES].passes.over(found) else None


def refused(error: FlowRefused, who: Visitor) -> web.Response:
    """Say why a flow did not take an answer."""
    return receipts.flow_notice("error.title", f"refused.{error.key}", {}, status=409, who=who.name)


async def _look(request: web.Request, link: str) -> WebPass | web.Response:
    found = await request.app[PAGES].passes.find(link, PassKind.FORM, PassKind.CONSENT)
    wrong = judge(request, found)
    if wrong is not None:
        return wrong
    assert found is not None
    return found


async def _form_turn(request: web.Request, found: WebPass) -> Turn | web.Response:
    """Give the turn whose form a link is for, or say that the flow is elsewhere."""
    try:
        turn = await request.app[PAGES].flows.show(found.flow, found.user)
    except FlowRefused as error:
        return receipts.flow_notice("error.title", f"refused.{error.key}", {}, status=410)
    if turn.step != found.step or not isinstance(turn.result, Form):
        return notice("moved_on", status=410)
    return turn


async def _answer(
    request: web.Request, found: WebPass, who: Visitor, sent: Mapping[str, object]
) -> web.Response:
    pages = request.app[PAGES]
    turn = await _form_turn(request, found)
    if isinstance(turn, web.Response):
        return turn
    assert isinstance(turn.result, Form)
    values = forms.typed(turn.result, sent)
    if not await pages.passes.use(found):
        return notice("used", status=410, who=who.name)
    try:
        came_to = await pages.flows.answer(found.flow, found.user, found.step, values)
    except FlowRefused as error:
        await receipts.spare(pages, found, error)
        return refused(error, who)
    return await receipts.go_on(request, found, came_to)
