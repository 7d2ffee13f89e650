"""Secrets are typed on a page of our own: once, by the member the link was made for, and go on in Discord."""

import asyncio

import pytest

from api.limits import Limits, Window
from domain.accounts import PassKind
from tests.integration.web_house import web_house
from tests.unit.wizard.linker import BAD, GOOD
from wizard.flow import Menu
from wizard.texts import say as wizard_say

FIELDS = {f"field-{key}": value for key, value in GOOD.items()} | {"field-feed": "sip"}
WRONG = {f"field-{key}": value for key, value in BAD.items()}


@pytest.fixture
async def house(tmp_path):
    async with web_house(tmp_path) as house:
        yield house


async def signed_in(house, link, person=None):
    browser = await house.browser().get(link)
    return await browser.sign_in(person or house.ana)


async def test_keys_typed_on_the_page_are_tested_and_the_panel_goes_on(house):
    flow = await house.at_keys()
    browser = await house.browser().get(await house.form_link(flow))
    assert browser.title == "First, show that it is you"
    assert "ana" not in browser.page, "a stranger does not learn whom the link is for"
    await browser.sign_in(house.ana)
    assert browser.title == "Alpaca (Paper): your keys"
    assert "Signed in as @ana" in browser.page
    await browser.send(**FIELDS)
    assert browser.title == "Done here. It goes on in Discord"
    assert "<strong>It works" in browser.page
    assert [turn.step for turn in house.face.turns] == ["test", "review"]
    assert isinstance(house.face.turns[-1].result, Menu)
    assert house.linker.tested[0][2]["api_secret"] == GOOD["api_secret"]
    assert house.linker.tested[0][2]["feed"] == "sip"


async def test_looking_at_a_link_any_number_of_times_does_not_use_it_up(house):
    flow = await house.at_keys()
    link = await house.form_link(flow)
    for _ in range(3):
        await house.browser().get(link)  # a preview robot
    browser = await signed_in(house, link)
    for _ in range(3):
        assert (await browser.get(link)).status == 200
    await browser.send(**FIELDS)
    assert "goes on in Discord" in browser.title


async def test_a_link_works_once(house):
    link = await house.form_link(await house.at_keys())
    browser = await signed_in(house, link)
    action, form = browser.form()
    await browser.send(**FIELDS)
    assert (await browser.post(action, {**form, **FIELDS})).status == 410
    assert browser.title == "This link was used already"
    assert (await browser.get(link)).title == "This link was used already"
    assert len(house.linker.tested) == 1


async def test_a_form_sent_ten_times_at_once_counts_once(house):
    link = await house.form_link(await house.at_keys())
    browser = await signed_in(house, link)
    action, form = browser.form()
    copies = [house.browser() for _ in range(10)]
    for copy in copies:
        copy.cookies = dict(browser.cookies)
    await asyncio.gather(*(copy.post(action, {**form, **FIELDS}) for copy in copies))
    titles = sorted(copy.title for copy in copies)
    assert titles.count("Done here. It goes on in Discord") == 1
    assert len(house.linker.tested) == 1


async def test_what_does_not_fit_is_said_beside_the_field_and_no_secret_comes_back(house):
    link = await house.form_link(await house.at_keys())
    browser = await signed_in(house, link)
    typed = {"field-api_key": "short", "field-api_secret": GOOD["api_secret"], "field-nick": "mine"}
    await browser.send(**typed)
    assert browser.status == 200
    assert "a key has 20 capitals and digits" in browser.page
    assert 'href="#field-api_key"' in browser.page
    assert 'aria-invalid="true"' in browser.page
    assert 'value="mine"' in browser.page
    assert "short" not in browser.page
    assert GOOD["api_secret"] not in browser.page
    assert browser.at.rsplit("/")[-1] not in link, "the form came over a new link"
    await browser.send(**FIELDS)
    assert "goes on in Discord" in browser.title


async def test_keys_the_broker_refuses_can_be_typed_again_over_a_new_link(house):
    browser = await signed_in(house, await house.form_link(await house.at_keys()))
    await browser.send(**WRONG)
    assert browser.title == "That did not work yet"
    assert "does not know these keys" in browser.page
    await browser.send("/done/")
    assert browser.title == "Alpaca (Paper): your keys"
    assert "does not know these keys" in browser.page
    await browser.send(**FIELDS)
    assert "goes on in Discord" in browser.title


