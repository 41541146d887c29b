"""Unpacked packages: each once, none half, the oldest pruned."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from infra.local.packages import Packages
from tests.integration.local.account import package


def test_a_package_is_unpacked_into_a_directory_named_after_its_hash(tmp_path: Path) -> None:
    unpacked = Packages(tmp_path / "packages").unpack("abc", package("x = 1\n"))
    assert unpacked == tmp_path / "packages" / "abc"
    assert (unpacked / "app.py").read_text() == "x = 1\n"


def test_a_package_that_is_there_is_not_unpacked_again(tmp_path: Path) -> None:
    packages = Packages(tmp_path)
    packages.unpack("abc", package("x = 1\n"))
    assert (packages.unpack("abc", b"never read") / "app.py").exists()


def test_nothing_is_left_of_a_package_that_is_not_a_zip(tmp_path: Path) -> None:
    with pytest.raises(zipfile.BadZipFile):
        Packages(tmp_path).unpack("abc", b"not a zip")
    assert list(tmp_path.iterdir()) == []


def test_the_twenty_packages_used_last_are_kept(tmp_path: Path) -> None:
    packages = Packages(tmp_path)
    for number in range(20):
        os.utime(packages.unpack(f"{number:02}", package("")), (number, number))
    packages.unpack("00", b"used again")
    packages.unpack("new", package(""))
    assert {path.name for path in tmp_path.iterdir()} == {"00", "new"} | {f"{number:02}" for number in range(2, 20)}
