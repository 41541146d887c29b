"""Add a file, the job exists; add a wrong one, nothing starts."""

from __future__ import annotations

import subprocess
import sys

import pytest

from functions.errors import DuplicateJob, InvalidJob, SettingsError
from functions.registry import collect

_FIND = """
import sys
from functions import registry
job = registry.find(sys.argv[1])
print(job.definition.source, "tests.unit.sample_jobs.fine.deeper.second" in sys.modules)
"""


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


def find(
    job_id: str, *, module: str, packages: str = "tests.unit.sample_jobs.fine"
) -> subprocess.CompletedProcess[str]:
    """`registry.find` in a process of its own, as in a function that was deployed for this module."""
    environment = {"JOB_MODULE": module, "JOBS_PACKAGES": packages}
    return subprocess.run([sys.executable, "-c", _FIND, job_id], env=environment, capture_output=True, text=True)


def test_a_function_imports_only_the_module_it_was_deployed_for() -> None:
    found = find("first", module="tests.unit.sample_jobs.fine.first")
    assert found.stdout == "tests.unit.sample_jobs.fine.first:first False\n"


@pytest.mark.parametrize("module", ["tests.unit.sample_jobs.moved", "tests.unit.sample_jobs.fine.deeper.second", ""])
def test_a_job_that_a_deploy_has_just_moved_is_found_in_the_packages(module: str) -> None:
    found = find("first", module=module)
    assert found.stdout == "tests.unit.sample_jobs.fine.first:first True\n"


def test_what_is_missing_in_the_functions_own_module_is_not_taken_for_the_module() -> None:
    found = find("first", module="tests.unit.sample_jobs.needy.job")
    assert "No module named 'nowhere_to_be_found'" in found.stderr


def test_a_function_that_has_to_look_through_the_packages_checks_their_schedules() -> None:
    found = find("first", module="tests.unit.sample_jobs.moved", packages="tests.unit.sample_jobs.broken")
    assert "InvalidJob: job 'bad'" in found.stderr


def test_a_module_name_that_cannot_be_one_is_refused_with_the_value() -> None:
    found = find("first", module="functions/jobs.py")
    assert "SettingsError: JOB_MODULE='functions/jobs.py' is invalid" in found.stderr
