"""Know the project's files, for the tests of its shape."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("domain", "signals", "vault", "trading", "adapters", "wizard", "store", "api", "sim", "cogs", "bot")
CEILING = 400
FUNCTION_CEILING = 40


def modules(*rooms: str) -> list[Path]:
    """List every module of these rooms, of all by default."""
    return sorted(path for room in rooms or ROOMS for path in (ROOT / room).rglob("*.py"))


def dotted(path: Path) -> str:
    """Give a module's import name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def functions(source: str) -> Iterator[tuple[str, int]]:
    """Give every function with its length in lines, its docstring left out."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                length -= (first.end_lineno or first.lineno) - first.lineno + 1
            yield node.name, length


def oversized(source: str) -> list[str]:
    """Name what is larger than the house allows."""
    found = [f"{name}: {length} lines" for name, length in functions(source) if length > FUNCTION_CEILING]
    lines = source.count("\n")
    return found + ([f"{lines} lines"] if lines > CEILING else [])
