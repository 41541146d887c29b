"""What the doctor says of limits, permissions, the database and clocks, good and bad, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from functions.definition import JobDefinition
from infra.deploying import doctor, permissions
from infra.deploying.findings import Finding, worst
from tests.iam.evaluator import Request, Statement, decide
from tests.iam.stage import DEPLOYER, by_hand, deployment
from tests.unit.infra.deployments import deployment_of
from tests.unit.infra.servers import SERVER

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def patient(jobs: tuple[JobDefinition, ...] = (), **aws: Any) -> Any:
    return SimpleNamespace(deployment=deployment_of(jobs), aws=SimpleNamespace(**aws), living={}, is_up=True)


def levels(findings: list[Finding]) -> dict[str, str]:
    return {finding.subject: finding.level for finding in findings}


@pytest.mark.parametrize(
    ("reserved", "used", "expected"),
    [
        (900, 10, {"concurrency": "ok", "code storage": "ok"}),
        (901, 70, {"concurrency": "fail", "code storage": "warn"}),
    ],
)
def test_lambdas_limits(reserved: int, used: int, expected: dict[str, str]) -> None:
    account = {
        "AccountLimit": {"ConcurrentExecutions": 1_000, "TotalCodeSize": 80_000_000_000},
        "AccountUsage": {"TotalCodeSize": used * 1_000_000_000},
    }
    jobs = (JobDefinition(id="a", concurrency=reserved),)
    functions = SimpleNamespace(get_account_settings=lambda: account)
    assert levels(list(doctor._lambda(patient(jobs, functions=functions)))) == expected


@pytest.mark.parametrize(("others", "level"), [(0, "ok"), (250, "warn"), (300, "fail")])
def test_rules_of_others_count_too(others: int, level: str) -> None:
    pages = [{"Rules": [{"Name": f"other-{number}"} for number in range(others)]}]
    events = SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=lambda: pages))
    jobs = (JobDefinition(id="a", schedule="@hourly"),)
    (found,) = doctor._rules(patient(jobs, client=lambda _: events))
    assert (found.level, found.said) == (level, f"1 of this stage and {others} others, of 300 (RULES_LIMIT)")


@pytest.mark.parametrize(
    ("changed", "subject", "level", "advice"),
    [
        ({}, "database from Lambda", "ok", ""),
        ({"server_version": "14.9"}, "database from Lambda", "fail", "PostgreSQL 15 or newer"),
        ({"is_standby": True}, "database", "fail", "the primary"),
        ({"is_encrypted": False}, "TLS", "warn", "verify-full"),
        ({"owners": ["root"]}, "rights", "fail", "GRANT root TO app"),
        ({"may_create": False, "pending": ["0001"]}, "rights", "fail", "GRANT CREATE ON DATABASE jobs TO app"),
        ({"may_create": False}, "rights", "ok", ""),
        ({"connections": 90}, "connections", "warn", "pooler"),
        ({"pending": ["0099_more"]}, "migrations", "warn", "scripts/deploy up"),
    ],
)
def test_the_database_as_lambda_sees_it(changed: dict[str, Any], subject: str, level: str, advice: str) -> None:
    found = {finding.subject: finding for finding in doctor._server({"connect_ms": 5}, SERVER | changed)}
    assert found[subject].level == level
    assert advice in found[subject].advice
    assert {each.level for name, each in found.items() if name not in (subject, "migrations")} == {"ok"}


@pytest.mark.parametrize(
    ("lambda_off_s", "postgres_off_s", "level"), [(1, 0.2, "ok"), (-40, 0, "warn"), (90, 0, "warn"), (1, -31, "warn")]
)
def test_three_clocks_are_compared(lambda_off_s: float, postgres_off_s: float, level: str) -> None:
    answer = {"now": (NOW + timedelta(seconds=lambda_off_s)).isoformat(), "clock_ahead_s": postgres_off_s}
    (found,) = doctor._clocks(answer, NOW, NOW + timedelta(seconds=2))
    assert found.level == level


class Simulator:
    """IAM's, with our evaluator in it and a caller who has these statements."""

    def __init__(self, granted: Sequence[Statement]) -> None:
        self.granted = granted
        self.callers: list[str] = []

    def get_paginator(self, operation: str) -> Any:
        assert operation == "simulate_principal_policy"
        return SimpleNamespace(paginate=lambda **request: [self._answer(**request)])

    def _answer(self, **request: Any) -> Any:
        self.callers.append(request["PolicySourceArn"])
        context = {each["ContextKeyName"]: each["ContextKeyValues"][0] for each in request["ContextEntries"]}
        (resource,) = request["ResourceArns"]
        decisions = {"allow": "allowed", "deny": "implicitDeny"}
        results = [
            {"EvalActionName": action, "EvalDecision": decisions[decide(self.granted, asked)]}
            for action in request["ActionNames"]
            for asked in [Request(action=action, resource=resource, context=context)]
        ]
        return {"EvaluationResults": results}


CALLER = "arn:aws:sts::123456789012:assumed-role/deploy/ann"


@pytest.mark.parametrize("variant", ["environment", "everything"])
def test_a_caller_with_the_deployers_policies_lacks_nothing(variant: str) -> None:
    iam = Simulator(by_hand(DEPLOYER, variant))
    assert permissions.denied(SimpleNamespace(caller=CALLER, client=lambda _: iam), deployment(variant)) == []  # type: ignore[arg-type]
    assert set(iam.callers) == {"arn:aws:iam::123456789012:role/deploy"}
    assert permissions.principal("arn:aws:iam::123456789012:user/ann") == "arn:aws:iam::123456789012:user/ann"


def test_what_iams_simulator_denies_is_named_with_its_resource() -> None:
    iam = Simulator([each for each in by_hand(DEPLOYER) if each["Action"] != ["iam:PassRole"]])
    found = permissions.denied(SimpleNamespace(caller=CALLER, client=lambda _: iam), deployment())  # type: ignore[arg-type]
    assert found == ["iam:PassRole on arn:aws:iam::123456789012:role/lamplighter-dev-*-eu-central-1"]


def test_the_worst_finding_decides() -> None:
    ok, warn, fail = (Finding(level, "x", "y") for level in ("ok", "warn", "fail"))
    assert [worst([]), worst([ok]), worst([ok, warn]), worst([fail, ok])] == ["ok", "ok", "warn", "fail"]
