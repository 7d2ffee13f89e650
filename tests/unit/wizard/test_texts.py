"""Every key has words, every word is used, and every word fits Discord."""

import ast
import string
from pathlib import Path

import pytest

import wizard
from tests.unit.wizard.everything import Everything
from wizard.flow import Form, Menu
from wizard.flows.catalogue import declare
from wizard.texts import SAME, TEXTS

ROOM = Path(wizard.__file__).parent
SOURCES = {path: ast.parse(path.read_text()) for path in ROOM.rglob("*.py") if path.name != "texts.py"}
WORDS = TEXTS | {key: TEXTS[same] for key, same in SAME.items()}
FLOWS = declare(Everything())
"""Every flow there is."""
PREFIXED = {"Problem": ("problem", "key"), "Abort": ("abort", "reason"), "Stop": ("abort", "reason")}


def declared() -> set[str]:
    """Name the keys that declared steps need."""
    keys = set()
    for flow in FLOWS:
        keys.add(f"done.{flow.name}")
        for name, step in flow.steps.items():
            keys |= {f"{flow.name}.{name}.title", f"{flow.name}.{name}.body"}
            keys |= {f"{flow.name}.{name}.open"} if step.kind is Form else set()
            keys |= {f"{flow.name}.{name}.pick"} if step.kind is Menu else set()
    return keys


def called() -> set[str]:
    """Name the keys that code says out loud: ``say("…")``, ``Problem(key="…")`` and their like."""
    keys = set()
    for tree in SOURCES.values():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            first = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
            if name in {"say", "notice"} and isinstance(first, str):
                keys.add(first)
            if name == "_text" and len(call.args) == 2 and isinstance(first, str):
                keys.add(first)
            if name == "FlowRefused" and isinstance(first, str):
                keys.add(f"refused.{first}")
            if name == "_say" and isinstance(first, str):
                keys.add(f"problem.{first}")
            if name in PREFIXED:
                prefix, argument = PREFIXED[name]
                keys |= {
                    f"{prefix}.{word.value.value}"
                    for word in call.keywords
                    if word.arg == argument and isinstance(word.value, ast.Constant)
                }
    return keys


def test_the_search_finds_keys_of_every_kind():
    found = called()
    for key in ("view.seen", "view.expired", "problem.may_withdraw", "problem.field_odd", "abort.cancelled"):
        assert key in found
    assert "refused.not_yours" in found
    assert "view.setup" in found


def test_no_key_lacks_its_words():
    assert (declared() | called()) - set(WORDS) == set()


def test_no_words_are_left_over():
    assert set(WORDS) - (declared() | called()) == set()
    assert set(SAME.values()) <= set(TEXTS), "nothing stands for what stands for something else"
    assert not set(SAME) & set(TEXTS)


@pytest.mark.parametrize("key", sorted(TEXTS))
def test_words_are_whole_and_fit(key: str):
    text = TEXTS[key]
    assert text == text.strip()
    assert "  " not in text
    assert len(text) <= 600
    names = [name for _, name, spec, conversion in string.Formatter().parse(text) if name is not None]
    assert all(name.isidentifier() for name in names)
    if key.startswith(("problem.", "abort.", "refused.", "done.")) and not text.endswith("}"):
        assert text.endswith("."), "a sentence ends"


def test_titles_of_forms_fit_a_modal_with_the_longest_broker_name():
    for flow in FLOWS:
        for name, step in flow.steps.items():
            if step.kind is Form:
                title = WORDS[f"{flow.name}.{name}.title"].format(
                    broker="Interactive Brokers", environment="Paper", name="n" * 20, what="gateway"
                )
                assert len(title) <= 45, title


def test_the_engine_and_the_flows_know_nothing_of_discord():
    outside = [path for path in SOURCES if "discord_view" not in path.parts]
    assert len(outside) > 8
    for path in outside:
        imported = {
            name.split(".")[0]
            for node in ast.walk(SOURCES[path])
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in (
                [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module]
            )
        }
        assert "discord" not in imported, path
