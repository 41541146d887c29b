"""The jobs there are: every module of the packages JOBS_PACKAGES names is imported, every `@job` in them counts.

A job's own function is told which module that job is in, and imports no other.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from functools import cache
from types import ModuleType

from functions.definition import schedules_were_checked
from functions.errors import DuplicateJob, JobNotFound, SettingsError
from functions.job import Job
from functions.settings import settings


@cache
def all_jobs() -> tuple[Job, ...]:
    """Every job, by id. Raises what a job module raises at import, DuplicateJob, or SettingsError."""
    return collect(settings().jobs_packages)


def find(job_id: str) -> Job:
    """The job with this id, looked for in JOB_MODULE first. Raises JobNotFound, and what all_jobs() raises."""
    for jobs in (_own_jobs, all_jobs):
        for job in jobs():
            if job.definition.id == job_id:
                return job
    raise JobNotFound(f"no job in {', '.join(settings().jobs_packages)} has the id {job_id!r}")


def collect(packages: Iterable[str]) -> tuple[Job, ...]:
    """Every job in these packages and the packages below them, by id. Raises as all_jobs() does."""
    found: dict[str, Job] = {}
    for package in packages:
        for module in _modules(package):
            for job in _defined_in(module):
                _add(found, job)
    return tuple(found[job_id] for job_id in sorted(found))


@cache
def _own_jobs() -> tuple[Job, ...]:
    """The jobs of JOB_MODULE; none without it, or where it is gone: a deploy changes code and environment in turns."""
    name = settings().job_module
    if name is None:
        return ()
    try:
        with schedules_were_checked():
            return tuple(_defined_in(importlib.import_module(name)))
    except ModuleNotFoundError as error:
        if not _is_about(name, error):
            raise
        return ()


def _modules(package_name: str) -> Iterator[ModuleType]:
    try:
        package = importlib.import_module(package_name)
    except ModuleNotFoundError as error:
        if not _is_about(package_name, error):
            raise
        raise SettingsError(f"JOBS_PACKAGES names {package_name!r}, but there is no such package") from error
    yield package
    import pkgutil  # late: a job's own function does without it

    for found in pkgutil.walk_packages(getattr(package, "__path__", []), f"{package_name}."):
        yield importlib.import_module(found.name)


def _is_about(name: str, error: ModuleNotFoundError) -> bool:
    """Whether it is this module that is missing, or a package it is in, and not one that it imports."""
    return error.name is not None and f"{name}.".startswith(f"{error.name}.")


def _defined_in(module: ModuleType) -> Iterator[Job]:
    for value in vars(module).values():
        if isinstance(value, Job) and value.function.__module__ == module.__name__:
            yield value


def _add(found: dict[str, Job], job: Job) -> None:
    other = found.setdefault(job.definition.id, job)
    if other is not job:
        sources = f"{other.definition.source} and {job.definition.source}"
        raise DuplicateJob(f"job id {job.definition.id!r} is used twice, by {sources}: give one of them another id")
