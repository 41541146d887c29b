"""What lists say is said column by column: every instant as one alone would be, every value in its own field."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec

from chalicelib.serializers import executions, jobs
from chalicelib.serializers.output import instant_or_none, instants
from functions.db.executions import ListedExecution
from functions.db.job_list import ListedJob

_AT = datetime(2026, 11, 28, 17, 0, tzinfo=UTC)
_LATER = [_AT + timedelta(minutes=number) for number in range(10)]


def test_many_instants_are_said_as_each_of_them_alone_is() -> None:
    ats = [
        _AT,
        None,
        _AT.replace(microsecond=120),
        _AT.astimezone(timezone(timedelta(hours=5, minutes=45))),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ]

    assert instants(ats) == [instant_or_none(at) for at in ats]
    assert instants([]) == []


def test_every_value_of_a_listed_job_is_in_its_field() -> None:
    names = ("next_execution_at", "last_started_at", "paused_at", "resume_at", "created_at")
    first = ListedJob(
        id="first", schedule="@daily", timezone="Europe/Prague", description="what", tags_json='["a", "b"]',
        timeout_s=7, state="paused", last_status="failed", last_duration_ms=1_500, paused_by="ann",
        pause_reason="because", **dict(zip(names, _LATER, strict=False)),
    )  # fmt: skip
    of_second: Any = ("second", None, "UTC", "", None, 9, "manual", *[None] * 8, _AT)
    second = ListedJob._make(of_second)

    said = [msgspec.to_builtins(job) for job in jobs.jobs([first, second])]

    at = [instant_or_none(later) for later in _LATER]
    assert said[0] == {
        "id": "first", "cron": "@daily", "timezone": "Europe/Prague", "description": "what", "tags": ["a", "b"],
        "state": "paused", "timeout": 7, "nextExecution": at[0], "lastExecution": at[1], "lastStatus": "failed",
        "lastDuration": 1.5, "isPaused": True, "pausedAt": at[2], "pausedBy": "ann", "pauseReason": "because",
        "pausedUntil": at[3], "createdAt": at[4],
    }  # fmt: skip
    assert (said[1]["id"], said[1]["tags"], said[1]["isPaused"], said[1]["createdAt"]) == ("second", [], False, at[0])
    assert jobs.jobs([]) == []


def test_every_value_of_an_execution_of_the_history_is_in_its_field() -> None:
    names = ("scheduled_at", "started_at", "finished_at", "retry_at", "due_at")
    fields: dict[str, Any] = dict.fromkeys(ListedExecution.__dataclass_fields__)
    row = ListedExecution(
        **fields
        | dict(zip(names, _LATER, strict=False))
        | {"id": uuid.UUID(int=1), "cause": "manual", "status": "retrying", "reason": "because", "attempt": 3}
        | {"duration_ms": 1_500, "error_type": "OSError", "error_message": "no"}
    )

    (said,) = executions.history([row])

    at = [instant_or_none(later) for later in _LATER]
    assert msgspec.to_builtins(said) == {
        "status": "retrying", "startedAt": at[1], "finishedAt": at[2], "duration": 1.5, "error": "OSError: no",
        "cause": "manual", "scheduledAt": at[0], "attempt": 3, "retryAt": at[3], "dueAt": at[4], "reason": "because",
        "jobId": str(uuid.UUID(int=1)),
    }  # fmt: skip
