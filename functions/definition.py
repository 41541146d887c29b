"""What a job is, as plain data: checked once, stored with each deploy, the same for code, PostgreSQL and AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from string import ascii_lowercase, digits
from typing import TYPE_CHECKING, Any

from functions.errors import InvalidJob, InvalidSchedule
from functions.record import Record
from functions.retry import Retry
from functions.settings import CONCURRENCY

if TYPE_CHECKING:
    from functions.scheduling.cron import Schedule

_OF_AN_ID = frozenset(f"{ascii_lowercase}{digits}._-")
_MINUTE = timedelta(minutes=1)
# Lambda quotas: timeout 1-900 s, memory 128-10,240 MB. EventBridge: description at most 512 characters.
# EventBridge Scheduler: a flexible window is 1-1,440 minutes.
_TIMEOUT = (timedelta(seconds=1), timedelta(seconds=900))
_MEMORY_MB = (128, 10_240)
_DESCRIPTION = 512
_JITTER = (_MINUTE, timedelta(minutes=1_440))
_MOST_FAILURES = 1_000
_TAGS, _TAG = 20, 50
_schedule_was_checked = ContextVar("_schedule_was_checked", default=False)
OVERLAPS = ("skip", "allow")
MISFIRES = ("ignore", "run_once")


class JobDefinition(Record):
    """One job's options. Raises InvalidJob on construction when one of them breaks a rule.

    params: the dataclass its params are; of a definition that was stored, the JSON Schema of it.
    """

    id: str
    schedule: str | None = None
    timezone: str = "UTC"
    description: str = ""
    timeout: timedelta = timedelta(seconds=60)
    memory_mb: int = 256
    retry: Retry | None = None
    overlap: str = "skip"
    misfire: str = "ignore"
    pause_after_failures: int | None = None
    concurrency: int | None = None
    jitter: timedelta | None = None
    permissions: tuple[Mapping[str, Any], ...] = ()
    params: type | Mapping[str, Any] | None = None
    source: str = ""
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_job_id(self.id)
        self._check_text()
        self._check_tags()
        self._check_sizes()
        self._check_concurrency()
        self._check_failures()
        self._check_permissions()
        self._check_schedule()

    @property
    def parsed_schedule(self) -> Schedule | None:
        """The parsed schedule; None for a job that only runs by hand."""
        return None if self.schedule is None else _parse(self.schedule, self.timezone)

    @property
    def module(self) -> str:
        """The name of the module it is written in."""
        return self.source.partition(":")[0]

    @property
    def params_schema(self) -> Mapping[str, Any] | None:
        """The JSON Schema of its params; None without. Raises InvalidJob for defaults or types that cannot be."""
        if isinstance(self.params, type):
            from functions.params import check_defaults, schema  # late: a job that runs needs no schema

            check_defaults(self.id, self.params)
            return schema(self.params)
        return self.params

    @property
    def hash(self) -> str:
        """SHA-256 of every option, hexadecimal: equal exactly when nothing about the job changed."""
        import hashlib  # late: a deploy asks for it, a job that starts does not

        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """The options as JSON values; durations in seconds. Newer ones only where used: the others keep their hash."""
        newer = {
            "concurrency": self.concurrency,
            "params_schema": self.params_schema,
            "tags": list(self.tags) or None,
        }
        return {
            "id": self.id,
            "schedule": self.schedule,
            "timezone": self.timezone,
            "description": self.description,
            "timeout_s": int(self.timeout.total_seconds()),
            "memory_mb": self.memory_mb,
            "retry": None if self.retry is None else self.retry.to_json(),
            "overlap": self.overlap,
            "misfire": self.misfire,
            "pause_after_failures": self.pause_after_failures,
            "jitter_s": None if self.jitter is None else int(self.jitter.total_seconds()),
            "permissions": [dict(statement) for statement in self.permissions],
            "source": self.source,
            **{name: value for name, value in newer.items() if value is not None},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> JobDefinition:
        """The definition that to_json() wrote, also that of an older deploy that lacked some options."""
        rest = {name: value[name] for name in ("id", "schedule", "timezone", "description", "memory_mb", "overlap")}
        return cls(
            **rest,
            timeout=timedelta(seconds=value["timeout_s"]),
            retry=None if value.get("retry") is None else Retry.from_json(value["retry"]),
            misfire=value.get("misfire", "ignore"),
            pause_after_failures=value.get("pause_after_failures"),
            concurrency=value.get("concurrency"),
            jitter=None if value["jitter_s"] is None else timedelta(seconds=value["jitter_s"]),
            permissions=tuple(value["permissions"]),
            params=value.get("params_schema"),
            source=value["source"],
            tags=tuple(value.get("tags", ())),
        )

    def _check_text(self) -> None:
        if not isinstance(self.description, str) or len(self.description) > _DESCRIPTION:
            raise self._invalid("description", self.description, f"text of at most {_DESCRIPTION} characters")
        if self.overlap not in OVERLAPS:
            raise self._invalid("overlap", self.overlap, f"one of {', '.join(OVERLAPS)}")
        if self.misfire not in MISFIRES:
            raise self._invalid("misfire", self.misfire, f"one of {', '.join(MISFIRES)}")

    def _check_tags(self) -> None:
        if not isinstance(self.tags, tuple):
            raise self._invalid("tags", self.tags, "a list such as ['billing', 'nightly']")
        for tag in self.tags:
            if not is_job_id(tag) or len(tag) > _TAG:
                raise self._invalid("tags", tag, f"tags of 1 to {_TAG} of a-z, 0-9, '.', '_' or '-'")
        if len(self.tags) > _TAGS or len(set(self.tags)) < len(self.tags):
            raise self._invalid("tags", self.tags, f"at most {_TAGS} tags, each once")

    def _check_sizes(self) -> None:
        if not isinstance(self.timeout, timedelta) or not _whole(self.timeout, *_TIMEOUT, unit=timedelta(seconds=1)):
            raise self._invalid("timeout", self.timeout, "a timedelta of 1 to 900 whole seconds (Lambda's limit)")
        low, high = _MEMORY_MB
        if type(self.memory_mb) is not int or not low <= self.memory_mb <= high:
            raise self._invalid("memory_mb", self.memory_mb, f"a whole number from {low} to {high} (Lambda's limit)")
        if self.jitter is None:
            return
        if not isinstance(self.jitter, timedelta) or not _whole(self.jitter, *_JITTER, unit=_MINUTE):
            raise self._invalid("jitter", self.jitter, "a timedelta of 1 to 1,440 whole minutes, or None")

    def _check_concurrency(self) -> None:
        low, high = CONCURRENCY
        if self.concurrency is not None and (type(self.concurrency) is not int or not low <= self.concurrency <= high):
            raise self._invalid("concurrency", self.concurrency, f"a whole number from {low} to {high:,}, or None")

    def _check_failures(self) -> None:
        if self.retry is not None and not isinstance(self.retry, Retry):
            raise self._invalid("retry", self.retry, "Retry(attempts=…), or None")
        most = self.pause_after_failures
        if most is not None and (type(most) is not int or not 1 <= most <= _MOST_FAILURES):
            rule = f"a whole number from 1 to {_MOST_FAILURES}, or None"
            raise self._invalid("pause_after_failures", most, rule)

    def _check_permissions(self) -> None:
        for statement in self.permissions:
            if not isinstance(statement, Mapping) or not {"Action", "Resource"} <= set(statement):
                raise self._invalid("permissions", statement, "IAM statements such as {'Action': …, 'Resource': …}")

    def _check_schedule(self) -> None:
        if _schedule_was_checked.get():
            return
        if self.schedule is not None and not isinstance(self.schedule, str):
            raise self._invalid("schedule", self.schedule, "a string such as '*/5 * * * *' or '@hourly', or None")
        try:
            schedule = _parse(self.schedule or "@daily", self.timezone)
        except InvalidSchedule as error:
            raise InvalidJob(f"job {self.id!r}: {error}") from error
        if self.schedule is not None and schedule.kind == "at":
            raise self._invalid("schedule", self.schedule, "a recurring schedule; at(…) is for one-time jobs")

    def _invalid(self, option: str, value: object, rule: str) -> InvalidJob:
        return InvalidJob(f"job {self.id!r}: {option}={value!r} is invalid: use {rule}")


@contextmanager
def schedules_were_checked() -> Iterator[None]:
    """Inside, no new definition's schedule is parsed: for a job's own function, which is deployed only when it parses.

    Nothing in that function reads the schedule, and the grammar is a quarter of what it would import beside its job.
    """
    before = _schedule_was_checked.set(True)
    try:
        yield
    finally:
        _schedule_was_checked.reset(before)


def is_job_id(text: object) -> bool:
    """Whether this could be a job's id at all: 1-100 of a-z 0-9 . _ -"""
    return isinstance(text, str) and 1 <= len(text) <= 100 and _OF_AN_ID.issuperset(text)


def check_job_id(job_id: object) -> None:
    """Raise InvalidJob unless this is 1-100 of a-z 0-9 . _ -"""
    if not is_job_id(job_id):
        raise InvalidJob(f"job id {job_id!r} is invalid: use a-z, 0-9, '.', '_' or '-', at most 100 characters")


def _parse(schedule: str, timezone: str) -> Schedule:
    # Imported late: a job's own function never gets here.
    from functions.scheduling.cron import Schedule

    return Schedule.parse(schedule, timezone)


def _whole(value: timedelta, low: timedelta, high: timedelta, *, unit: timedelta) -> bool:
    return low <= value <= high and value % unit == timedelta()
