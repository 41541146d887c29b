"""Why an execution waits: for a time, for another execution, for its job's resume, or for its event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from functions.db.executions import WAITING, ListedExecution
from functions.text import Text, counted, joined


@dataclass(frozen=True)
class Reason:
    """What an execution waits for: `execution`, `time`, `enabled`, `resume` or `event`; and that in a sentence."""

    waits_for: str
    detail: str


def reason(row: ListedExecution, *, now: datetime, is_enabled: bool) -> Reason | None:
    """The first thing that has to happen; None for what does not wait. is_enabled: the deployment's JOBS_ENABLED."""
    if row.status not in WAITING:
        return None
    if row.status == "scheduled" and row.due_at is None:
        return Reason("execution", _parent(row))
    due_at = row.retry_at if row.status == "retrying" else row.due_at
    if due_at is not None and due_at > now:
        return Reason("time", _time(row, due_at))
    if not is_enabled:
        return Reason("enabled", Text("jobs are switched off in this deployment (JOBS_ENABLED=false)"))
    if row.job_paused_at is not None and _is_held(row):
        paused = Text(
            "the job was paused by %(by)s at %(at)s: resume it", by=row.job_paused_by, at=_text(row.job_paused_at)
        )
        return Reason("resume", paused)
    return Reason("event", _event(row))


def _is_held(row: ListedExecution) -> bool:
    # As the claim and the dispatch have it: what somebody triggers runs all the same, a retry ends instead.
    return row.cause == "one_time" if row.status == "retrying" else row.cause != "manual"


def _parent(row: ListedExecution) -> str:
    if row.parent_id is None:
        return Text("the execution it waited for has ended: the sweep runs or ends it within a minute")
    if row.run_on == "succeeded":
        return Text("it runs when execution %(parent)s succeeds", parent=row.parent_id)
    if row.run_on == "failed":
        return Text("it runs when execution %(parent)s fails or is lost", parent=row.parent_id)
    return Text("it runs when execution %(parent)s ends, however", parent=row.parent_id)


def _time(row: ListedExecution, due_at: datetime) -> str:
    said = [Text("due at %(at)s", at=_text(due_at))]
    if row.job_paused_at is not None and _is_held(row):
        said.append(Text("the job is paused, so it then waits for its resume"))
    if row.dispatch_error is not None:
        said.append(Text("EventBridge Scheduler did not take it, so the sweep starts it within a minute after that"))
    return joined("; ", said)


def _event(row: ListedExecution) -> str:
    if row.dispatches == 0:
        return Text("its event is on its way; should it not arrive, the sweep sends another one within two minutes")
    times: Text = counted("once", "%(number)s times", number=row.dispatches)
    if row.dispatched_at is not None:
        times = Text("%(times)s, last at %(at)s", times=times, at=_text(row.dispatched_at))
    if row.dispatch_error is not None:
        return Text("AWS did not take its event (tried %(times)s); the sweep tries again", times=times)
    return Text(
        "its event was sent %(times)s and has not arrived: Lambda may have no instance free for the job", times=times
    )


def _text(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
