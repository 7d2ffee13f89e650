"""Where there is a page for secrets: the panel leads there, and where it is required, nowhere else."""

import pytest

from sim.discord import DiscordSim
from tests.integration.wizard_bench import Bench
from tests.support import eventually
from tests.unit.wizard.linker import GOOD
from tests.unit.wizard.test_account_flows import FakeDoor
from wizard.texts import TEXTS


@pytest.fixture
async def bench(tmp_path):
    async with DiscordSim() as sim:
        bench = Bench(sim, tmp_path)
        bench.door = FakeDoor()
        yield bench
        assert sim.violations == []


def links(panel) -> list[str]:
    found, rows = [], list(panel.components)
    while rows:
        one = rows.pop()
        rows += one.get("components", ())
        found += [one["url"]] if one.get("url") else []
    return found


async def test_the_panel_offers_the_page_beside_the_form_and_a_fresh_link_when_asked(bench: Bench):
    async with bench.bot():
        panel = await bench.to_keys(bench.ana)
        assert panel.buttons == ["Enter keys", "Type them on our page", "New link", "Back", "Cancel"]
        assert "Discord never sees what you type" in panel.text
        assert "passes through Discord" in panel.text
        assert links(panel) == ["https://bot.example/link/1"]
        await bench.sim.click(bench.ana, panel, "New link")
        await eventually(lambda: links(panel) == ["https://bot.example/link/2"])
        assert bench.door.given == [(str(bench.ana.id), "credentials")] * 2
        await bench.fill(bench.ana, panel, "Enter keys", **GOOD)
        panel = await bench.panel(bench.ana, "It works")
        assert links(panel) == []


async def test_no_link_is_made_for_what_is_no_secret(bench: Bench):
    async with bench.bot():
        await bench.link(bench.ana)
        await bench.pick(bench.ana, await bench.panel(bench.ana, "Which broker?"), "alpaca")
        panel = await bench.panel(bench.ana, "paper or live")
        assert links(panel) == []
        assert bench.door.given == []


async def test_where_the_page_is_required_the_form_is_neither_offered_nor_taken(bench: Bench):
    async with bench.bot():
        panel = await bench.to_keys(bench.ana)
        form = panel.find("Enter keys")["custom_id"]
        opened = await bench.sim.click(bench.ana, panel, "Enter keys")
        await opened.wait()
        bench.door.required = True
        await bench.sim.click(bench.ana, panel, "New link")
        await eventually(lambda: panel.buttons == ["Type them on our page", "New link", "Back", "Cancel"])
        assert "passes through Discord" not in panel.text, "it does not"
        for attempt in (
            bench.forge(bench.ana, panel, form),
            await bench.sim.submit(bench.ana, opened, **GOOD),
        ):
            await attempt.wait_message(TEXTS["refused.page_only"])
        assert "your keys" in panel.text
        assert not bench.linker.tested


async def test_closed_direct_messages_get_the_page_too(bench: Bench):
    async with bench.bot():
        answer = await bench.link(bench.shy, broker="alpaca")
        await bench.pick(bench.shy, answer.message, "paper")
        await eventually(lambda: links(answer.message) == ["https://bot.example/link/1"])
    bench.sim.violations.clear()  # the one refused message is how a bot learns that they are closed
