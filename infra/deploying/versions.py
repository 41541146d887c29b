"""What was deployed: a record of the last versions in the stage's bucket, with which code can be put back."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from infra import bucket
from infra.deployment import Deployment
from infra.release import Release, StoredTemplate

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "deploys/versions.json"
KEPT = 10
"""How many of the last versions can be put back."""
# Where a deploy puts what a version needs; nothing else in the bucket is ever pruned.
_PREFIXES = ("functions/", "api/", "templates/")

State = Literal["started", "finished", "unhealthy"]


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version. `restores`: the number of the one whose code it put back; `migrations`: all its package knows."""

    number: int
    state: State
    at: datetime
    who: str
    commit: str | None
    packages: tuple[str, ...]
    templates: dict[str, StoredTemplate]
    migrations: tuple[str, ...]
    restores: int | None = None

    @property
    def release(self) -> Release:
        """Its templates, with no stack emptied: what is there when it is put back decides that."""
        return Release(self.templates, ())

    @property
    def keys(self) -> set[str]:
        """The objects it needs."""
        return {*self.packages, *(stored.key for stored in self.templates.values())}

    def is_like(self, other: Version) -> bool:
        """Whether putting up the one is putting up the other."""
        return (self.packages, self.templates) == (other.packages, other.templates)

    def line(self) -> str:
        """It for people."""
        code = f"version {self.restores} put back" if self.restores else (self.commit or "no commit known")
        return f"{self.number:>4}  {self.at:%Y-%m-%d %H:%M} UTC  {self.state:<9}  {code}  by {self.who}"

    def to_json(self) -> dict[str, Any]:
        """It as JSON values."""
        return {**asdict(self), "at": self.at.isoformat()}


def read(s3: S3Client, deployment: Deployment) -> list[Version]:
    """The versions that are known, the newest first."""
    text = bucket.read(s3, deployment, KEY) if bucket.has_bucket(s3, deployment) else None
    return [] if text is None else [_from_json(value) for value in json.loads(text)]


def begin(s3: S3Client, deployment: Deployment, new: Version, known: Sequence[Version]) -> Version:
    """Note that this version is on its way: under the next number, or its own where an earlier try got stuck."""
    newest = known[0] if known else None
    if newest is not None and newest.is_like(new) and newest.restores == new.restores:
        if newest.state == "finished":
            return newest  # it is there already: a deploy of nothing leaves no new version
        new = replace(new, number=newest.number)
    else:
        new = replace(new, number=newest.number + 1 if newest else 1)
    _store(s3, deployment, new, known)
    return new


def end(s3: S3Client, deployment: Deployment, version: Version, known: Sequence[Version], state: State) -> Version:
    """Note how it ended."""
    ended = replace(version, state=state)
    if ended not in known:
        _store(s3, deployment, ended, known)
    return ended


def prune(s3: S3Client, deployment: Deployment) -> int:
    """Delete the packages and templates that no known version needs; how many these were."""
    needed = {key for version in read(s3, deployment) for key in version.keys}
    there = [key for prefix in _PREFIXES for key in bucket.keys(s3, deployment, prefix)]
    unneeded = [key for key in there if key not in needed]
    bucket.delete(s3, deployment, unneeded)
    return len(unneeded)


def commit_of(project: Path) -> str | None:
    """The commit that is checked out, with a + for changes that are not in it; None where git knows nothing."""
    found = _git(project, "rev-parse", "--short=12", "HEAD")
    if found is None:
        return None
    return f"{found}+" if _git(project, "status", "--porcelain", "--untracked-files=no") else found


def _git(project: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(project), *arguments], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _store(s3: S3Client, deployment: Deployment, version: Version, known: Sequence[Version]) -> None:
    others = [other for other in known if other.number != version.number]
    content = json.dumps([each.to_json() for each in [version, *others][:KEPT]], indent=1).encode()
    s3.put_object(Bucket=deployment.bucket, Key=KEY, Body=content, ExpectedBucketOwner=deployment.settings.account_id)


def _from_json(value: dict[str, Any]) -> Version:
    templates = {
        name: StoredTemplate(stored["key"], tuple(stored["parameters"]), tuple(stored.get("looked_up", ())))
        for name, stored in value["templates"].items()
    }
    lists = {name: tuple(value[name]) for name in ("packages", "migrations")}
    return Version(**{**value, **lists, "templates": templates, "at": datetime.fromisoformat(value["at"])})
