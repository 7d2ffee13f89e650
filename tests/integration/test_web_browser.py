"""The pages in a real browser, without mouse or scripts: on a phone and on a desk, by day and by night."""

import asyncio

import pytest

from tests.integration.browser import DESKTOP, PHONE, chromium
from tests.integration.web_house import web_house
from tests.unit.wizard.linker import BAD, GOOD

LOOKS = [
    pytest.param(PHONE, False, id="phone-light"),
    pytest.param(PHONE, True, id="phone-dark"),
    pytest.param(DESKTOP, False, id="desktop-light"),
    pytest.param(DESKTOP, True, id="desktop-dark"),
]
CONTRAST = """
(() => {
  const channel = (v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const light = (c) => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
  const read = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = read(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own && !['INPUT', 'SELECT', 'TEXTAREA'].includes(e.tagName)) continue;
    const a = light(read(getComputedStyle(e).color)), b = light(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(`${e.tagName}.${e.className} ${ratio.toFixed(2)}: ${e.textContent}`);
  }
  return faint;
})()
"""
UNLABELLED = """
[...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
  .filter((e) => e.labels.length !== 1 || !e.labels[0].textContent.trim()).map((e) => e.name)
"""
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SMALL = """
[...document.querySelectorAll('.button, input:not([type=hidden]), select')]
  .filter((e) => e.getBoundingClientRect().height < 44).map((e) => e.outerHTML)
"""
OUTLINE = "parseFloat(getComputedStyle(document.activeElement).outlineWidth)"


async def sound(tab, path) -> None:
    """Judge what the screen shows: width, labels, contrast, sizes; and keep a picture of it."""
    assert await tab.ask(WIDE) <= 0, "nothing must be scrolled sideways"
    assert await tab.ask(UNLABELLED) == []
    assert await tab.ask(CONTRAST) == []
    assert await tab.ask(SMALL) == [], "a finger finds it"
    assert await tab.ask("document.querySelectorAll('h1').length") == 1
    assert await tab.ask("document.documentElement.lang") == "en"
    await tab.picture(path)


async def sign_in(house, tab, path, person) -> None:
    await tab.wait_title("First, show that it is you")
    await sound(tab, path / "1_sign_in.png")
    await tab.tab_to("main button")
    assert await tab.ask(OUTLINE) >= 2, "who uses keys sees where they are"
    await tab.leave()
    await tab.wait_title("Discord (pretend)")
    await tab.tab_to(f"a[href$='as={person.id}']")
    await tab.leave()


async def fill(tab, values) -> None:
    for key, value in values.items():
        await tab.tab_to(f"#field-{key}")
        await tab.type(value)
    await tab.leave()


@pytest.mark.parametrize(("size", "dark"), LOOKS)
async def test_keys_are_typed_by_keyboard_alone_with_scripts_switched_off(tmp_path, size, dark):
    async with web_house(tmp_path) as house, chromium(tmp_path, scripts=False) as tab:
        await tab.looks(size, dark=dark)
        await tab.open(house.url + await house.form_link(await house.at_keys()))
        await sign_in(house, tab, tmp_path, house.ana)
        await tab.wait_title("your keys")
        await sound(tab, tmp_path / "2_form.png")
        await fill(tab, {"api_key": "short", "api_secret": GOOD["api_secret"]})
        await tab.wait_title("your keys")
        await sound(tab, tmp_path / "3_problem.png")
        assert "a key has 20 capitals and digits" in await tab.ask("document.body.innerText")
        await tab.tab_to(".wrong a")
        await tab.press("Enter")
        assert await tab.ask("location.hash") == "#field-api_key"
        await tab.press("Tab")
        await fill(tab, BAD)
        await tab.wait_title("That did not work yet")
        await sound(tab, tmp_path / "4_refused.png")
        await tab.tab_to("main button")
        await tab.leave()
        await tab.wait_title("your keys")
        await fill(tab, GOOD)
        await tab.wait_title("It goes on in Discord")
        await sound(tab, tmp_path / "5_done.png")
        assert house.linker.tested[-1][2]["api_secret"] == GOOD["api_secret"]
        ours = [one for one in tab.requests if one["url"].startswith(house.url)]
        assert {one["url"].split("/")[3].partition("?")[0] for one in ours} <= {
            *("link", "done", "pages", "sign-in", "favicon.ico")
        }
        others = {one["url"].split("/")[2] for one in tab.requests} - {house.url.split("/")[2]}
        assert others == {house.discord.url.split("/")[2]}, "nothing is loaded from anybody else"
        assert not [said for said in tab.complaints if "Content Security Policy" in said]


