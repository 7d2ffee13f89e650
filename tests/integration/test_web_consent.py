"""Through a broker's own sign-in and back: the right browser, the right member, once."""

from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from adapters.schwab import ADAPTER
from adapters.schwab.manifest import MANIFEST
from domain.accounts import Environment
from domain.broker import Credentials, SessionDeps
from domain.clock import SystemClock
from domain.errors import AuthFailed
from domain.ids import AccountRef, UserId
from sim.market import Market
from sim.schwab import SchwabSim
from tests.integration.web_house import web_house

KEY, SECRET = "AppKeyOfAna" + "x" * 21, "app-secret-16-ch"


@pytest.fixture
async def house(tmp_path):
    clock = SystemClock()
    pretend = SchwabSim(Market(seed=7, clock=clock), clock)
    async with pretend as schwab, web_house(tmp_path, manifests=[MANIFEST]) as house:
        schwab.add_login(KEY, SECRET, "12345678", cash=Decimal(5000), name="ana at schwab")
        schwab.world.apps[KEY].callbacks = (f"{house.url}/oauth/schwab/callback",)
        house.pages.endpoints["schwab"] = schwab.url
        house.schwab = schwab
        yield house


async def at_the_explanation(house, person=None):
    flow = await house.at_consent(person, KEY, SECRET)
    browser = await house.browser().get(await house.consent_link(flow, person))
    return flow, await browser.sign_in(person or house.ana)


async def agree(house, browser) -> str:
    """Click the first person on Schwab's page, and give where the browser is sent."""
    async with aiohttp.ClientSession() as http:
        async with http.get(browser.leads_to) as page:
            assert "ana at schwab" in await page.text()
        async with http.get(browser.leads_to + "&as=ana+at+schwab", allow_redirects=False) as answer:
            return answer.headers["Location"]


async def test_the_page_names_whose_discord_account_gets_which_broker_before_anything_is_left(house):
    _, browser = await at_the_explanation(house)
    assert browser.title == "Link Charles Schwab to @ana"
    assert "somebody send you this link" in browser.page
    assert "confirm it in Discord" in browser.page
    assert house.schwab.requests == []


async def test_through_schwab_and_back_the_flow_gets_the_whole_address_and_the_code_works(house):
    flow, browser = await at_the_explanation(house)
    await browser.send()
    assert browser.title == "Taking you to Charles Schwab"
    asked = parse_qs(urlsplit(browser.leads_to).query)
    assert asked["client_id"] == [KEY]
    assert asked["code_challenge_method"] == ["S256"]
    await browser.get(await agree(house, browser))
    assert browser.title == "Done here. It goes on in Discord"
    assert "code=" not in browser.at, "the code stays in no address bar"
    (taken,) = house.taken
    assert [turn.step for turn in house.face.turns] == ["review"]
    await house.flows.known(flow, house.user(house.ana), "review")
    ref = AccountRef(user=UserId("1"), broker="schwab", account="a")
    deps = SessionDeps(ref=ref, environment=Environment.LIVE, clock=SystemClock(), endpoint=house.schwab.url)
    keys = {"app_key": KEY, "app_secret": SECRET, "redirect_url": taken["redirect_url"]}
    async with ADAPTER.open(Credentials(keys), deps) as session:
        assert (await session.account()).cash == 5000


async def test_a_code_is_worth_nothing_to_who_did_not_ask_for_it(house):
    _, browser = await at_the_explanation(house)
    await browser.send()
    back = await agree(house, browser)
    state = parse_qs(urlsplit(back).query)["state"][0]
    stolen = back.replace(state, "A" * 43)
    ref = AccountRef(user=UserId("1"), broker="schwab", account="b")
    deps = SessionDeps(ref=ref, environment=Environment.LIVE, clock=SystemClock(), endpoint=house.schwab.url)
    keys = {"app_key": KEY, "app_secret": SECRET, "redirect_url": stolen}
    with pytest.raises(AuthFailed):
        async with ADAPTER.open(Credentials(keys), deps) as session:
            await session.account()


async def test_who_does_not_agree_is_told_that_nothing_was_linked(house):
    _, browser = await at_the_explanation(house)
    await browser.send()
    state = parse_qs(urlsplit(browser.leads_to).query)["state"][0]
    await browser.get(f"/oauth/schwab/callback?error=access_denied&state={state}")
    assert (browser.status, browser.title) == (403, "Nothing was linked")
    assert house.taken == []


async def test_a_broker_that_was_switched_off_meanwhile_is_not_led_to(house):
    _, browser = await at_the_explanation(house)
    house.manifests.clear()
    await browser.send()
    assert browser.title == "This broker cannot be reached from here"


async def test_no_secret_of_the_app_is_in_the_address_or_the_page(house):
    _, browser = await at_the_explanation(house)
    await browser.send()
    assert SECRET not in browser.page
