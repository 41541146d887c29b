"""The dependencies of a package, zipped for the machine that will run them."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

from functions.errors import JobsError
from infra.archive import files_below, write_zip
from infra.deployment import Target

# Raise it when what is kept of a wheel changes: older zips are then not reused.
_LAYOUT = "2"
# What pip writes about this installation (some with paths of this machine), and what no function imports.
_DROPPED = ("bin", "*/tests", "*.dist-info/RECORD", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED")
_DROPPED_ANYWHERE = "__pycache__"
# glibc 2.26 in the Python runtimes up to 3.11 (Amazon Linux 2), 2.34 from 3.12 on (Amazon Linux 2023):
# AWS Lambda Developer Guide, "Lambda runtimes".
_AMAZON_LINUX_2 = ("manylinux2014", "manylinux_2_17", "manylinux_2_26")
_AMAZON_LINUX_2023 = (*_AMAZON_LINUX_2, "manylinux_2_28", "manylinux_2_34")


class WheelsUnavailable(JobsError):
    """pip could not fetch or verify a wheel for the target."""

    code = "package_wheels_unavailable"


def zipped_wheels(requirements: Path, target: Target, cache: Path, *, languages: Collection[str]) -> Path:
    """The zip of what the wheels of a hash-pinned requirement file install, for `target`.

    Of Babel's thousand languages it holds these and what they rest on: all of them are 10 MB. It is kept in `cache`
    under the hash of what it was made of: the second call neither runs pip nor reads what it installed.
    Raises WheelsUnavailable with pip's own words.
    """
    identity = f"{_LAYOUT}\0{target}\0{sorted(languages)}\0".encode() + requirements.read_bytes()
    path = cache / f"wheels-{hashlib.sha256(identity).hexdigest()[:16]}.zip"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".part-") as part:
            installed = Path(part)
            _install(requirements, target, installed)
            _tidy(installed)
            _keep_languages(installed, {*languages, "root"})
            write_zip(path, files_below(installed))
    return path


def _install(requirements: Path, target: Target, into: Path) -> None:
    # No dependency resolution: the file names every wheel, and pip would judge markers by this machine, not the target.
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    command += ["--require-hashes", "--no-deps", "--only-binary=:all:", "--no-compile"]
    command += ["--target", str(into), "--requirement", str(requirements), *_platform(target)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise WheelsUnavailable(
            f"the wheels of {requirements} for Python {target.python} on {target.architecture} could not be installed: "
            f"run scripts/lock if a requirement changed, and check the package index. pip said:\n{done.stderr.strip()}"
        )


def _platform(target: Target) -> list[str]:
    if target.native:
        return []
    machine = "aarch64" if target.architecture == "arm64" else "x86_64"
    minor = int(target.python.split(".")[1])
    tags = _AMAZON_LINUX_2023 if minor >= 12 else _AMAZON_LINUX_2
    options = ["--implementation", "cp", "--python-version", target.python]
    return options + [option for tag in tags for option in ("--platform", f"{tag}_{machine}")]


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