@pytest.mark.parametrize(("size", "dark"), LOOKS)
async def test_the_way_through_a_brokers_sign_in_is_clear_at_every_look(tmp_path, size, dark):
    async with web_house(tmp_path) as house, chromium(tmp_path, scripts=False) as tab:
        back = lambda asked: f"{house.url}/oauth/schwab/callback?code=C0.x%40&state={asked.state}"  # noqa: E731
        object.__setattr__(house.manifests[0], "consent", back)
        await tab.looks(size, dark=dark)
        await tab.open(house.url + await house.consent_link(await house.at_consent()))
        await sign_in(house, tab, tmp_path, house.ana)
        await tab.wait_title("Link Schwab to @ana")
        await sound(tab, tmp_path / "2_consent.png")
        await tab.tab_to("main button")
        await tab.leave()
        await tab.wait_title("It goes on in Discord")
        await sound(tab, tmp_path / "3_done.png")
        assert "code=" not in await tab.ask("location.href")
        assert len(house.taken) == 1
        await tab.open(house.url + await house.consent_link(await house.at_consent(house.ben), house.ben))
        await tab.wait_title("This link is for somebody else")
        await sound(tab, tmp_path / "4_foreign.png")


async def test_secrets_can_be_seen_while_typing_without_scripts(tmp_path):
    async with web_house(tmp_path) as house, chromium(tmp_path, scripts=False) as tab:
        await tab.looks(PHONE)
        await tab.open(house.url + await house.form_link(await house.at_keys()))
        await sign_in(house, tab, tmp_path, house.ana)
        await tab.wait_title("your keys")
        assert await tab.ask("document.querySelectorAll('input[type=password]').length") == 2
        await tab.tab_to(".toggle a")
        await tab.leave()
        await tab.wait_title("your keys")
        assert await tab.ask("document.querySelectorAll('input[type=password]').length") == 0
        await fill(tab, GOOD)
        await tab.wait_title("It goes on in Discord")


async def test_a_slow_test_is_waited_for_by_the_page_itself(tmp_path):
    async with web_house(tmp_path) as house, chromium(tmp_path, scripts=False) as tab:
        house.linker.gate = asyncio.Event()
        await tab.looks(PHONE)
        await tab.open(house.url + await house.form_link(await house.at_keys()))
        await sign_in(house, tab, tmp_path, house.ana)
        await tab.wait_title("your keys")
        await fill(tab, GOOD)
        await tab.wait_title("Testing it now")
        await sound(tab, tmp_path / "5_working.png")
        house.linker.gate.set()
        await tab.wait_title("It goes on in Discord")


async def test_a_site_that_frames_or_fetches_the_form_gets_nothing(tmp_path):
    """With scripts on, from another origin: a frame stays empty, and a form sent from there is refused."""
    async with web_house(tmp_path) as house, chromium(tmp_path) as tab:
        link = await house.form_link(await house.at_keys())
        await tab.open(house.url + link)
        await sign_in(house, tab, tmp_path, house.ana)
        await tab.wait_title("your keys")
        form = f'<form method=post action="{house.url}{link}"><input name=field-api_key value=x></form>'
        evil = f'<h1>evil</h1><iframe src="{house.url}{link}"></iframe>{form}'
        await tab.open("data:text/html," + evil)
        await tab.wait_title("evil")
        assert await tab.ask("document.querySelector('iframe').contentDocument") is None
        await tab.ask("document.querySelector('form').submit()")
        await tab.wait_title("This was not sent from our page")
        assert house.linker.tested == []
