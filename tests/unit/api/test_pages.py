"""The pages' words are all there and all used; nothing gets into a page unescaped."""

import re
from pathlib import Path
from string import Formatter

import pytest

import api.pages
import bot.web
from api.pages import forms
from api.pages.html import Html, inline, join, prose, tag
from api.pages.texts import TEXTS
from domain.broker import FieldSpec
from wizard.flow import Form

SOURCES = {
    path: path.read_text() for path in Path(api.pages.__file__).parent.glob("*.py") if path.name != "texts.py"
}
SAID = "\n".join(SOURCES.values()) + Path(bot.web.__file__).read_text()
NASTY = "<script>alert('x')</script>\"&"


def test_every_text_is_used_and_every_text_used_is_there():
    stems = {key.removesuffix(".title").removesuffix(".body") for key in TEXTS}
    unused = {stem for stem in stems if f'"{stem}' not in SAID and not stem.startswith("http.")}
    assert unused == set()
    for key in re.findall(r'\b(?:say|page\(say)\("([\w.]+)"', SAID):
        assert key in TEXTS or f"{key}.title" in TEXTS or key in {"leaving.body"}, key
    for key in re.findall(r'\bnotice\("(\w+)"', SAID) + re.findall(r'SignInFailed\("(\w+)"\)', SAID):
        assert {f"{key}.title", f"{key}.body"} <= set(TEXTS), key


def test_no_sentence_stands_in_the_code():
    for path, source in SOURCES.items():
        found = re.findall(r'tag\(\s*"\w+",\s*"([^"]{3,})"', source)
        assert found == [], path


def test_values_are_filled_in_by_name():
    for words in TEXTS.values():
        assert {name for _, name, _, _ in Formatter().parse(words) if name} <= {
            *("broker", "name", "place", "title", "reference")
        }


@pytest.mark.parametrize("write", [inline, prose, lambda words: tag("p", words), join])
def test_whatever_is_said_cannot_become_markup(write):
    written = write(NASTY)
    assert isinstance(written, Html)
    assert "<script" not in written
    assert "&lt;script&gt;" in written


def test_a_private_key_of_several_lines_arrives_as_it_was_copied_and_nothing_undeclared_does():
    spec = FieldSpec(key="pem", label="Key", help="", secret=True, max_length=800)
    sent = {"field-pem": "-----BEGIN\r\nabc\r\n-----END", "field-other": "x", "proof": "y"}
    assert forms.typed(Form(fields=(spec,)), sent) == {"pem": "-----BEGIN\nabc\n-----END"}


def test_attributes_cannot_be_left():
    assert tag("input", value='"><script>', class_="a", required=True, hidden=False, title=None) == (
        '<input value="&quot;&gt;&lt;script&gt;" class="a" required>'
    )


def test_the_wizards_stars_are_bold_and_its_lines_are_paragraphs():
    assert prose("**{x}** is\n-# small `code`") == (
        "<p><strong>{x}</strong> is</p><p>small <code>code</code></p>"
    )
    assert inline("**<b>**") == "<strong>&lt;b&gt;</strong>"
