"""Files only their owner can read, in a directory only they can write to: never half written, never through a link."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lamplighter_cli.exit_codes import ExitCode
from lamplighter_cli.failures import Failure, Unavailable

_PATIENCE_S = 60.0
_POLL_S = 0.05


class PrivateDirectory:
    """A directory of this user's own. Once it is opened everything is relative to it: no path is followed twice."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, name: str) -> str | None:
        """What this file holds, None when there is none. Raises Failure for a file that others could read or write."""
        if not self._path.exists():
            return None
        with self._opened() as directory:
            try:
                # Non-blocking: the opening of a pipe somebody put there would wait for a writer.
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                file = os.open(name, flags, dir_fd=directory)
            except FileNotFoundError:
                return None
            except OSError as error:
                raise self._refused(name, "is a symbolic link or cannot be opened") from error
            with os.fdopen(file, encoding="utf-8") as opened:
                self._check(name, os.fstat(opened.fileno()))
                return opened.read()

    def write(self, name: str, text: str) -> None:
        """Put this into the file: whoever reads it finds the old text or the new one, all of it, and so after a crash.

        Raises Failure when something else is in its place.
        """
        with self._opened() as directory:
            self._check_place(name, directory)
            temporary = f".{name}.{secrets.token_hex(8)}"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            file = os.open(temporary, flags, mode=0o600, dir_fd=directory)
            try:
                with os.fdopen(file, "w", encoding="utf-8") as opened:
                    opened.write(text)
                    opened.flush()
                    os.fsync(opened.fileno())
                os.replace(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
            except BaseException:
                os.unlink(temporary, dir_fd=directory)
                raise
            os.fsync(directory)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Inside, no other process is in here with this name. Raises Unavailable after a minute of waiting."""
        with self._opened() as directory:
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            file = os.open(name, flags, mode=0o600, dir_fd=directory)
            try:
                self._await(file, name)
                yield
            finally:
                os.close(file)  # which ends the lock, as the end of the process would

    def _await(self, file: int, name: str) -> None:
        given_up_at = time.monotonic() + _PATIENCE_S
        while True:
            try:
                return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= given_up_at:
                    raise Unavailable(
                        f"another lamplighter has held {self._path / name} for {_PATIENCE_S:.0f} s: end it, try again"
                    ) from None
                time.sleep(_POLL_S)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            directory = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise Failure(
                ExitCode.USAGE,
                f"{self._path} cannot be used for logins ({error.strerror}): it must be a directory of yours, no link",
            ) from error
        try:
            found = os.fstat(directory)
            if found.st_uid != os.geteuid() or found.st_mode & 0o022:
                raise Failure(
                    ExitCode.USAGE, f"{self._path} is not yours, or others may write to it: chown it, and chmod 700"
                )
            yield directory
        finally:
            os.close(directory)

    def _check_place(self, name: str, directory: int) -> None:
        try:
            found = os.stat(name, dir_fd=directory, follow_symlinks=False)
        except FileNotFoundError:
            return
        if not stat.S_ISREG(found.st_mode):
            raise self._refused(name, "is a symbolic link, or no file")

    def _check(self, name: str, found: os.stat_result) -> None:
        if not stat.S_ISREG(found.st_mode):
            raise self._refused(name, "is no file")
        if found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise self._refused(name, f"has mode {stat.S_IMODE(found.st_mode):04o} and owner {found.st_uid}")

    def _refused(self, name: str, why: str) -> Failure:
        return Failure(
            ExitCode.USAGE, f"{self._path / name} {why}: it must be a file of yours with mode 0600; delete it, log in"
        )
