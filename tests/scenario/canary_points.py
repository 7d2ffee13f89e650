"""Raise at any await of our own code: each one is rewritten, as a module is imported, to ask here first."""

import ast
import asyncio
import base64
import builtins
import importlib.abc
import importlib.machinery
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).parents[2]
ROOMS = (
    "adapters", "api", "bot", "cogs", "domain", "signals", "store", "trading", "vault", "wizard"
)  # fmt: skip
Point = tuple[str, int]
"""Where an await stands, and the how-manieth time it was reached."""


class Points:
    """Count the awaits reached while ``counting``, and raise at one of them, before or after it is done."""

    def __init__(self) -> None:
        self.counting = False
        self.seen: Counter[str] = Counter()
        self.target: Point | None = None
        self.after = False
        self.make: Callable[[dict[str, Any]], BaseException] | None = None
        self.fired = False
        self.sites: set[str] = set()
        """Every await there is in what was imported."""

    def arm(
        self,
        target: Point | None = None,
        make: Callable[[dict[str, Any]], BaseException] | None = None,
        *,
        after: bool = False,
    ) -> None:
        """Count from nothing; with a target, raise there once."""
        self.seen = Counter()
        self.target, self.make, self.after = target, make, after
        self.fired, self.counting = False, True

    def rest(self) -> Sequence[Point]:
        """Stop; give the points that were reached, in order of their sites."""
        self.counting, self.target = False, None
        return [(site, count) for site in sorted(self.seen) for count in range(1, self.seen[site] + 1)]

    def due(self, site: str) -> bool:
        """Count one, and tell whether it is the one to raise at."""
        self.seen[site] += 1
        if self.fired or self.target != (site, self.seen[site]):
            return False
        self.fired = True
        return True


POINTS = Points()


def _awaiting(value: Any, site: str) -> Any:
    if not POINTS.counting or not POINTS.due(site):
        return value
    error = POINTS.make(sys._getframe(1).f_locals)
    if POINTS.after:
        return _Then(value, error)
    close = getattr(value, "close", None)
    if asyncio.iscoroutine(value) and close is not None:
        close()  # what was about to be awaited never runs
    raise error


class _Then:
    """Await something, and raise although it went well."""

    def __init__(self, value: Any, error: BaseException) -> None:
        self.value, self.error = value, error

    def __await__(self) -> Any:
        yield from self.value.__await__()
        raise self.error


def _entering(value: Any, site: str) -> Any:
    return _Entered(value, site) if POINTS.counting else value


class _Entered:
    """Be an asynchronous context whose entering and leaving are awaits like others."""

    def __init__(self, value: Any, site: str) -> None:
        self.value, self.site = value, site

    async def __aenter__(self) -> Any:
        await _awaiting(_nothing(), f"{self.site} enter")
        return await self.value.__aenter__()

    async def __aexit__(self, *error: Any) -> Any:
        told = await self.value.__aexit__(*error)
        if error[0] is None:
            await _awaiting(_nothing(), f"{self.site} leave")
        return told


def _going_through(value: Any, site: str) -> Any:
    return _Through(value, site)


class _Through:
    """Be an asynchronous iteration whose every step is an await."""

    def __init__(self, value: Any, site: str) -> None:
        self.value, self.site = value, site

    def __aiter__(self) -> "_Through":
        self.steps = self.value.__aiter__()
        return self

    async def __anext__(self) -> Any:
        item = await self.steps.__anext__()
        await _awaiting(_nothing(), f"{self.site} next")
        return item


async def _nothing() -> None:
    pass


class _Rewriter(ast.NodeTransformer):
    def __init__(self, name: str) -> None:
        self.name = name

    def visit_Await(self, node: ast.Await) -> ast.AST:
        self.generic_visit(node)
        node.value = self._asking("__canary_await__", node.value)
        return node

    def visit_AsyncWith(self, node: ast.AsyncWith) -> ast.AST:
        self.generic_visit(node)
        for item in node.items:
            item.context_expr = self._asking("__canary_with__", item.context_expr)
        return node

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.AST:
        self.generic_visit(node)
        node.iter = self._asking("__canary_for__", node.iter)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        if node.is_async:
            node.iter = self._asking("__canary_for__", node.iter)
        return node

    def _asking(self, how: str, value: ast.expr) -> ast.expr:
        site = f"{self.name}:{value.lineno}:{value.col_offset}"
        POINTS.sites.add(site)
        call = ast.Call(func=ast.Name(id=how, ctx=ast.Load()), args=[value, ast.Constant(site)], keywords=[])
        return ast.fix_missing_locations(ast.copy_location(call, value))


