"""A zip is named by its content and is the same whoever builds it, wherever and whenever."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from infra.archive import archive


def _files(folder: Path, *, modified_at: int, mode: int, text: str = "print('hello')\n") -> dict[str, Path]:
    folder.mkdir(parents=True)
    (folder / "one.py").write_text(text)
    (folder / "two.bin").write_bytes(bytes(range(256)) * 40)
    for file in folder.iterdir():
        os.utime(file, (modified_at, modified_at))
        file.chmod(mode)
    return {"package/one.py": folder / "one.py", "two.bin": folder / "two.bin"}


def test_same_files_give_the_same_bytes_in_another_directory_at_another_time(tmp_path: Path) -> None:
    here = archive("code", _files(tmp_path / "here", modified_at=1_000_000_000, mode=0o600), tmp_path / "a")
    entries = _files(tmp_path / "with a space", modified_at=1_700_000_000, mode=0o755)
    there = archive("code", dict(reversed(entries.items())), tmp_path / "b")

    assert here.path.read_bytes() == there.path.read_bytes()
    assert here.sha256 == there.sha256


def test_a_changed_file_changes_the_key(tmp_path: Path) -> None:
    before = archive("code", _files(tmp_path / "before", modified_at=1, mode=0o644), tmp_path / "zips")
    entries = _files(tmp_path / "after", modified_at=1, mode=0o644, text="print('bye')\n")
    after = archive("code", entries, tmp_path / "zips")

    assert before.key != after.key
    assert before.sha256 in before.key


def test_a_moved_file_changes_the_key(tmp_path: Path) -> None:
    entries = _files(tmp_path / "files", modified_at=1, mode=0o644)
    before = archive("code", entries, tmp_path / "zips")
    moved = {"package/three.py": entries["package/one.py"], "two.bin": entries["two.bin"]}

    assert archive("code", moved, tmp_path / "zips").key != before.key


def test_what_is_added_onto_a_zip_is_in_it_and_in_its_key(tmp_path: Path) -> None:
    wheels = archive("wheels", _files(tmp_path / "wheels", modified_at=1, mode=0o644), tmp_path / "zips")
    source = tmp_path / "source.py"
    source.write_text("one\n")
    first = archive("code", {"source.py": source}, tmp_path / "zips", onto=wheels.path)
    again = archive("code", {"source.py": source}, tmp_path / "elsewhere", onto=wheels.path)
    source.write_text("two\n")
    second = archive("code", {"source.py": source}, tmp_path / "zips", onto=wheels.path)

    assert first.path.read_bytes() == again.path.read_bytes()
    assert first.key != second.key
    with zipfile.ZipFile(second.path) as opened:
        assert opened.namelist() == ["package/one.py", "two.bin", "source.py"]
        assert opened.read("source.py") == b"two\n"


def test_other_wheels_below_the_same_source_change_the_key(tmp_path: Path) -> None:
    entries = _files(tmp_path / "files", modified_at=1, mode=0o644)
    some = archive("wheels", {"a.py": entries["package/one.py"]}, tmp_path / "zips")
    others = archive("wheels", {"b.py": entries["package/one.py"]}, tmp_path / "zips")

    assert archive("code", entries, tmp_path / "zips", onto=some.path).key != (
        archive("code", entries, tmp_path / "zips", onto=others.path).key
    )


def test_an_unchanged_zip_is_not_written_again(tmp_path: Path) -> None:
    entries = _files(tmp_path / "files", modified_at=1, mode=0o644)
    first = archive("code", entries, tmp_path / "zips").path.stat().st_ino

    assert archive("code", entries, tmp_path / "zips").path.stat().st_ino == first
    assert len(list((tmp_path / "zips").iterdir())) == 1


def test_every_entry_can_be_read_by_another_user(tmp_path: Path) -> None:
    made = archive("code", _files(tmp_path / "files", modified_at=1, mode=0o600), tmp_path / "zips")

    with zipfile.ZipFile(made.path) as opened:
        assert {entry.external_attr >> 16 & 0o777 for entry in opened.infolist()} == {0o644}
        assert opened.namelist() == ["package/one.py", "two.bin"]


def test_only_the_newest_zips_are_kept(tmp_path: Path) -> None:
    for number in range(8):
        entries = _files(tmp_path / str(number), modified_at=1, mode=0o644, text=f"{number}\n")
        newest = archive("code", entries, tmp_path / "zips")

    assert newest.path.exists()
    assert len(list((tmp_path / "zips").iterdir())) == 5
