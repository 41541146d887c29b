"""What the target could not load is refused when the package is built, not at a job's first run."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.binaries import ForeignBinary, check_binaries
from infra.deployment import Target

LAMBDA = Target(python="3.13", architecture="arm64")
X86_64, ARM64 = 62, 183


def elf(machine: int = ARM64, *, bits: int = 2, needs: str = "GLIBC_2.17") -> bytes:
    """The parts of a shared library that are looked at."""
    header = b"\x7fELF" + bytes([bits, 1, 1]) + bytes(9) + (3).to_bytes(2, "little") + machine.to_bytes(2, "little")
    return header + bytes(40) + b"\0libc.so.6\0" + needs.encode() + b"\0"


def check(tmp_path: Path, name: str, content: bytes, target: Target = LAMBDA) -> None:
    (tmp_path / "file").write_bytes(content)
    check_binaries({"package/fine.py": Path(__file__), f"package/{name}": tmp_path / "file"}, target)


@pytest.mark.parametrize("name", ["a.cpython-313-aarch64-linux-gnu.so", "a.abi3.so", "libpq-3c5e.so.5.16", "tool"])
def test_a_binary_for_the_target_is_fine(tmp_path: Path, name: str) -> None:
    check(tmp_path, name, elf(needs="GLIBC_2.34"))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.abi3.so", elf(X86_64), "is for the processor x86_64"),
        ("a.abi3.so", elf(40, bits=1), "is for the processor of another kind"),
        ("a.cpython-312-aarch64-linux-gnu.so", elf(), "is for cpython-312"),
        ("a.cpython-313t-aarch64-linux-gnu.so", elf(), "is for cpython-313t"),
        ("a.pypy311-pp73-aarch64-linux-gnu.so", elf(), "is for pypy311"),
        ("a.abi3.so", elf(needs="GLIBC_2.4\0GLIBC_2.35"), "needs glibc 2.35, where the runtime has 2.34"),
        ("a.abi3.so", elf(needs="libc.musl-aarch64.so.1"), "is for musl"),
        ("a.cp313-win_amd64.pyd", b"MZ", "is for another operating system"),
    ],
)
def test_a_binary_for_another_machine_is_named_with_its_reason(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    with pytest.raises(ForeignBinary) as refused:
        check(tmp_path, name, content)
    assert f"package/{name}: {reason}" in str(refused.value)
    assert "1 of the package's files cannot run on Lambda's Python 3.13 on arm64" in str(refused.value)


def test_an_older_runtime_has_an_older_glibc(tmp_path: Path) -> None:
    older = Target(python="3.11", architecture="x86_64")
    check(tmp_path, "a.abi3.so", elf(X86_64, needs="GLIBC_2.26"), older)
    with pytest.raises(ForeignBinary, match=r"needs glibc 2\.28, where the runtime has 2\.26"):
        check(tmp_path, "a.abi3.so", elf(X86_64, needs="GLIBC_2.28"), older)


def test_this_machines_own_glibc_is_not_held_against_lambdas(tmp_path: Path) -> None:
    host = Target(python="3.13", architecture="arm64", native=True)
    check(tmp_path, "a.abi3.so", elf(needs="GLIBC_2.39"), host)
