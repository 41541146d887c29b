"""Refuses a package whose compiled parts would not load on the machine that is to run it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from functions.errors import JobsError
from infra.deployment import Target
from infra.lambda_platform import glibc

_ELF, _SIXTY_FOUR_BIT = b"\x7fELF", 2
# System V ABI, "e_machine".
_MACHINES = {62: "x86_64", 183: "arm64"}
_OF_ANOTHER_SYSTEM = (".dll", ".dylib", ".pyd")
# PEP 3149: `_speedups.cpython-313-aarch64-linux-gnu.so`; `abi3` fits every Python and names none.
_PYTHON_OF_AN_EXTENSION = re.compile(r"\.(cpython-\w+|pypy\w*|graalpy\w*)-[^/]*\.so$")
# The versions of glibc's symbols a binary asks for are strings in it. One that only mentions a version is refused
# wrongly rather than one let through that cannot load.
_GLIBC = re.compile(rb"GLIBC_2\.(\d+)")
_MUSL = b"libc.musl-"


class ForeignBinary(JobsError):
    """A package holds a binary that its target cannot load; the message names each and why."""

    code = "package_foreign_binary"


def check_binaries(files: Mapping[str, Path], target: Target) -> None:
    """Raise ForeignBinary when one of these (path in the package → file) would not load on the target.

    A native target is this machine, for which pip has chosen: there glibc is not looked at.
    """
    found = [
        f"{inside}: {reason}" for inside, file in sorted(files.items()) for reason in _reasons(inside, file, target)
    ]
    if found:
        raise ForeignBinary(
            f"{len(found)} of the package's files cannot run on Lambda's Python {target.python} on "
            f"{target.architecture}:\n  " + "\n  ".join(found) + "\npin a version with a wheel for it, or change the "
            "stage's python or architecture"
        )


def _reasons(inside: str, file: Path, target: Target) -> Iterator[str]:
    if inside.endswith(_OF_ANOTHER_SYSTEM):
        yield "is for another operating system"
        return
    with file.open("rb") as opened:
        header = opened.read(20)
        if not header.startswith(_ELF):
            return
        machine = _MACHINES.get(int.from_bytes(header[18:20], "little"))
        if machine != target.architecture or header[4] != _SIXTY_FOUR_BIT:
            yield f"is for the processor {machine or 'of another kind'}"
        named = _PYTHON_OF_AN_EXTENSION.search(inside)
        if named and named[1] != f"cpython-{target.python.replace('.', '')}":
            yield f"is for {named[1]}"
        if not target.native:
            yield from _of_another_libc(opened.read(), target)


def _of_another_libc(content: bytes, target: Target) -> Iterator[str]:
    if _MUSL in content:
        yield "is for musl, where Lambda has glibc"
    needed = max((int(minor) for minor in _GLIBC.findall(content)), default=0)
    major, minor = glibc(target.python)
    if needed > minor:
        yield f"needs glibc {major}.{needed}, where the runtime has {major}.{minor}"
