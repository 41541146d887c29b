"""One name per job in AWS: readable where it fits, distinct where it does not."""

from __future__ import annotations

import re
import uuid

from hypothesis import given
from hypothesis import strategies as st

from functions.naming import job_name, job_prefix, retry_schedule, role, scheduler_role

IDS = st.text("abcxyz019._-", min_size=1, max_size=100)


def test_an_id_that_fits_is_used_as_it_is() -> None:
    assert job_name("prod", "send-email") == "lamplighter-prod-job-send-email"


def test_ids_that_differ_only_in_what_aws_refuses_get_different_names() -> None:
    assert len({job_name("prod", job_id) for job_id in ("a.b", "a_b", "a-b")}) == 3


@given(IDS)
def test_every_name_is_one_lambda_iam_and_both_schedulers_accept(job_id: str) -> None:
    name = job_name("averylongstage00", job_id)
    assert re.fullmatch(r"[A-Za-z0-9-_]{1,64}", name)
    assert name.startswith(job_prefix("averylongstage00"))


@given(IDS, IDS)
def test_two_jobs_never_share_a_name(first: str, second: str) -> None:
    assert (job_name("prod", first) == job_name("prod", second)) == (first == second)


def test_each_attempt_has_a_schedule_of_its_own_that_no_reconcile_takes_for_a_jobs() -> None:
    execution_id = uuid.uuid4()
    names = {retry_schedule("averylongstage00", execution_id, attempt) for attempt in (2, 3)}
    assert len(names) == 2
    assert names & {retry_schedule("averylongstage00", execution_id, 2)}
    for name in names:
        assert re.fullmatch(r"[A-Za-z0-9-_]{1,64}", name)
        assert not name.startswith(job_prefix("averylongstage00"))


REGIONS = ("us-east-1", "ap-southeast-1", "us-gov-west-1")


@given(IDS, st.sampled_from(REGIONS))
def test_a_jobs_role_has_a_name_iam_accepts_which_says_stage_and_region(job_id: str, region: str) -> None:
    name = role(job_name("averylongstage00", job_id), region)
    assert re.fullmatch(r"[A-Za-z0-9-_]{1,64}", name)
    assert name.startswith(job_prefix("averylongstage00"))
    assert name.endswith(f"-{region}")


@given(IDS, IDS)
def test_no_two_jobs_nor_two_regions_share_a_role(first: str, second: str) -> None:
    names = [role(job_name("averylongstage00", job_id), region) for job_id in {first, second} for region in REGIONS]
    assert len(set(names)) == len(names)


def test_schedulers_role_is_named_whole_in_the_region_with_the_longest_name() -> None:
    assert (
        scheduler_role("averylongstage00", "ap-southeast-1") == "lamplighter-averylongstage00-scheduler-ap-southeast-1"
    )
