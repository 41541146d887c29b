"""A reproducible zip: the same files give the same bytes, on any day and in any directory."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

# The earliest instant a zip can hold; one for all, because a file's own time says when it was checked out.
_DATE = (1980, 1, 1, 0, 0, 0)
_READABLE_FILE = 0o100644 << 16
_UNIX = 3
_KEPT = 5


@dataclass(frozen=True)
class Archive:
    """A zip on disk, named by what is in it."""

    name: str
    path: Path
    sha256: str
    size: int

    @property
    def key(self) -> str:
        """Where it is stored: changes exactly when its bytes do, so that an update of the code is seen as one."""
        return f"{self.name}/{self.sha256}.zip"


@dataclass(frozen=True)
class Making:
    """What is made of the entries when a zip is written and goes in beside them, in a folder that is gone afterwards.

    `identity` says how it is made: another one is another zip. May raise to refuse what a zip would be made of.
    """

    identity: str
    make: Callable[[Path], Mapping[str, Path]]


def archive(
    name: str, entries: Mapping[str, Path], folder: Path, *, onto: Path | None = None, making: Making | None = None
) -> Archive:
    """The zip of `entries` (path inside it → file), kept in `folder` and not written again while nothing changed.

    With `onto`, the entries are added to a copy of that zip: what is in it already is not compressed again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{_digest(entries, onto, making)}.zip"
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=folder, prefix=".made-") as made:
            further = making.make(Path(made)) if making else {}
            write_zip(path, {**entries, **further}, onto=onto)
    path.touch()
    _forget_oldest(name, folder)
    content = path.read_bytes()
    return Archive(name, path, hashlib.sha256(content).hexdigest(), len(content))


def write_zip(path: Path, entries: Mapping[str, Path], *, onto: Path | None = None) -> None:
    """Write it in one piece: an interrupted or a second build can never leave half a zip to be found."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".part-") as folder:
        part = Path(folder) / path.name
        if onto:
            shutil.copyfile(onto, part)
        with zipfile.ZipFile(part, "a", compresslevel=6) as out:
            for inside, file in sorted(entries.items()):
                out.writestr(_entry(inside), file.read_bytes())
        os.replace(part, path)


def files_below(root: Path) -> dict[str, Path]:
    """Every file in this directory and those within it, by its path from here."""
    return {file.relative_to(root).as_posix(): file for file in root.rglob("*") if file.is_file()}


def _digest(entries: Mapping[str, Path], onto: Path | None, making: Making | None) -> str:
    begin = f"{_sha256(onto) if onto else ''}{making.identity if making else ''}"
    digest = hashlib.sha256(begin.encode())
    for inside, file in sorted(entries.items()):
        digest.update(f"{inside}\0{_sha256(file)}\n".encode())
    return digest.hexdigest()


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _entry(inside: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(inside, _DATE)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = _UNIX
    info.external_attr = _READABLE_FILE
    return info


def _forget_oldest(name: str, folder: Path) -> None:
    # While developing, every change of a file makes a zip of megabytes.
    newest_first = sorted(folder.glob(f"{name}-*.zip"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in newest_first[_KEPT:]:
        file.unlink(missing_ok=True)
