"""Lead a member through a broker's own sign-in: who gets what is said, and only their browser comes back."""

from aiohttp import web

from api.deps import DEPS
from api.pages import receipts, session
from api.pages.deps import PAGES
from api.pages.html import prose, tag
from api.pages.layout import leaving, notice, page
from api.pages.session import Visitor
from api.pages.texts import say
from domain.accounts import Environment, PassKind, WebPass
from domain.broker import BrokerManifest, ConsentRequest
from domain.errors import VaultError
from wizard.flow import FlowRefused
from wizard.flows.linking import credentials_of


async def explain(request: web.Request, found: WebPass, link: str, who: Visitor) -> web.Response:
    """Say whose Discord account is about to be linked to which broker, before anything is left."""
    manifest = _manifest(request, found.broker)
    if manifest is None:
        return notice("broker_gone", status=410, who=who.name)
    try:
        await request.app[PAGES].flows.known(found.flow, found.user, found.step)
    except FlowRefused as error:
        return _refused(error, who)
    names = {"broker": manifest.title, "name": who.name}
    form = tag(
        "form",
        tag("input", type="hidden", name="proof", value=session.proof(who, link)),
        tag("p", tag("button", say("consent.button", **names), class_="button"), class_="actions"),
        method="post",
        action=f"/link/{link}",
    )
    return page(
        say("consent.title", **names),
        prose(say("consent.body", **names)),
        tag("div", prose(say("consent.warning", **names)), class_="care", role="note"),
        tag("p", say("consent.last")),
        form,
        who=who.name,
    )


async def depart(request: web.Request, found: WebPass, who: Visitor) -> web.Response:
    """Use up a link and send the browser to the broker, with a state that only it can bring back."""
    pages = request.app[PAGES]
    manifest = _manifest(request, found.broker)
    if manifest is None or manifest.consent is None:
        return notice("broker_gone", status=410, who=who.name)
    try:
        known = await pages.flows.known(found.flow, found.user, found.step)
        credentials = await credentials_of(known)
    except FlowRefused as error:
        return _refused(error, who)
    except VaultError:
        return notice("moved_on", status=410, who=who.name)
    if not await pages.passes.use(found):
        return notice("used", status=410, who=who.name)
    state = await pages.passes.make(
        PassKind.STATE,
        found.user,
        flow=found.flow,
        step=found.step,
        broker=found.broker,
        cookie=who.cookie,
    )
    asked = ConsentRequest(
        redirect_uri=f"{pages.public_url}/oauth/{found.broker}/callback",
        state=state,
        environment=Environment(known.answers.get("environment", Environment.LIVE)),
        credentials=credentials,
        app=pages.apps.get(found.broker),
        endpoint=pages.endpoints.get(found.broker, ""),
    )
    return leaving("leaving_broker.title", manifest.consent(asked), manifest.title, who.name)


async def callback(request: web.Request) -> web.Response:
    """Take a browser back from a broker: the one that was sent there, signed in as the same member, once."""
    session.count(request)
    pages, broker = request.app[PAGES], request.match_info["broker"]
    found = await pages.passes.find(request.query.get("state", ""), PassKind.STATE)
    who = await session.visitor(request)
    wrong = _wrong(request, found, who, broker)
    if wrong is not None:
        return wrong
    assert found is not None
    assert who is not None
    if not await pages.passes.use(found):
        return notice("used", status=410, who=who.name)
    if not request.query.get("code"):
        manifest = _manifest(request, broker)
        return notice("declined", status=403, who=who.name, broker=manifest.title if manifest else broker)
    values = {"redirect_url": f"{pages.public_url}{request.raw_path}"}
    try:
        turn = await pages.flows.answer(found.flow, found.user, found.step, values)
    except FlowRefused as error:
        await receipts.spare(pages, found, error)
        return _refused(error, who)
    return await receipts.go_on(request, found, turn)


def _wrong(
    request: web.Request, found: WebPass | None, who: Visitor | None, broker: str
) -> web.Response | None:
    """Say why somebody who comes back is not let in; nothing is used up then."""
    if found is None:
        return notice("unknown", status=404)
    if found.used:
        return notice("used", status=410)
    if request.app[PAGES].passes.over(found):
        return notice("expired", status=410)
    if found.broker != broker:
        return notice("wrong_broker", status=403)
    if who is None:
        return notice("signed_out", status=403)
    if who.user != found.user or who.cookie != found.cookie:
        return notice("other_browser", status=403, who=who.name)
    return None


def _refused(error: FlowRefused, who: Visitor) -> web.Response:
    return receipts.flow_notice("error.title", f"refused.{error.key}", {}, status=409, who=who.name)


def _manifest(request: web.Request, broker: str) -> BrokerManifest | None:
    """Give the manifest of a broker that is switched on and has a sign-in of its own."""
    on = {manifest.slug for manifest in request.app[DEPS].brokers()}
    found = request.app[PAGES].brokers.get(broker)
    return found if found is not None and broker in on and found.consent is not None else None
