"""Modules compiled for the Python that will run them: Lambda cannot keep what it compiles itself.

The compiled files are of the kind that is not held against its source (PEP 552, unchecked hash): in a package both come
together. The sources stay beside them, for tracebacks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from functions.errors import JobsError

# Where Lambda unpacks a package: a module compiled under its real path needs none put in when it is loaded.
_TASK_ROOT = "/var/task"
_PROBE = "import json, sys; print(json.dumps([sys.implementation.name, *sys.version_info]))"
_PROBE_PATIENCE_S = 10
# In a process of its own, in one order and with one hash seed: what is marshalled depends on all of these.
_PROGRAM = """
import json, py_compile, sys

unchecked, refused = py_compile.PycInvalidationMode.UNCHECKED_HASH, {}
for inside, source, compiled in json.load(sys.stdin):
    try:
        py_compile.compile(source, compiled, sys.argv[1] + "/" + inside, doraise=True, invalidation_mode=unchecked)
    except (py_compile.PyCompileError, ValueError) as error:
        refused[inside] = str(error).strip()
print(json.dumps(refused))
"""


class NotCompilable(JobsError):
    """A module of ours is not valid in the Python that is to run it."""

    code = "package_not_compilable"


@dataclass(frozen=True)
class Compiler:
    """An interpreter of the target's minor version; `version` is its whole one."""

    executable: str
    python: str
    version: str

    def compile(self, files: Mapping[str, Path], folder: Path, *, strict: bool) -> dict[str, Path]:
        """The compiled form of each module of `files` (path in the package → file), by its path there.

        The files made are in `folder`. Raises NotCompilable when one is not valid there; unless `strict`, it is left
        out: some wheels hold modules for another Python, which nobody imports.
        """
        made = {inside: self._compiled_name(inside) for inside in sorted(files) if inside.endswith(".py")}
        work = [[inside, str(files[inside]), str(folder / str(n))] for n, inside in enumerate(made)]
        refused = self._run(work)
        if strict and refused:
            raise NotCompilable(
                f"{len(refused)} modules are not valid Python {self.python}, which is to run them:\n"
                + "\n".join(refused.values())
            )
        return {made[inside]: Path(out) for inside, _, out in work if inside not in refused}

    def _compiled_name(self, inside: str) -> str:
        path = PurePosixPath(inside)
        return str(path.parent / "__pycache__" / f"{path.stem}.cpython-{self.python.replace('.', '')}.pyc")

    def _run(self, work: list[list[str]]) -> dict[str, str]:
        command = [self.executable, "-P", "-S", "-s", "-B", "-c", _PROGRAM, _TASK_ROOT]
        environment = {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}
        done = subprocess.run(
            command, input=json.dumps(work), env=environment, capture_output=True, text=True, check=True
        )
        refused: dict[str, str] = json.loads(done.stdout)
        return refused


def find_compiler(python: str) -> Compiler | None:
    """A CPython of this minor version: this very interpreter, or a `pythonX.Y` of the PATH; None when there is none."""
    for executable in _candidates(python):
        version = _cpython_version(executable)
        if version is not None and version.startswith(f"{python}."):
            return Compiler(executable, python, version)
    return None


def _candidates(python: str) -> Iterator[str]:
    if python == f"{sys.version_info.major}.{sys.version_info.minor}":
        yield sys.executable
    # Each of the PATH, not the first: a version manager's stand-in may be there for a Python that is not.
    for directory in os.get_exec_path():
        candidate = os.path.join(directory, f"python{python}")
        if os.access(candidate, os.X_OK):
            yield candidate


def _cpython_version(executable: str) -> str | None:
    command = [executable, "-I", "-S", "-c", _PROBE]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=_PROBE_PATIENCE_S, stdin=subprocess.DEVNULL
        )
        name, *version = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return ".".join(map(str, version)) if name == "cpython" else None
