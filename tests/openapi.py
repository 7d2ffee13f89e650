"""Judge requests and answers by Discord's own description of its API.

Use ``violations(recorded)`` on anything in ``sim.requests``; an empty list means that the request is one that
Discord describes. ``answer_violations(recorded)`` says the same of what the local Discord answered.
"""

import functools
import gzip
import json
import re
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

FILE = Path(__file__).parent / "fixtures" / "discord_openapi.json.gz"
DOCUMENT = "https://discord.com/openapi"
SNOWFLAKE_FROM = 10**15


def violations(recorded: Any) -> list[str]:
    """List what Discord's description says against a request's method, path and body."""
    operation = _operation(recorded.method, recorded.path)
    if operation is None:
        return [f"{recorded.method} {recorded.path}: no such operation"]
    kind = "multipart/form-data" if recorded.files else "application/json"
    content = _get(*operation).get("requestBody", {}).get("content", {})
    if not content:
        return [] if recorded.body is None else [f"{recorded.method} {recorded.path}: takes no body"]
    if kind not in content:
        return [f"{recorded.method} {recorded.path}: does not take {kind}"]
    if recorded.body is None:
        required = _get(*operation)["requestBody"].get("required")
        return [f"{recorded.method} {recorded.path}: needs a body"] if required else []
    pointer = _pointer("paths", *operation, "requestBody", "content", kind, "schema")
    return _check(pointer, _with_text_ids(recorded.body), f"{recorded.method} {recorded.path}")


def answer_violations(recorded: Any) -> list[str]:
    """List what Discord's description says against a successful answer."""
    operation = _operation(recorded.method, recorded.path)
    if operation is None or recorded.status not in (200, 201) or recorded.faulted:
        return []
    answers = _get(*operation)["responses"]
    status = next((code for code in (str(recorded.status), "200", "201") if code in answers), None)
    if status is None or "application/json" not in answers[status].get("content", {}):
        return [f"{recorded.method} {recorded.path}: {recorded.status} with a body is not described"]
    pointer = _pointer("paths", *operation, "responses", status, "content", "application/json", "schema")
    return _check(
        pointer, _deferred_as_message(recorded.answer), f"answer to {recorded.method} {recorded.path}"
    )


@functools.cache
def _document() -> Any:
    return json.loads(gzip.decompress(FILE.read_bytes()))


@functools.cache
def _registry() -> Registry:
    resource = Resource(contents=_document(), specification=DRAFT202012)
    return Registry().with_resource(DOCUMENT, resource)


@functools.cache
def _patterns() -> list[tuple[int, re.Pattern[str], str]]:
    """List the paths, those with the fewest parameters first."""
    listed = []
    for path in _document()["paths"]:
        pattern = re.compile(re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(path)))
        listed.append((path.count("{"), pattern, path))
    return sorted(listed, key=lambda entry: entry[0])


def _operation(method: str, path: str) -> tuple[str, str] | None:
    for _, pattern, template in _patterns():
        if pattern.fullmatch(path) and method.lower() in _document()["paths"][template]:
            return template, method.lower()
    return None


def _get(path: str, method: str) -> Any:
    return _document()["paths"][path][method]


def _pointer(*steps: str) -> str:
    return "/".join(
        step.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D") for step in steps
    )


@functools.cache
def _validator(pointer: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"{DOCUMENT}#/{pointer}"}, registry=_registry())


def _check(pointer: str, body: Any, what: str) -> list[str]:
    return [f"{what}: {_innermost(error)}" for error in _validator(pointer).iter_errors(body)]


def _innermost(error: ValidationError) -> str:
    """Follow a failed union into the branch that was meant: the one whose ``type`` fits."""
    while error.context:
        branches: dict[Any, list[ValidationError]] = {}
        for inner in error.context:
            branches.setdefault(inner.relative_schema_path[0], []).append(inner)
        meant = min(branches.values(), key=_strangeness)
        error = best_match(meant) if all(not inner.context for inner in meant) else _deepest(meant)
    where = "/".join(str(step) for step in error.absolute_path)
    return f"at /{where}: {error.message[:300]}"


def _strangeness(errors: list[ValidationError]) -> tuple[bool, int]:
    at_type = any(list(error.path)[-1:] == ["type"] or error.validator == "type" for error in errors)
    return at_type, len(errors)


def _deepest(errors: list[ValidationError]) -> ValidationError:
    return max(errors, key=lambda error: (bool(error.context), len(error.path)))


def _deferred_as_message(answer: Any) -> Any:
    """Read a deferred callback's resource as a message: Discord sends one, its description leaves it out."""
    resource = answer.get("resource") if isinstance(answer, dict) else None
    if resource is None or resource["type"] != 5:
        return answer
    return answer | {"resource": resource | {"type": 4}}


def _with_text_ids(value: Any) -> Any:
    """Turn integer ids into strings: discord.py sends both, Discord takes both, the description knows one."""
    if isinstance(value, dict):
        if "filename" in value and isinstance(value.get("id"), int):
            value = value | {"id": str(value["id"])}
        return {key: _with_text_ids(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_with_text_ids(one) for one in value]
    if isinstance(value, int) and not isinstance(value, bool) and value > SNOWFLAKE_FROM:
        return str(value)
    return value
