"""What Discord refuses in a form, the local Discord refuses."""

import pytest

from sim.discord import DiscordSim
from tests.discord_bodies import an_interaction, button, label, row, select, the_problem_at, typed
from tests.discord_raw import RawBot

MODALS = {
    "a title over 45": ({"title": "x" * 46}, "data.title"),
    "no title": ({"title": None}, "data.title"),
    "a custom id over 100": ({"custom_id": "x" * 101}, "data.custom_id"),
    "no components": ({"components": []}, "data.components"),
    "six components": ({"components": [label(typed(f"t{n}")) for n in range(6)]}, "data.components"),
    "a label over 45": ({"components": [label(typed(), label="x" * 46)]}, "data.components.0.label"),
    "a description over 100": (
        {"components": [label(typed(), description="x" * 101)]},
        "data.components.0.description",
    ),
    "a placeholder over 100": (
        {"components": [label(typed(placeholder="x" * 101))]},
        "data.components.0.component.placeholder",
    ),
    "a value over 4000": (
        {"components": [label(typed(value="x" * 4001))]},
        "data.components.0.component.value",
    ),
    "max length over 4000": (
        {"components": [label(typed(max_length=4001))]},
        "data.components.0.component.max_length",
    ),
    "min above max": (
        {"components": [label(typed(min_length=9, max_length=3))]},
        "data.components.0.component.min_length",
    ),
    "an unknown style": ({"components": [label(typed(style=3))]}, "data.components.0.component.style"),
    "the same custom id twice": ({"components": [label(typed()), label(typed())]}, "data.components"),
    "a row of two inputs": (
        {"components": [row(typed("a", label="a"), typed("b", label="b"))]},
        "data.components.0.components",
    ),
    "an input in a row without label": (
        {"components": [row(typed())]},
        "data.components.0.components.0.label",
    ),
    "a select in a row": ({"components": [row(select())]}, "data.components.0.components.0.type"),
    "a button in a label": ({"components": [label(button())]}, "data.components.0.component.type"),
    "a disabled select": (
        {"components": [label(select(disabled=True))]},
        "data.components.0.component.disabled",
    ),
    "eleven radio options": (
        {"components": [label({"type": 21, "custom_id": "r", "options": select(11)["options"]})]},
        "data.components.0.component.options",
    ),
    "one radio option": (
        {"components": [label({"type": 21, "custom_id": "r", "options": select(1)["options"]})]},
        "data.components.0.component.options",
    ),
    "eleven checkboxes": (
        {"components": [label({"type": 22, "custom_id": "c", "options": select(11)["options"]})]},
        "data.components.0.component.options",
    ),
    "eleven uploads": (
        {"components": [label({"type": 19, "custom_id": "f", "max_values": 11})]},
        "data.components.0.component.max_values",
    ),
}


@pytest.fixture
async def sim():
    async with DiscordSim() as running:
        yield running


@pytest.fixture
async def raw(sim):
    app = sim.add_application()
    async with RawBot(sim, app.token) as bot:
        yield bot


@pytest.mark.parametrize(("change", "where"), MODALS.values(), ids=MODALS)
async def test_a_modal_is_refused_for(sim, raw, change, where):
    ix = await an_interaction(sim, raw)
    modal = {"title": "T", "custom_id": "m", "components": [label(typed())]} | change
    status, answer = await raw.callback(ix, 9, modal)
    assert (status, answer["code"]) == (400, 50035)
    assert the_problem_at(answer["errors"], where)
    assert ix.answered is None
    assert sim.violations
