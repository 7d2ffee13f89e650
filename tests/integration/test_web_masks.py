"""What a browser sends is masked the moment it is read: a failure right after may quote it in a log."""

from collections.abc import Mapping

import pytest

from api.pages import session
from tests.integration.web_house import web_house
from tests.unit.wizard.linker import GOOD
from vault.redact import MASK

FIELDS = {f"field-{key}": value for key, value in GOOD.items()}


class Broken(Exception):
    """Be a store that fails, and looks at what is masked by then."""


@pytest.fixture
async def house(tmp_path):
    async with web_house(tmp_path) as house:
        yield house


def breaks(house, secrets: Mapping[str, str], seen: dict[str, bool]):
    async def find(*_):
        seen.update(
            {name: house.redactor.scrub(f"<{value}>") == f"<{MASK}>" for name, value in secrets.items()}
        )
        raise Broken

    return find


async def test_what_was_typed_is_masked_before_anything_of_ours_can_fail(house, monkeypatch):
    link = await house.form_link(await house.at_keys())
    browser = await (await house.browser().get(link)).sign_in(house.ana)
    _, form = browser.form()
    secrets = {**GOOD, "proof": form["proof"], "link": link.rsplit("/", 1)[1]}
    secrets |= {"session": browser.cookies[session.SESSION]}
    seen: dict[str, bool] = {}
    monkeypatch.setattr(house.passes, "find", breaks(house, secrets, seen))
    await browser.send(**FIELDS)
    assert browser.status == 500
    open_fields = {"nick", "feed"}
    assert {name: masked for name, masked in seen.items() if name not in open_fields} == dict.fromkeys(
        [name for name in secrets if name not in open_fields], True
    )


async def test_what_discord_and_a_broker_send_back_is_masked_before_anything_of_ours_can_fail(
    house, monkeypatch
):
    code, state, way = "canary-code-of-schwab", "s" * 43, "canary-session"
    seen: dict[str, bool] = {}
    secrets = {"code": code, "state": state, "session": way}
    monkeypatch.setattr(house.passes, "find", breaks(house, secrets, seen))
    await house.browser().get(f"/oauth/schwab/callback?code={code}&state={state}&session={way}")
    assert seen == {"code": True, "state": True, "session": True}
