"""Write docs/reference/settings.md from bot/settings.py: ``python scripts/settings_table.py``."""

import ast
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "settings.md"
SOURCE = ROOT / "bot" / "settings.py"
HEAD = """# Settings

Every setting is an environment variable, or a line of a file named `.env` in the directory the bot is started
in; the environment wins. `.env.example` lists them. `discord-trade-exec doctor` says what to fix in yours.
Only `DISCORD_TOKEN` must be set. A variable set to nothing counts as not set.

Rate limits are ceilings: the lower of yours and the broker's own rule is used.

This page is made by `python scripts/settings_table.py`; a test fails when it is not current.

| variable | default | what it is |
|---|---|---|
"""


def page() -> str:
    """Give the whole page."""
    sys.path.insert(0, str(ROOT))
    from bot.settings import Settings

    said = explanations(SOURCE.read_text())
    rows = [row(name, field, said) for name, field in Settings.model_fields.items()]
    return HEAD + "".join(rows)


def row(name: str, field: FieldInfo, said: Mapping[str, str]) -> str:
    """Write one setting's line. Raises KeyError for a setting without a docstring."""
    kind = "secret; " if _is_secret(field) else ""
    choices = [part for part in get_args(field.annotation) if isinstance(part, str)]
    listed = f" One of {', '.join(f'`{choice}`' for choice in choices)}." if choices else ""
    return f"| `{name.upper()}` | {kind}{_default(field)} | {said[name]}{listed} |\n"


def explanations(source: str) -> Mapping[str, str]:
    """Read the docstring that follows each field of ``Settings``."""
    tree = ast.parse(source)
    (settings,) = (n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Settings")
    found = {}
    for field, after in zip(settings.body, settings.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            match after:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    found[field.target.id] = text
    return found


def _is_secret(field: FieldInfo) -> bool:
    return field.annotation is SecretStr or SecretStr in get_args(field.annotation)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**must be set**"
    return _plain(field.default)


def _plain(value: Any) -> str:
    if value is None or value in ("", ()):
        return "not set"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{','.join(value)}`" if isinstance(value, tuple) else f"`{value}`"


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page())
    print(f"{PAGE.relative_to(ROOT)} is written")
