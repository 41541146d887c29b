"""What the infrastructure of a stage may have beside what every stage has: all of it off unless it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class Options:
    """The choices of one stage."""


def options_from(table: Mapping[str, Any]) -> Options:
    """The options that `[tool.lamplighter.stages.<stage>.options]` of pyproject.toml names; an empty table is none.

    Raises SettingsError naming the first key or value that is wrong, the rule and the next step.
    """
    for name in table:
        raise SettingsError(f"option {name!r} is unknown: see docs/deploy.md for those there are")
    return Options()
