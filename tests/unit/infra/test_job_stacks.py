"""Jobs are spread over stacks so that none moves and none grows over CloudFormation's limit."""

from __future__ import annotations

import pytest

from infra.job_stacks import JOBS_PER_STACK, assign, stack_name, stack_number

_THOUSAND = [f"job-{number:04d}" for number in range(1000)]


def test_a_small_deployment_needs_one_stack() -> None:
    assert assign(["b", "a"], {}) == {1: ["a", "b"]}


def test_no_jobs_need_no_stack() -> None:
    assert assign([], {}) == {}


def test_a_thousand_jobs_fit_into_full_stacks() -> None:
    stacks = assign(_THOUSAND, {})

    assert sorted(job_id for ids in stacks.values() for job_id in ids) == _THOUSAND
    assert [len(ids) for ids in stacks.values()] == [JOBS_PER_STACK] * 20


def test_adding_a_job_moves_no_other() -> None:
    before = assign(_THOUSAND, {})
    after = assign([*_THOUSAND, "a-first-by-name"], before)

    assert {number: set(ids) & set(_THOUSAND) for number, ids in after.items() if number in before} == {
        number: set(ids) for number, ids in before.items()
    }
    assert after[21] == ["a-first-by-name"]


def test_removing_a_job_moves_no_other_and_its_place_is_given_to_the_next() -> None:
    before = assign(_THOUSAND, {})
    without = assign([job_id for job_id in _THOUSAND if job_id != before[1][0]], before)
    refilled = assign([*(job_id for ids in without.values() for job_id in ids), "zz-new"], without)

    assert without == {**before, 1: before[1][1:]}
    assert refilled == {**before, 1: [*before[1][1:], "zz-new"]}


def test_a_stack_without_jobs_is_named_so_that_it_can_be_deleted() -> None:
    assert assign(["b"], {1: ["a"], 2: ["b"]}) == {1: [], 2: ["b"]}


@pytest.mark.parametrize("number", [1, 20, 100])
def test_a_job_stacks_name_gives_its_number_back(number: int) -> None:
    assert stack_number("dev", stack_name("dev", number)) == number


@pytest.mark.parametrize(
    "name", ["lamplighter-dev", "lamplighter-dev2-jobs-01", "lamplighter-dev-jobs-", "other-dev-jobs-01"]
)
def test_a_stack_of_something_else_is_not_ours(name: str) -> None:
    assert stack_number("dev", name) is None
