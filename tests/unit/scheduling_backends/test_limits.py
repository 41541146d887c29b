"""Each limit of AWS, just inside and just outside; and all violations in one report."""

from __future__ import annotations

from typing import Any

import pytest

from functions.definition import JobDefinition
from functions.errors import LimitExceeded
from functions.scheduling.backends import all_backends
from functions.scheduling.limits import LIMITS, PERMISSIONS_CHARACTERS, Limit, check
from functions.scheduling.wanted import WantedTrigger
from functions.settings import from_environment

SETTINGS = from_environment({"STAGE": "test"})
EACH = [pytest.param(backend, limit, id=f"{backend}-{limit.field}") for backend in LIMITS for limit in LIMITS[backend]]


def trigger(backend: str, job_id: str = "cleanup", **options: Any) -> WantedTrigger:
    job = JobDefinition(id=job_id, schedule="*/5 * * * *", **options)
    schedule = job.parsed_schedule
    assert schedule is not None
    definition = all_backends(SETTINGS)[backend].definition(job, schedule, enabled=True)
    return WantedTrigger(job_id=job_id, name="x", reason="", backend=backend, definition=definition, job=job)


def sized(limit: Limit, size: int) -> Any:
    if limit.unit == "characters":
        return "x" * size
    return {str(n): {} for n in range(size)} if limit.unit == "targets" else size


def with_field(whole: WantedTrigger, field: str, value: Any) -> WantedTrigger:
    def changed(part: Any, names: list[str]) -> Any:
        inner = value if len(names) == 1 else changed(part.get(names[0], {}), names[1:])
        return {**part, names[0]: inner}

    definition = changed(whole.definition, field.split("."))
    return WantedTrigger(job_id=whole.job_id, name="x", reason="", backend=whole.backend, definition=definition)


@pytest.mark.parametrize(("backend", "limit"), EACH)
def test_a_field_may_be_as_small_and_as_great_as_aws_allows(backend: str, limit: Limit) -> None:
    for size in (limit.least, limit.most):
        check([with_field(trigger(backend), limit.field, sized(limit, size))], rules_limit=300)


@pytest.mark.parametrize(("backend", "limit"), EACH)
def test_a_field_beyond_its_limit_is_refused_by_name_value_and_rule(backend: str, limit: Limit) -> None:
    for size in {max(limit.least - 1, 0), limit.most + 1} - {limit.least}:
        with pytest.raises(LimitExceeded) as caught:
            check([with_field(trigger(backend), limit.field, sized(limit, size))], rules_limit=300)
        assert f"job 'cleanup': {limit.field} has {size:,} {limit.unit}" in str(caught.value)
        assert f"AWS takes {limit.least:,} to {limit.most:,}" in str(caught.value)


@pytest.mark.parametrize("backend", LIMITS)
def test_a_name_with_other_characters_is_refused(backend: str) -> None:
    with pytest.raises(LimitExceeded, match="Name 'a b' has characters AWS refuses"):
        check([with_field(trigger(backend), "Name", "a b")], rules_limit=300)


def test_the_rules_of_a_deployment_are_counted_against_the_setting() -> None:
    rules = [trigger("rule", f"job-{n}") for n in range(3)]
    check(rules, rules_limit=3)
    check([*rules, trigger("schedule", "another")], rules_limit=3)
    with pytest.raises(LimitExceeded, match="3 rules, and RULES_LIMIT is 2"):
        check(rules, rules_limit=2)


def test_permissions_must_fit_into_a_role() -> None:
    around = len('[{"Action":"a","Resource":""}]')
    fits = {"Action": "a", "Resource": "r" * (PERMISSIONS_CHARACTERS - around)}
    check([trigger("rule", permissions=(fits,))], rules_limit=300)
    with pytest.raises(LimitExceeded, match="permissions have 8,193 characters as a policy"):
        check([trigger("rule", permissions=({**fits, "Resource": fits["Resource"] + "r"},))], rules_limit=300)


def test_every_violation_of_a_deployment_comes_in_one_report() -> None:
    bad = [with_field(trigger("rule", f"job-{n}"), "Description", "x" * 513) for n in range(3)]
    bad.append(with_field(with_field(trigger("schedule", "job-3"), "Name", ""), "ScheduleExpression", "x" * 257))
    with pytest.raises(LimitExceeded) as caught:
        check(bad, rules_limit=2)
    assert str(caught.value).startswith("AWS would refuse this (6 found), nothing was changed:\n- job 'job-0'")
    assert len(str(caught.value).splitlines()) == 7


@pytest.mark.parametrize("backend", LIMITS)
def test_the_longest_job_id_and_description_stay_inside_every_limit(backend: str) -> None:
    check([trigger(backend, "x" * 100, description="d" * 512)], rules_limit=300)
