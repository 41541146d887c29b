"""Add a file, the job exists; add a wrong one, nothing starts."""

from __future__ import annotations

import pytest

from functions.errors import DuplicateJob, InvalidJob, SettingsError
from functions.registry import collect


def test_every_module_of_a_package_and_of_those_below_is_found_once_and_in_order() -> None:
    jobs = collect(["tests.unit.sample_jobs.fine"])
    assert [job.definition.id for job in jobs] == ["a.second", "first"]


def test_an_id_used_twice_stops_at_import_naming_both_places() -> None:
    with pytest.raises(DuplicateJob, match=r"'same' is used twice, by tests\S+one:one and tests\S+two:two"):
        collect(["tests.unit.sample_jobs.twice"])


def test_a_bad_schedule_stops_at_import_with_the_value_in_the_message() -> None:
    with pytest.raises(InvalidJob, match=r"job 'bad'.*61"):
        collect(["tests.unit.sample_jobs.broken"])


def test_a_package_that_does_not_exist_is_named() -> None:
    with pytest.raises(SettingsError, match=r"JOBS_PACKAGES names 'no\.such'"):
        collect(["no.such"])
