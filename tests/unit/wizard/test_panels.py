"""Panels and forms against Discord's limits, whatever a broker's manifest or a reply holds."""

from dataclasses import replace

import pytest

from adapters.registry import adapters
from domain.broker import FieldSpec
from sim.discord.errors import Form as Judge
from sim.discord.limits_components import check_message_components, check_modal
from tests.unit.wizard.linker import ALPACA, PAPER, WIDE
from wizard.discord_view.ids import Aim
from wizard.discord_view.items import items_for
from wizard.discord_view.modals import modal
from wizard.discord_view.panels import panel
from wizard.flow import Abort, Done, External, Form, Menu, Option, Problem, Progress, Turn
from wizard.flows.link_keys import PAGE

FLOW = "f" * 32
NAMES = {
    "broker": "B",
    "environment": "Paper",
    "what": "gateway",
    "enter": "gateway details",
    "how": "h" * 300,
    "caution": "c" * 200,
}
MANIFESTS = [*(adapter.manifest for adapter in adapters().values()), ALPACA, PAPER, WIDE]
MARKED = "**bold** <@123456789012345678> @everyone `code` [x](https://evil.example)\n# big " * 40


async def nobody(interaction, custom_id, values):
    raise AssertionError


def turn(step: str, result, back: bool = True) -> Turn:
    return Turn(flow_id=FLOW, flow="link_account", step=step, result=result, can_go_back=back)


def drawn(shown: Turn) -> list:
    components = panel(shown, items_for(nobody)).to_components()
    judge = Judge()
    check_message_components(judge, components, v2=True)
    judge.done()
    return components


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest.slug)
async def test_every_form_of_every_broker_fits_a_modal(manifest):
    assert len(manifest.fields) <= 2 * PAGE, "two forms are declared"
    for page in (manifest.fields[:PAGE], manifest.fields[PAGE:]):
        if page:
            values = {spec.key: "x" * 5000 for spec in page}
            params = NAMES | {"broker": manifest.title, "setup": manifest.setup_url}
            form = Form(fields=page, values=values, params=params)
            judge = Judge()
            check_modal(judge, modal(turn("credentials", form), form).to_dict())
            judge.done()
            drawn(turn("credentials", form))


async def test_a_secret_is_never_written_into_a_form():
    spec = FieldSpec(key="k", label="L", help="h", secret=True)
    form = Form(fields=(spec,), values={"k": "canary"}, params=NAMES)
    assert "canary" not in repr(modal(turn("credentials", form), form).to_dict())


@pytest.mark.parametrize(
    "result",
    [
        Progress(params={"broker": MARKED}),
        Progress(params={"broker": "B"}, problems=(Problem(key="test_failed", params={"text": MARKED}),)),
        External(url="https://example.org/", params={"broker": "B"}),
        Done(params={"name": MARKED, "number": "***1"}),
        Abort(reason="cancelled"),
    ],
    ids=lambda result: type(result).__name__,
)
async def test_every_kind_of_result_is_drawn_within_the_limits_and_tamed(result):
    text = repr(drawn(turn("test", result)))
    assert "<@123456789012345678>" not in text
    assert "**bold**" not in text
    assert "@everyone" not in text


async def test_a_long_menu_is_cut_to_what_discord_takes():
    options = tuple(Option(value=str(number), label="l" * 200, help="h" * 200) for number in range(40))
    components = drawn(turn("broker", Menu(options=options)))
    (menu,) = [
        row
        for box in components
        for row in box["components"]
        if row["type"] == 1 and row["components"][0]["type"] == 3
    ]
    assert len(menu["components"][0]["options"]) == 25


async def test_a_first_step_has_no_way_back_and_each_has_a_way_out():
    options = (Option(value="a", label="A", help="a"),)
    first, later = (repr(drawn(turn("broker", Menu(options=options), back))) for back in (False, True))
    assert ":back" not in first
    assert ":back" in later
    assert ":cancel" in first


async def test_long_helps_stand_above_the_menu_and_short_ones_within():
    long, short = (Menu(options=(Option(value="a", label="A", help="h" * n),)) for n in (101, 100))
    assert f"-# {'h' * 101}" in repr(drawn(turn("broker", long)))
    assert "-# h" not in repr(drawn(turn("broker", short)))


FEW = tuple((str(n), f"Choice {n}") for n in range(10))


@pytest.mark.parametrize(
    ("choices", "kind"), [(FEW[:2], 21), (FEW, 21), ((*FEW, ("x", "X")), 3), (FEW[:1], 3)]
)
async def test_two_to_ten_choices_are_radio_buttons_with_the_last_one_kept(choices, kind):
    spec = FieldSpec(key="k", label="L", help="h", secret=False, choices=choices)
    form = Form(fields=(spec,), values={"k": "0"}, params=NAMES)
    shown = modal(turn("credentials", form), form).to_dict()
    judge = Judge()
    check_modal(judge, shown)
    judge.done()
    component = shown["components"][0]["component"]
    assert component["type"] == kind
    assert [option["value"] for option in component["options"] if option.get("default")] == ["0"]


@pytest.mark.parametrize(("entity", "kind"), [("channel", 8), ("user", 5), ("role", 6)])
async def test_what_discord_knows_is_picked_and_the_last_choice_is_kept(entity, kind):
    spec = FieldSpec(key="k", label="L", help="h", secret=False, entity=entity, most=3)
    form = Form(fields=(spec,), values={"k": "123456789012345678 223456789012345678"}, params=NAMES)
    shown = modal(turn("credentials", form), form).to_dict()
    judge = Judge()
    check_modal(judge, shown)
    judge.done()
    component = shown["components"][0]["component"]
    assert (component["type"], component["max_values"]) == (kind, 3)
    assert [one["type"] for one in component["default_values"]] == [entity] * 2


async def test_only_what_points_at_people_and_places_alone_is_shown_as_it_is():
    everyone = Done(
        params={"authors": "<@123456789012345678>, webhook 123456789012345678", "channel": MARKED}
    )
    text = repr(drawn(replace(turn("review", everyone), flow="source")))
    assert "<@123456789012345678>, webhook 123456789012345678 in" in text
    assert "**bold**" not in text


@pytest.mark.parametrize("action", ["fresh", "form", "run", "back", "cancel", "pick"])
def test_a_custom_id_is_read_back_as_written(action: str):
    aim = Aim(flow_id=FLOW, step="credentials_more", action=action)
    assert Aim.read(aim.custom_id) == aim
    choice = Aim(flow_id=FLOW, step="review", action="choose", value="rename")
    assert Aim.read(choice.custom_id) == choice
    assert len(replace(choice, step="s" * 40, value="v" * 12).custom_id) <= 100


@pytest.mark.parametrize(
    "other",
    ["", "wiz:", "wiz:abc:step:form", f"wiz:{FLOW}:Step:form", f"wiz:{FLOW}:s:steal", f"x:{FLOW}:s:form"],
)
def test_what_is_not_ours_is_not_read(other: str):
    assert Aim.read(other) is None
