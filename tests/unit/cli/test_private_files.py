"""The file of the logins: nobody else reads it, nothing leads it elsewhere, and it is never half there."""

from __future__ import annotations

import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from lamplighter_cli.exit_codes import ExitCode
from lamplighter_cli.failures import Failure
from lamplighter_cli.private_files import PrivateDirectory


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some config" / "lamplighter"


@pytest.fixture
def directory(path: Path) -> PrivateDirectory:
    return PrivateDirectory(path)


def test_what_was_written_is_read_again_and_nobody_else_may(directory: PrivateDirectory, path: Path) -> None:
    before = os.umask(0)
    try:
        directory.write("a", "secret é")
    finally:
        os.umask(before)
    assert directory.read("a") == "secret é"
    assert stat.S_IMODE((path / "a").stat().st_mode) == 0o600
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_nothing_there_is_no_text_and_makes_no_directory(directory: PrivateDirectory, path: Path) -> None:
    assert directory.read("a") is None
    assert not path.exists()


def test_a_file_is_replaced_whole_and_leaves_nothing_beside_it(directory: PrivateDirectory, path: Path) -> None:
    directory.write("a", "old")
    with (path / "a").open() as reader:
        directory.write("a", "new")
        assert reader.read() == "old", "the old file was written into"
    assert [each.name for each in path.iterdir()] == ["a"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(directory: PrivateDirectory, path: Path) -> None:
    directory.write("a", "old")
    with pytest.raises(UnicodeEncodeError):
        directory.write("a", "half\ud800")
    assert directory.read("a") == "old"
    assert [each.name for each in path.iterdir()] == ["a"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_a_file_others_may_read_or_write_is_refused(directory: PrivateDirectory, path: Path, mode: int) -> None:
    directory.write("a", "secret")
    (path / "a").chmod(mode)
    with pytest.raises(Failure, match="must be a file of yours with mode 0600") as refused:
        directory.read("a")
    assert refused.value.exit_code == ExitCode.USAGE


def test_a_link_is_neither_read_nor_written_through(directory: PrivateDirectory, path: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("theirs")
    elsewhere.chmod(0o600)
    directory.write("other", "")
    (path / "a").symlink_to(elsewhere)
    with pytest.raises(Failure, match="symbolic link"):
        directory.read("a")
    with pytest.raises(Failure, match="symbolic link"):
        directory.write("a", "mine")
    assert elsewhere.read_text() == "theirs"


def test_a_lock_is_not_taken_through_a_link(directory: PrivateDirectory, path: Path, tmp_path: Path) -> None:
    directory.write("other", "")
    (path / "lock").symlink_to(tmp_path / "made")
    with pytest.raises(OSError), directory.locked("lock"):  # noqa: PT011 - ELOOP, by whatever name
        pass
    assert not (tmp_path / "made").exists()


def test_a_directory_that_is_a_link_is_refused(path: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    path.parent.mkdir()
    path.symlink_to(tmp_path / "theirs")
    with pytest.raises(Failure, match="no link"):
        PrivateDirectory(path).write("a", "secret")
    assert list((tmp_path / "theirs").iterdir()) == []


@pytest.mark.parametrize("mode", [0o770, 0o777])
def test_a_directory_others_may_write_to_is_refused(directory: PrivateDirectory, path: Path, mode: int) -> None:
    path.mkdir(parents=True)
    path.chmod(mode)
    with pytest.raises(Failure, match="others may write"):
        directory.write("a", "secret")


def test_a_fifo_in_its_place_is_refused_and_not_waited_for(directory: PrivateDirectory, path: Path) -> None:
    directory.write("other", "")
    os.mkfifo(path / "a", 0o600)
    with pytest.raises(Failure, match="is no file"):
        directory.read("a")


def _count(path: Path, times: int) -> None:
    directory = PrivateDirectory(path)
    for _ in range(times):
        with directory.locked("lock"):
            directory.write("n", str(int(directory.read("n") or 0) + 1))


def test_processes_in_the_lock_take_turns(path: Path) -> None:
    spawning = multiprocessing.get_context("spawn")
    processes = [spawning.Process(target=_count, args=(path, 20)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert PrivateDirectory(path).read("n") == "60"
