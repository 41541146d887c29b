"""The sources of the packages of JOBS_PACKAGES that are installed here and not part of this project."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Collection, Iterable
from importlib.machinery import ModuleSpec
from pathlib import Path

from functions.errors import JobsError
from infra.archive import files_below

_COMPILED = (".so", ".pyd", ".dll", ".dylib")
_NEVER_SHIPPED = ("__pycache__", "tests")


class NotPackageable(JobsError):
    """Something the deployment needs cannot be put into a package."""

    code = "package_not_buildable"


def installed_sources(names: Iterable[str], *, shipped: Collection[str]) -> dict[str, Path]:
    """The files of each package these dotted names are in, by their path in the zip: whole packages, nothing imported.

    One that is `shipped` already, as this project's own or as a wheel of the group `functions`, is left out. Raises
    NotPackageable for one that cannot be found, or that is no ordinary package of Python sources.
    """
    sources: dict[str, Path] = {}
    for name in names:
        top = name.partition(".")[0]
        if top not in shipped:
            sources |= _sources(top, _root(name, top))
    return sources


def _root(name: str, top: str) -> Path:
    if top in sys.stdlib_module_names:
        raise NotPackageable(f"JOBS_PACKAGES names {name!r}: {top} is Python's own, give the package another name")
    spec = _spec(top)
    if spec is None:
        raise NotPackageable(
            f"JOBS_PACKAGES names {name!r}, but there is no {top} here: install it into .venv, or add it to the group "
            "`functions` of pyproject.toml, then run scripts/lock and scripts/setup"
        )
    if spec.submodule_search_locations is not None and spec.origin is None:
        raise _refused(name, f"{top} is a namespace package: give its directory an __init__.py")
    if spec.submodule_search_locations is None:
        raise _refused(name, f"{top} is a single module: make it a directory with an __init__.py")
    root = Path(spec.origin or "").parent
    if not root.is_dir():
        raise _refused(name, f"{top} is inside {root.parent}: install it unpacked")
    return root


def _spec(top: str) -> ModuleSpec | None:
    # Of a name without dots this imports nothing.
    try:
        return importlib.util.find_spec(top)
    except ValueError:  # a module that was put into sys.modules without a spec
        return None


def _sources(top: str, root: Path) -> dict[str, Path]:
    files = {f"{top}/{path}": file for path, file in files_below(root).items() if _ships(path)}
    for path in files:
        if path.endswith(_COMPILED):
            raise _refused(
                top, f"{path} is compiled for this machine: build a wheel and add it to the group `functions`"
            )
    return files


def _ships(path: str) -> bool:
    return not any(part.startswith(".") or part in _NEVER_SHIPPED or part.endswith(".pyc") for part in path.split("/"))


def _refused(name: str, reason: str) -> NotPackageable:
    return NotPackageable(f"JOBS_PACKAGES names {name!r}, which cannot be put into a package: {reason}")
