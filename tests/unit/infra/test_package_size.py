"""A package that Lambda would refuse is refused here, and a large one is said to be large, with its largest parts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra import package_size
from infra.archive import Archive, archive
from infra.package_size import PackageTooLarge, size_notes


def package(tmp_path: Path, name: str, sizes: dict[str, int]) -> Archive:
    for number, size in enumerate(sizes.values()):
        (tmp_path / str(number)).write_bytes(os.urandom(size))
    return archive(name, {inside: tmp_path / str(n) for n, inside in enumerate(sizes)}, tmp_path / "zips")


def test_a_small_one_needs_no_word(tmp_path: Path) -> None:
    assert size_notes(package(tmp_path, "functions", {"pandas/core.py": 10_000})) == []


def test_one_over_8_mb_is_said_to_start_slowly_and_what_is_large_in_it(tmp_path: Path) -> None:
    sizes = {"pandas/core.py": 5_000_000, "pandas/io.py": 4_000_000, "functions/handler.py": 1_000, "six.py": 2}
    (note,) = size_notes(package(tmp_path, "functions", sizes))
    assert note.startswith("functions.zip has 9.0 MB, more than the 8.0 MB that start quickly")
    assert note.endswith("its largest parts: pandas 9.0 MB, functions 0.0 MB, six.py 0.0 MB")
    assert size_notes(package(tmp_path, "api", sizes)) == []


def test_one_that_lambda_refuses_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package_size, "_UNPACKED", 20_000)
    with pytest.raises(PackageTooLarge, match=r"functions\.zip unpacks to 0\.0 MB, .*: pandas 0\.0 MB"):
        size_notes(package(tmp_path, "functions", {"pandas/core.py": 30_000}))