class _Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname: str) -> Any:
        path = self.get_filename(fullname)
        tree = ast.parse(self.get_data(path), path)
        name = str(Path(path).relative_to(ROOT))
        return compile(_Rewriter(name).visit(tree), path, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        if fullname.partition(".")[0] not in ROOMS:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


def install() -> None:
    """Rewrite every module of ours that is imported from now on."""
    early = [name for name in sys.modules if name.partition(".")[0] in ROOMS]
    if early:
        raise RuntimeError(f"imported already: {early}")
    builtins.__canary_await__ = _awaiting
    builtins.__canary_with__ = _entering
    builtins.__canary_for__ = _going_through
    sys.meta_path.insert(0, _Finder())


class Kinds:
    """Make exceptions of every kind, each with secrets in it."""

    def __init__(self, secrets: Callable[[], Sequence[str]]) -> None:
        self._secrets = secrets

    @staticmethod
    def names() -> Iterator[str]:
        """List the kinds."""
        return (name[5:] for name in vars(Kinds) if name.startswith("make_"))

    def maker(self, kind: str) -> Callable[[dict[str, Any]], BaseException]:
        """Give what makes an exception from the local variables of where it is raised."""
        return getattr(self, f"make_{kind}")

    def make_os(self, seen: dict[str, Any]) -> BaseException:
        return OSError(111, "Connection refused", " ".join(self._secrets()))

    def make_locals(self, seen: dict[str, Any]) -> BaseException:
        return RuntimeError(f"cannot go on with {seen!r} and {list(self._secrets())!r}")

    def make_key(self, seen: dict[str, Any]) -> BaseException:
        return KeyError(*self._secrets())

    def make_coded(self, seen: dict[str, Any]) -> BaseException:
        coded = [
            base64.b64encode(b"k:" + s.encode()).decode() + " " + quote(s, safe="") for s in self._secrets()
        ]
        return RuntimeError(f"GET https://broker.example/?key={' '.join(coded)} failed")

    def make_broker(self, seen: dict[str, Any]) -> BaseException:
        from domain.errors import OutcomeUnknown

        error = OutcomeUnknown(
            "The broker did not answer.", broker="alpaca", operation="verify", code="timeout"
        )
        error.__cause__ = ValueError(*self._secrets())
        return error

    def make_vault(self, seen: dict[str, Any]) -> BaseException:
        from domain.errors import VaultError

        error = VaultError("A stored credential was altered.")
        error.__context__ = ValueError(*self._secrets())
        return error

    def make_refused(self, seen: dict[str, Any]) -> BaseException:
        from domain.errors import AuthFailed

        error = AuthFailed("The keys were refused.", broker="alpaca", operation="verify", code="auth_failed")
        error.__cause__ = RuntimeError(f"no such key {' or '.join(self._secrets())}")
        return error

    def make_pydantic(self, seen: dict[str, Any]) -> BaseException:
        from pydantic import BaseModel, ValidationError

        class Key(BaseModel):
            key: int

        try:
            Key.model_validate({"key": self._secrets()[0]})
        except ValidationError as error:
            return error
        return ValueError(self._secrets()[0])

    def make_group(self, seen: dict[str, Any]) -> BaseException:
        error = ExceptionGroup("several", [OSError(s) for s in self._secrets()])
        error.add_note(f"while using {self._secrets()!r}")
        return error

    def make_timeout(self, seen: dict[str, Any]) -> BaseException:
        return TimeoutError(*self._secrets())

    def make_cancelled(self, seen: dict[str, Any]) -> BaseException:
        return asyncio.CancelledError(*self._secrets())
