"""Our reading of IAM's policy language: each rule of it once, and somebody else's evaluator says the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests.iam import simulator
from tests.iam.evaluator import Request, decide

ACCOUNT = "123456789012"
FUNCTIONS = f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:lamplighter-prod-job-"
PASSING = {"Condition": {"StringEquals": {"iam:PassedToService": ["scheduler.amazonaws.com", "x.amazonaws.com"]}}}


def statement(resource: Any = f"{FUNCTIONS}*", action: Any = "lambda:InvokeFunction", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def invoke(resource: str = f"{FUNCTIONS}a") -> Request:
    return Request(action="lambda:InvokeFunction", resource=resource)


def passing(**context: str) -> Request:
    role = f"arn:aws:iam::{ACCOUNT}:role/scheduler"
    return Request(
        action="iam:PassRole", resource=role, context={key.replace("_", ":"): v for key, v in context.items()}
    )


ROLE = statement(f"arn:aws:iam::{ACCOUNT}:role/scheduler", "iam:PassRole", **PASSING)
SCHEDULER = passing(iam_PassedToService="scheduler.amazonaws.com")
WITH_PREFIX = {"Condition": {"StringLike": {"iam:PassedToService": "sched*.amazonaws.com"}}}
ABOUT_ARN = {"Condition": {"ArnLike": {"iam:AssociatedResourceArn": f"{FUNCTIONS}*"}}}
CASES: dict[str, tuple[list[dict[str, Any]], Request, str]] = {
    "nothing is said": ([], invoke(), "deny"),
    "the action in other letters": ([statement(action="LAMBDA:invokefunction")], invoke(), "allow"),
    "one of several actions": ([statement(action=["lambda:GetFunction", "lambda:InvokeFunction"])], invoke(), "allow"),
    "an action with a wildcard": ([statement(action="lambda:Invoke*")], invoke(), "allow"),
    "an action with a wildcard for one sign": ([statement(action="lambda:InvokeFunctio?")], invoke(), "allow"),
    "another action": ([statement(action="lambda:GetFunction")], invoke(), "deny"),
    "one of several resources": ([statement(["arn:aws:s3:::a", f"{FUNCTIONS}*"])], invoke(), "allow"),
    "any resource": ([statement("*")], invoke(), "allow"),
    "a resource in other letters": ([statement(FUNCTIONS + "A")], invoke(), "deny"),
    "a prefix that is another stage's": ([statement()], invoke(FUNCTIONS.replace("prod", "prod2") + "a"), "deny"),
    "another region": ([statement()], invoke(FUNCTIONS.replace("central", "west") + "a"), "deny"),
    "another account": ([statement()], invoke(FUNCTIONS.replace("12345678", "99999999") + "a"), "deny"),
    "a wildcard ends with its part of the ARN": (
        [statement("arn:aws:lambda:*:function:lamplighter-prod-job-*")], invoke(), "deny",
    ),
    "a wildcard goes on within the last part": (
        [statement(f"arn:aws:lambda:eu-central-1:{ACCOUNT}:*")], invoke(), "allow",
    ),
    "exactly one sign": ([statement(FUNCTIONS + "?")], invoke(), "allow"),
    "not two signs for one": ([statement(FUNCTIONS + "?")], invoke(FUNCTIONS + "ab"), "deny"),
    "a refusal wins": ([statement(), statement(Effect="Deny")], invoke(), "deny"),
    "a refusal of something else": ([statement(), statement(FUNCTIONS + "b", Effect="Deny")], invoke(), "allow"),
    "a condition that holds": ([ROLE], SCHEDULER, "allow"),
    "a condition on another value": ([ROLE], passing(iam_PassedToService="lambda.amazonaws.com"), "deny"),
    "a condition on a value in other letters": ([ROLE], passing(iam_PassedToService="Scheduler.amazonaws.com"), "deny"),
    "a condition on a key the request lacks": ([ROLE], passing(), "deny"),
    "a condition with a wildcard": ([{**ROLE, **WITH_PREFIX}], SCHEDULER, "allow"),
    "a condition with a wildcard that is none": (
        [{**ROLE, "Condition": {"StringEquals": {"iam:PassedToService": "sched*"}}}], SCHEDULER, "deny",
    ),
    "a condition on an ARN": ([{**ROLE, **ABOUT_ARN}], passing(iam_AssociatedResourceArn=FUNCTIONS + "a"), "allow"),
    "a condition on another ARN": (
        [{**ROLE, **ABOUT_ARN}], passing(iam_AssociatedResourceArn=FUNCTIONS.replace("prod", "dev") + "a"), "deny",
    ),
    "two conditions of which one holds": (
        [{**ROLE, "Condition": {**PASSING["Condition"], **ABOUT_ARN["Condition"]}}], SCHEDULER, "deny",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_rule_of_the_policy_language_is_read_as_iam_reads_it(case: str) -> None:
    statements, request, answer = CASES[case]
    assert decide(statements, request) == answer


def test_somebody_elses_evaluator_says_the_same() -> None:
    said = simulator.answers([(statements, request) for statements, request, _ in CASES.values()], account=ACCOUNT)
    assert dict(zip(CASES, said, strict=True)) == {case: answer for case, (_, _, answer) in CASES.items()}


@pytest.mark.parametrize(
    "unknown",
    [
        statement(NotResource="*"),
        statement(Condition={"NumericLessThan": {"s3:max-keys": "10"}}),
        statement(Condition={"StringEqualsIfExists": {"aws:PrincipalTag/team": "a"}}),
        statement(FUNCTIONS + "${aws:username}"),
    ],
)
def test_what_it_cannot_read_is_an_error_and_no_answer(unknown: dict[str, Any]) -> None:
    with pytest.raises(NotImplementedError, match=r"teach tests/iam/evaluator.py"):
        decide([unknown], invoke())
