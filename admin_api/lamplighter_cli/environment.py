"""What the command is told by its environment, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Environment:
    """`LAMPLIGHTER_*`, and where this user's configuration is (XDG Base Directory Specification)."""

    url: str | None
    profile: str
    token: str | None = field(repr=False)
    directory: Path


def environment(variables: Mapping[str, str]) -> Environment:
    """What these variables say; an empty one is as good as none."""
    config = Path(variables.get("XDG_CONFIG_HOME", ""))
    if not config.is_absolute():  # the specification: a relative path is to be ignored
        config = Path(variables.get("HOME") or Path.home()) / ".config"
    return Environment(
        url=variables.get("LAMPLIGHTER_URL") or None,
        profile=variables.get("LAMPLIGHTER_PROFILE") or "default",
        token=(variables.get("LAMPLIGHTER_TOKEN") or "").strip() or None,
        directory=config / "lamplighter",
    )
