"""Deployment packages, unpacked once each into a directory named after their SHA-256."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import threading
import zipfile
from pathlib import Path

# More than any deployment has in use at a time, so that what is pruned is never under a running instance.
_KEPT = 20


class Packages:
    """A cache on disk that outlives the process; safe to use from many threads."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory.absolute()
        self._lock = threading.Lock()
        directory.mkdir(parents=True, exist_ok=True)

    def unpack(self, sha256: str, content: bytes) -> Path:
        """The directory with this package's files. Raises zipfile.BadZipFile when the content is not a zip."""
        target = self._directory / sha256
        with self._lock:
            if not target.is_dir():
                self._extract(content, target)
                self._prune()
            os.utime(target)
        return target

    def _extract(self, content: bytes, target: Path) -> None:
        # Unpacked beside its place and renamed: a start that is killed half-way leaves no half package.
        with tempfile.TemporaryDirectory(prefix="unpacking-", dir=self._directory) as unfinished:
            files = Path(unfinished, "files")
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                archive.extractall(files)
            files.mkdir(exist_ok=True)
            files.rename(target)

    def _prune(self) -> None:
        by_age = sorted(self._directory.glob("*/"), key=lambda path: path.stat().st_mtime, reverse=True)
        for outdated in by_age[_KEPT:]:
            shutil.rmtree(outdated, ignore_errors=True)
