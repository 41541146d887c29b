"""The dependencies of a package, zipped for the machine that will run them."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

from functions.errors import JobsError
from infra.archive import files_below, write_zip
from infra.binaries import check_binaries
from infra.compiled import Compiler
from infra.deployment import Target
from infra.lambda_platform import glibc, platform_tags

# Raise it when what is kept of a wheel changes: older zips are then not reused.
_LAYOUT = "3"
# What pip writes about this installation (some with paths of this machine), and what no function imports.
_DROPPED = ("bin", "*/tests", "*.dist-info/RECORD", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED")
_DROPPED_ANYWHERE = "__pycache__"
# Left as sources: what no function of ours imports, or only the one that migrates. Compiled, too, it would take the
# package over its 8 MB (docs/adr/0037).
_NOT_COMPILED = (
    "importlib_metadata/",
    "sqlparse/",
    "tabulate/",
    "yoyo/",
    "zipp/",
    *(
        f"aws_lambda_powertools/{part}/"
        for part in (
            "event_handler", "utilities/auth_alpha", "utilities/batch", "utilities/circuit_breaker",
            "utilities/data_classes", "utilities/data_masking", "utilities/feature_flags", "utilities/idempotency",
            "utilities/kafka", "utilities/parameters", "utilities/parser", "utilities/streaming",
            "utilities/validation",
        )
    ),
)  # fmt: skip
# Since 3.2.14 psycopg's wheels for arm64 are manylinux_2_28.
_PSYCOPG_ON_ARM64_GLIBC = (2, 28)


class WheelsUnavailable(JobsError):
    """pip could not fetch or verify a wheel for the target."""

    code = "package_wheels_unavailable"


def zipped_wheels(
    requirements: Path, target: Target, cache: Path, *, languages: Collection[str], compiler: Compiler | None = None
) -> Path:
    """The zip of what the wheels of a hash-pinned requirement file install, for `target`.

    Of Babel's thousand languages it holds these and what they rest on: all of them are 10 MB. What functions import of
    it is there in compiled form, too, if there is a compiler. It is kept in `cache` under the hash of what it was made
    of: the second call neither runs pip nor reads what it installed.
    Raises WheelsUnavailable with pip's own words, ForeignBinary for what the target could not load.
    """
    made_of = (_LAYOUT, target, sorted(languages), compiler and compiler.version)
    identity = f"{made_of}\0".encode() + requirements.read_bytes()
    path = cache / f"wheels-{hashlib.sha256(identity).hexdigest()[:16]}.zip"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".part-") as part:
            installed = Path(part)
            _install(requirements, target, installed)
            _tidy(installed)
            _keep_languages(installed, {*languages, "root"})
            files = files_below(installed)
            check_binaries(files, target)
            with tempfile.TemporaryDirectory(dir=cache, prefix=".part-") as compiled:
                write_zip(path, {**files, **_compiled(files, compiler, Path(compiled))})
    return path


def _compiled(files: Mapping[str, Path], compiler: Compiler | None, folder: Path) -> dict[str, Path]:
    if compiler is None:
        return {}
    imported = {inside: file for inside, file in files.items() if not inside.startswith(_NOT_COMPILED)}
    return compiler.compile(imported, folder, strict=False)


def _install(requirements: Path, target: Target, into: Path) -> None:
    # No dependency resolution: the file names every wheel, and pip would judge markers by this machine, not the target.
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    command += ["--require-hashes", "--no-deps", "--only-binary=:all:", "--no-compile"]
    command += ["--target", str(into), "--requirement", str(requirements), *_platform(target)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise WheelsUnavailable(
            f"the wheels of {requirements} for Python {target.python} on {target.architecture} could not be installed: "
            f"{_advice(target)}. pip said:\n{done.stderr.strip()}"
        )


def _advice(target: Target) -> str:
    if target.architecture == "arm64" and not target.native and glibc(target.python) < _PSYCOPG_ON_ARM64_GLIBC:
        return "psycopg has none for arm64 before Python 3.12, so take python 3.12 or later, or architecture x86_64"
    return "run scripts/lock if a requirement changed, and check the package index"


def _platform(target: Target) -> list[str]:
    if target.native:
        return []
    options = ["--implementation", "cp", "--python-version", target.python]
    return options + [option for tag in platform_tags(target) for option in ("--platform", tag)]


def _tidy(directory: Path) -> None:
    unwanted = [path for pattern in _DROPPED for path in directory.glob(pattern)]
    for path in [*unwanted, *directory.rglob(_DROPPED_ANYWHERE)]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _keep_languages(directory: Path, languages: Collection[str]) -> None:
    for path in directory.glob("babel/locale-data/*.dat"):
        if path.stem not in languages:
            path.unlink()
