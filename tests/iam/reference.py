"""AWS's Service Authorization Reference, as cfn-lint carries it: which action takes which resource."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any


def resource_types(action: str) -> tuple[str, ...]:
    """The types of resources an action can be limited to; empty: none. Raises KeyError for an action there is not."""
    service, _, name = action.partition(":")
    return tuple(_reference()[service]["Actions"][name.lower()].get("Resources", ()))


def takes(action: str, arn: str) -> bool:
    """Whether a resource of this ARN, which may hold wildcards, can be one the action is limited to."""
    kinds = {name.lower(): kind for name, kind in _reference()[action.partition(":")[0]]["Resources"].items()}
    formats = [format_ for name in resource_types(action) for format_ in kinds[name.lower()]["ARNFormats"]]
    return any(_pattern(format_).fullmatch(arn) for format_ in formats)


@cache
def _pattern(format_: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\$\{\w+\}", "[^:]*", format_))


@cache
def _reference() -> dict[str, Any]:
    text = files("cfnlint.data.AdditionalSpecs").joinpath("Policies.json").read_text("utf-8")
    return dict(json.loads(text))
