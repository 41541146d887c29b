"""What the one-machine edition keeps between starts, in .local/: a lock, a key, a password, where things are."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
from pathlib import Path
from typing import IO, Any

from functions.errors import JobsError
from infra.local.postgres import home_for, sweep

# All that a start writes, and so all that a reset takes away: --state can name a directory with other things in it.
_DIRECTORIES = ("postgres", "instances", "logs", "packages")
_FILES = ("admin-password", "clock.json", "dev.json", "signing-key")


class AlreadyRunning(JobsError):
    """Another start holds this project's .local/."""

    code = "local_already_running"


class State:
    """The directory; `lock()` first, so that two starts never work in it at once."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lock: IO[str] | None = None

    def lock(self) -> None:
        """Take the directory for this process until it ends. Raises AlreadyRunning naming the other process."""
        self.directory.mkdir(parents=True, exist_ok=True)
        file = (self.directory / "lock").open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            file.close()
            raise AlreadyRunning(f"scripts/dev is running already (process {holder}): stop it first") from None
        self.unpublish()  # a start that was killed left it behind
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._lock = file

    def reset(self) -> None:
        """Forget everything that another start would find: the database, pauses, history, the clock's memory.

        What is not ours stays, and so do the lock and what holds no state.
        """
        home = home_for(self.postgres)
        for data in home.glob("data-*"):
            sweep(data)
        shutil.rmtree(home, ignore_errors=True)
        for name in _DIRECTORIES:
            shutil.rmtree(self.directory / name, ignore_errors=True)
        for name in _FILES:
            file = self.directory / name
            file.unlink(missing_ok=True)
            file.with_suffix(".partial").unlink(missing_ok=True)

    @property
    def postgres(self) -> Path:
        """Where PostgreSQL's data is to be."""
        return self.directory / "postgres"

    def signing_key(self) -> str:
        """The key that signs bearer tokens: made once, so that a token outlives a restart."""
        path = self.directory / "signing-key"
        if not path.exists():
            _write_private(path, secrets.token_urlsafe(48))
        return path.read_text()

    def administrator_password(self) -> str | None:
        """The password of the first user, if one was kept."""
        path = self.directory / "admin-password"
        return path.read_text() if path.exists() else None

    def keep_administrator_password(self, password: str) -> None:
        """Keep it (mode 0600), so that the next start can print it again."""
        _write_private(self.directory / "admin-password", password)

    def publish(self, facts: dict[str, Any]) -> Path:
        """Write dev.json (mode 0600), which tools and tests read; it is there exactly while everything is up."""
        path = self.directory / "dev.json"
        _write_private(path, json.dumps(facts, indent=2) + "\n")
        return path

    def unpublish(self) -> None:
        """Remove dev.json: nothing is up any more."""
        (self.directory / "dev.json").unlink(missing_ok=True)


def _write_private(path: Path, text: str) -> None:
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    partial.replace(path)