async def test_a_link_expires_after_ten_minutes(house):
    link = await house.form_link(await house.at_keys())
    browser = await signed_in(house, link)
    action, form = browser.form()
    await house.clock.advance(601)
    assert (await browser.get(link)).title == "This link has expired"
    assert (await browser.post(action, {**form, **FIELDS})).status == 410
    assert house.linker.tested == []


async def test_another_member_gets_a_page_of_their_own_and_changes_nothing(house):
    link = await house.form_link(await house.at_keys())
    browser = await signed_in(house, link, house.ben)
    assert browser.status == 403
    assert browser.title == "This link is for somebody else"
    assert "@ben" in browser.page
    assert "ana" not in browser.page
    await browser.send("/sign-out")
    assert browser.title == "First, show that it is you"
    await browser.sign_in(house.ana)
    await browser.send(**FIELDS)
    assert "goes on in Discord" in browser.title


async def test_a_sign_in_lasts_over_a_restart_of_the_bot(house, tmp_path):
    link = await house.form_link(await house.at_keys())
    browser = await signed_in(house, link)
    house.pages.following._tasks.clear()
    house.flows._busy.clear()
    await house.server.stop()
    house.server = house.serve()
    await house.server.start()
    await browser.send(**FIELDS)
    assert "goes on in Discord" in browser.title


async def test_a_flow_that_moved_on_in_discord_is_told_so(house):
    flow = await house.at_keys()
    browser = await signed_in(house, await house.form_link(flow))
    action, form = browser.form()
    await house.flows.back(flow, house.user(house.ana), "credentials")
    assert (await browser.post(action, {**form, **FIELDS})).title == "That step is behind you"
    await house.flows.cancel(flow, house.user(house.ana))
    await browser.get(action)
    assert wizard_say("refused.ended") in browser.page


async def test_what_comes_while_the_flow_is_busy_can_be_sent_again(house):
    flow = await house.at_keys()
    browser = await signed_in(house, await house.form_link(flow))
    house.flows._busy.add(flow)
    action, form = browser.form()
    await browser.post(action, {**form, **FIELDS})
    assert (browser.status, browser.title) == (409, "This cannot go on")
    assert wizard_say("refused.busy") in browser.page
    house.flows._busy.clear()
    await browser.post(action, {**form, **FIELDS})
    assert "goes on in Discord" in browser.title


async def test_behind_a_trusted_proxy_each_visitor_has_a_count_of_their_own(tmp_path):
    narrow = Limits(pages=Window(2, 60.0))
    for trusted, expected in ((("127.0.0.1/32",), 200), ((), 429)):
        folder = tmp_path / str(expected)
        folder.mkdir()
        async with web_house(folder, narrow) as house:
            object.__setattr__(house.deps, "trusted_proxies", trusted)
            link = await house.form_link(await house.at_keys())
            for visitor in ("203.0.113.1", "203.0.113.1", "203.0.113.2"):
                browser = await house.browser().get(link, **{"X-Forwarded-For": f"1.2.3.4, {visitor}"})
            assert browser.status == expected
        narrow = Limits(pages=Window(2, 60.0))
    assert browser.title == "One moment, please"
    assert int(browser.headers["Retry-After"]) > 0


async def test_every_page_carries_the_strict_headers(house):
    link = await house.form_link(await house.at_keys())
    browser = house.browser()
    for address in (link, "/link/nothing", "/done/x", "/oauth/schwab/callback", "/sign-in/callback"):
        headers = (await browser.get(address)).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; form-action 'self'")
        assert "script" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Frame-Options"] == "DENY"
        assert "<script" not in browser.page
        assert "http://" not in browser.page.replace(house.url, "")


async def test_a_body_over_64_kb_is_refused_in_plain_words(house):
    link = await house.form_link(await house.at_keys())
    browser = await signed_in(house, link)
    await browser.send(**{"field-api_key": "x" * 70_000})
    assert browser.status == 413
    assert browser.title == "That was too much"
    assert "<html" in browser.page


