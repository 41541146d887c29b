"""What IAM answers, for the part of the policy language that we use; anything else in a policy is an error.

IAM User Guide: "Policy evaluation logic", "IAM JSON policy elements: Resource" (a wildcard stays in its part of an
ARN), "Condition operators" (a key that the request lacks does not match). simulator.py asks somebody else the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

Answer = Literal["allow", "deny"]
Statement = Mapping[str, Any]
_ARN_PARTS = 6
_KNOWN = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}


@dataclass(frozen=True, kw_only=True)
class Request:
    """One thing a principal asks for. service: who asks, where it is an AWS service and not a role."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)
    service: str | None = None


def decide(statements: Iterable[Statement], request: Request) -> Answer:
    """Whether the request is allowed: by one statement at least, and refused by none."""
    effects = {str(statement["Effect"]) for statement in statements if _applies(statement, request)}
    return "allow" if effects == {"Allow"} else "deny"


def _applies(statement: Statement, request: Request) -> bool:
    if not statement.keys() <= _KNOWN:
        raise NotImplementedError(f"{sorted(statement.keys() - _KNOWN)} in a statement: teach tests/iam/evaluator.py")
    return (
        _is_by(statement, request)
        and any(_matches(pattern.lower(), request.action.lower()) for pattern in _list(statement["Action"]))
        and ("Resource" not in statement or any(_names(arn, request.resource) for arn in _list(statement["Resource"])))
        and all(
            _holds(operator, wanted, request.context) for operator, wanted in statement.get("Condition", {}).items()
        )
    )


def _is_by(statement: Statement, request: Request) -> bool:
    if "Principal" not in statement:
        return request.service is None
    return request.service in _list(statement["Principal"]["Service"])


def _names(pattern: str, arn: str) -> bool:
    if pattern == "*":
        return True
    patterns, parts = pattern.split(":", _ARN_PARTS - 1), arn.split(":", _ARN_PARTS - 1)
    return len(patterns) == len(parts) and all(map(_matches, patterns, parts))


def _holds(operator: str, wanted: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    test = _OPERATORS.get(operator)
    if test is None:
        raise NotImplementedError(f"condition operator {operator!r}: teach tests/iam/evaluator.py")
    given = {key.lower(): value for key, value in context.items()}
    return all(
        key.lower() in given and any(test(pattern, given[key.lower()]) for pattern in _list(patterns))
        for key, patterns in wanted.items()
    )


_OPERATORS = {
    "StringEquals": str.__eq__,
    "StringLike": lambda pattern, value: _matches(pattern, value),
    "ArnEquals": _names,
    "ArnLike": _names,
}


def _matches(pattern: str, value: str) -> bool:
    return _compiled(pattern).fullmatch(value) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    if "${" in pattern:
        raise NotImplementedError(f"a policy variable in {pattern!r}: teach tests/iam/evaluator.py")
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(sign) or re.escape(sign) for sign in pattern), re.DOTALL)


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
