"""Refuses modules that would fail at their first line in Lambda: they import what nobody has put into the package."""

from __future__ import annotations

import ast
import sys
import threading
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from functions.errors import JobsError
from infra.lambda_platform import PROVIDED

# CPython 3.11 counts how deep it is in the tree for all threads together, and raises SystemError when two build one at
# once ("AST constructor recursion depth mismatch"); both packages are made at once.
_ONE_AT_A_TIME = threading.Lock()


class MissingDependency(JobsError):
    """A module imports what is neither in its package nor in Lambda's runtime; the message names each."""

    code = "package_missing_dependency"


def check_imports(sources: Mapping[str, Path], provided: Collection[str], *, group: str) -> None:
    """Raise MissingDependency for what these sources (path in the package → file) import and nothing provides.

    `provided`: the names at the top of what else is in the package. Looked at are the imports that every import of a
    module runs: one inside a function, a `try` or an `if` may well be missing.
    """
    known = {*provided, *PROVIDED, *sys.stdlib_module_names, *(_top(inside) for inside in sources)}
    missing: dict[str, list[str]] = {}
    for inside, file in sorted(sources.items()):
        for name, line in _imported(file) if inside.endswith(".py") else ():
            if name not in known:
                missing.setdefault(name, []).append(f"{inside} line {line}")
    if missing:
        raise MissingDependency(
            "the package would fail in Lambda, where nothing else can be imported:\n"
            + "\n".join(f"  {name} is not in it: {_places(places)}" for name, places in sorted(missing.items()))
            + f"\nadd what is missing to the group `{group}` in pyproject.toml, then run scripts/lock and scripts/setup"
        )


def _places(places: list[str]) -> str:
    others = f" and {len(places) - 1} more" if len(places) > 1 else ""
    return f"imported by {places[0]}{others}"


def _top(inside: str) -> str:
    return inside.partition("/")[0].removesuffix(".py")


def _imported(file: Path) -> Iterator[tuple[str, int]]:
    for statement in _parsed(file).body:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield alias.name.partition(".")[0], statement.lineno
        elif isinstance(statement, ast.ImportFrom) and statement.level == 0 and statement.module:
            yield statement.module.partition(".")[0], statement.lineno


def _parsed(file: Path) -> ast.Module:
    try:
        with _ONE_AT_A_TIME:
            return ast.parse(file.read_bytes(), filename=str(file))
    except SyntaxError:
        # Newer syntax than ours, or a mistake: the compiler of the target says which.
        return ast.Module(body=[], type_ignores=[])
