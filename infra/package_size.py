"""How large a package is, in all and by what it holds, against Lambda's limits and ours."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path

from functions.errors import JobsError
from infra.archive import Archive

# AWS Lambda Developer Guide, "Lambda quotas": a package unpacked, and a zip handed over without a bucket.
_UNPACKED, _DIRECT = 250 * 1024 * 1024, 50 * 1024 * 1024
# Every cold start of every job fetches it: what jobs get is kept small, also where Lambda would take more.
SMALL = {"functions": 8_000_000, "api": _DIRECT}
_NAMED = 5


class PackageTooLarge(JobsError):
    """A package is larger than Lambda takes; the message names its largest parts."""

    code = "package_too_large"


def size_notes(package: Archive) -> list[str]:
    """What people should know of its size; nothing when it is small. Raises PackageTooLarge when Lambda refuses it."""
    unpacked, zipped = _by_part(package.path)
    if unpacked.total() > _UNPACKED:
        raise PackageTooLarge(
            f"{package.name}.zip unpacks to {_mb(unpacked.total())}, and Lambda takes {_mb(_UNPACKED)}: take out or "
            f"replace the largest of what it holds: {_largest(unpacked)}"
        )
    if package.size <= SMALL[package.name]:
        return []
    return [
        f"{package.name}.zip has {_mb(package.size)}, more than the {_mb(SMALL[package.name])} that start quickly; "
        f"its largest parts: {_largest(zipped)}"
    ]


def _by_part(path: Path) -> tuple[Counter[str], Counter[str]]:
    """Bytes unpacked and zipped, by the first part of the path: a package, or a module."""
    unpacked, zipped = Counter[str](), Counter[str]()
    with zipfile.ZipFile(path) as opened:
        for entry in opened.infolist():
            part = entry.filename.partition("/")[0]
            unpacked[part] += entry.file_size
            zipped[part] += entry.compress_size
    return unpacked, zipped


def _largest(parts: Counter[str]) -> str:
    return ", ".join(f"{part} {_mb(size)}" for part, size in parts.most_common(_NAMED))


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