async def test_secrets_are_password_fields_that_can_be_shown_while_typing(house):
    browser = await signed_in(house, await house.form_link(await house.at_keys()))
    assert browser.page.count('type="password"') == 2
    assert browser.page.count('autocomplete="off"') >= 3
    await browser.get(browser.form()[0] + "?show=yes")
    assert 'type="password"' not in browser.page
    assert "Hide secrets" in browser.page


async def test_only_hashes_are_stored(house, tmp_path):
    link = await house.form_link(await house.at_keys())
    browser = await signed_in(house, link)
    secrets = [link.rsplit("/", 1)[1], browser.cookies["__Host-dte"]]
    await browser.send(**FIELDS)
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert len(await house.store.passes.find()) == 3
    for secret in (*secrets, browser.at.rsplit("/", 1)[1], GOOD["api_secret"]):
        assert secret.encode() not in everything


async def test_what_is_over_is_swept_a_day_later(house):
    await house.form_link(await house.at_keys())
    await house.clock.advance(3600)
    assert await house.passes.sweep() == 0
    await house.clock.advance(25 * 3600)
    assert await house.passes.sweep() == 1


async def test_a_member_cannot_fill_the_store_with_links(house):
    flow = await house.at_keys()
    first = await house.form_link(flow)
    await house.clock.advance(1)
    links = [await house.form_link(flow) for _ in range(80)]
    assert len(await house.store.passes.find({"user": str(house.ana.id)})) == 40
    assert (await house.browser().get(links[-1])).status == 200
    for _ in range(45):
        await signed_in(house, links[-1])
    assert (await signed_in(house, await house.form_link(flow))).title == "Alpaca (Paper): your keys"
    assert (await house.browser().get(first)).title == "This link is not known"


async def test_the_log_names_no_link(house, capsys, caplog):
    link = await house.form_link(await house.at_keys())
    browser = await signed_in(house, link)
    await browser.send(**FIELDS)
    printed = capsys.readouterr()
    everything = printed.out + printed.err + caplog.text + "".join(str(r.__dict__) for r in caplog.records)
    assert "/link/{link}" in everything
    assert link.rsplit("/", 1)[1] not in everything


async def test_discord_being_away_is_said_and_costs_nothing(house):
    link = await house.form_link(await house.at_keys())
    browser = await house.browser().get(link)
    await browser.send("/sign-in")
    back = house.discord.agree(house.ana, browser.leads_to)
    house.discord.fault("GET /users/@me", status=500)
    assert (await browser.get(back)).title == "Discord does not answer"
    await (await browser.get(link)).sign_in(house.ana)
    assert browser.title == "Alpaca (Paper): your keys"


async def test_a_wrong_client_secret_is_named_for_the_operator(house):
    house.discord._server.oauth.consents.secrets[house.app.id] = "another"
    browser = await house.browser().get(await house.form_link(await house.at_keys()))
    await browser.sign_in(house.ana)
    assert "DISCORD_CLIENT_SECRET" in browser.page


async def test_the_way_back_from_discord_works_once_in_the_browser_that_went(house):
    browser = await house.browser().get(await house.form_link(await house.at_keys()))
    await browser.send("/sign-in")
    back = house.discord.agree(house.ana, browser.leads_to)
    thief = await house.browser().get(back)
    assert (thief.status, thief.title) == (403, "That sign-in did not come from here")
    await browser.get(back)
    assert browser.title == "Alpaca (Paper): your keys"
    assert (await browser.get(back)).title == "That sign-in did not come from here"


async def test_kinds_of_passes_do_not_stand_in_for_each_other(house):
    flow = await house.at_keys()
    session = await house.passes.make(PassKind.SESSION, house.user(house.ana), name="ana")
    for address in (f"/link/{session}", f"/done/{session}"):
        assert (await house.browser().get(address)).title == "This link is not known"
    browser = house.browser()
    browser.cookies["__Host-dte"] = (await house.form_link(flow)).rsplit("/", 1)[1]
    assert (await browser.get(await house.form_link(flow))).title == "First, show that it is you"
