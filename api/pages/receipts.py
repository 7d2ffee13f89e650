"""Tell how it went on after a form was sent or a broker sent somebody back."""

import traceback
from collections.abc import Mapping

import structlog
from aiohttp import web

from api.pages import forms, masks, session
from api.pages.deps import PAGES, PageDeps
from api.pages.html import Html, prose, tag
from api.pages.layout import back_to_discord, notice, page
from api.pages.session import Visitor
from api.pages.texts import say
from domain.accounts import PassKind, WebPass
from wizard.door import digest
from wizard.flow import Abort, Done, FlowRefused, Form, Problem, Progress, Turn
from wizard.texts import say as wizard_say

log = structlog.get_logger(__name__)
WAIT = 2.0
"""Seconds a page waits for news before it shows that there is none yet."""
LOOK_AGAIN = 2
_LATER = frozenset({"busy", "keys_away"})


async def go_on(request: web.Request, found: WebPass, turn: Turn) -> web.Response:
    """Have the panel in Discord follow, and send the browser to where it learns of it.

    What was wrong with a form is shown at once, over a new link: the one sent is used up.
    """
    pages = request.app[PAGES]
    again = turn.step == found.step and isinstance(turn.result, Form)
    if again and found.kind is PassKind.FORM:
        link = await _again(pages, found, turn)
        pages.following.start(digest(link), _follow(pages, found, turn))
        return _to(f"/link/{link}")
    receipt = await pages.passes.make(
        PassKind.RECEIPT, found.user, flow=found.flow, step=found.step, broker=found.broker
    )
    pages.following.start(digest(receipt), _follow(pages, found, turn))
    return _to(f"/done/{receipt}")


async def spare(pages: PageDeps, found: WebPass, error: FlowRefused) -> None:
    """Let what was sent be sent again, where the flow did not look at it."""
    if error.key in _LATER:
        await pages.passes.give_back(found)


async def show(request: web.Request) -> web.Response:
    """Say where the flow is now, to the member it belongs to."""
    session.count(request)
    receipt = request.match_info["receipt"]
    found, who = await _let_in(request, receipt)
    if isinstance(found, web.Response):
        return found
    assert who is not None
    pages = request.app[PAGES]
    turn = await pages.following.wait(found.id, WAIT)
    try:
        turn = turn or await pages.flows.show(found.flow, found.user)
    except FlowRefused as error:
        return flow_notice("done.stopped.title", f"refused.{error.key}", {}, who=who.name)
    return _tell(turn, found, receipt, who)


async def again(request: web.Request) -> web.Response:
    """Make a new link to the form that did not do, and go there."""
    session.count(request, sends=True)
    receipt = request.match_info["receipt"]
    if not session.from_here(request):
        return notice("origin", status=403)
    sent = await masks.sent(request)
    found, who = await _let_in(request, receipt)
    if isinstance(found, web.Response):
        return found
    assert who is not None
    if not session.proves(who, receipt, str(sent.get("proof", ""))):
        return notice("csrf", status=403, who=who.name)
    pages = request.app[PAGES]
    turn = await pages.following.wait(found.id, 0)
    try:
        turn = turn or await pages.flows.show(found.flow, found.user)
    except FlowRefused as error:
        return flow_notice("done.stopped.title", f"refused.{error.key}", {}, who=who.name)
    return _to(f"/link/{await _again(pages, found, turn)}")


def flow_notice(
    title: str, key: str, params: Mapping[str, str], *, status: int = 200, who: str = "", good: bool = False
) -> web.Response:
    """Answer with words of the wizard's."""
    words = tag("div", prose(wizard_say(key, **params)), class_="good" if good else "told", role="status")
    return page(say(title), words, back_to_discord(), status=status, who=who)


async def _let_in(request: web.Request, receipt: str) -> tuple[WebPass | web.Response, Visitor | None]:
    found = await request.app[PAGES].passes.find(receipt, PassKind.RECEIPT)
    if found is None:
        return notice("unknown", status=404), None
    if request.app[PAGES].passes.over(found):
        return notice("expired", status=410), None
    who = await session.visitor(request)
    if who is None:
        return notice("signed_out", status=403), None
    if who.user != found.user:
        return notice("foreign", status=403, who=who.name, name=who.name), None
    return found, who


async def _again(pages: PageDeps, found: WebPass, turn: Turn) -> str:
    problems = getattr(turn.result, "problems", ())
    return await pages.passes.make(
        PassKind.FORM, found.user, flow=found.flow, step=turn.step, note=forms.write(problems)
    )


async def _follow(pages: PageDeps, found: WebPass, turn: Turn) -> Turn:
    """Let Discord show it. Whatever fails there, what the flow took stays taken."""
    try:
        return await pages.face.follow(turn)
    except FlowRefused:
        return turn  # answered in Discord meanwhile
    except Exception:  # noqa: BLE001 - logged below, as text: a renderer might print local variables
        log.error("a panel could not follow its page", trace=traceback.format_exc())
        return await pages.flows.show(found.flow, found.user)


def _tell(turn: Turn, found: WebPass, receipt: str, who: Visitor) -> web.Response:
    result = turn.result
    if isinstance(result, Done):
        key = f"done.{turn.flow}"
        return flow_notice("done.finished.title", key, result.params, who=who.name, good=True)
    if isinstance(result, Abort):
        return flow_notice("done.stopped.title", f"abort.{result.reason}", result.params, who=who.name)
    if isinstance(result, Progress) and not result.problems:
        words = tag("div", prose(say("done.working.body")), class_="told working", role="status")
        return page(say("done.working.title"), words, look_again=LOOK_AGAIN, who=who.name)
    if result.problems and (turn.step == found.step or isinstance(result, Form | Progress)):
        return _wrong(turn, result.problems, receipt, who)
    title = wizard_say(f"{turn.flow}.{turn.step}.title", **result.params)
    words = tag("div", prose(say("done.onward.body", title=title)), class_="good", role="status")
    return page(
        say("done.onward.title"),
        words,
        back_to_discord(),
        tag("p", say("done.close"), class_="small"),
        who=who.name,
    )


def _wrong(turn: Turn, problems: tuple[Problem, ...], receipt: str, who: Visitor) -> web.Response:
    listed = tag("ul", *(tag("li", forms.words_of(each)) for each in problems))
    form: Html | None = None
    if isinstance(turn.result, Form):
        form = tag(
            "form",
            tag("input", type="hidden", name="proof", value=session.proof(who, receipt)),
            tag("p", tag("button", say("done.again.button"), class_="button"), class_="actions"),
            method="post",
            action=f"/done/{receipt}",
        )
    told = tag("section", listed, class_="wrong", role="alert")
    more = tag("p", say("done.again.or"), class_="small")
    return page(say("done.again.title"), told, form, more, back_to_discord(), who=who.name)


def _to(address: str) -> web.Response:
    return web.Response(
        status=303,
        headers={"Location": address, "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"},
    )
