"""The jobs there are: every module of the packages JOBS_PACKAGES names is imported, every `@job` in them counts."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from functools import cache
from types import ModuleType

from functions.errors import DuplicateJob, JobNotFound, SettingsError
from functions.job import Job
from functions.settings import settings


@cache
def all_jobs() -> tuple[Job, ...]:
    """Every job, by id. Raises what a job module raises at import, DuplicateJob, or SettingsError."""
    return collect(settings().jobs_packages)


def find(job_id: str) -> Job:
    """The job with this id. Raises JobNotFound."""
    for job in all_jobs():
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


def _modules(package_name: str) -> Iterator[ModuleType]:
    try:
        package = importlib.import_module(package_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{package_name}.".startswith(f"{error.name}."):
            raise
        raise SettingsError(f"JOBS_PACKAGES names {package_name!r}, but there is no such package") from error
    yield package
    for found in pkgutil.walk_packages(getattr(package, "__path__", []), f"{package_name}."):
        yield importlib.import_module(found.name)


def _defined_in(module: ModuleType) -> Iterator[Job]:
    for value in vars(module).values():
        if isinstance(value, Job) and value.function.__module__ == module.__name__:
            yield value


def _add(found: dict[str, Job], job: Job) -> None:
    other = found.setdefault(job.definition.id, job)
    if other is not job:
        sources = f"{other.definition.source} and {job.definition.source}"
        raise DuplicateJob(f"job id {job.definition.id!r} is used twice, by {sources}: give one of them another id")
