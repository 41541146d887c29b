"""What a reconcile would do now, and what somebody changed in AWS behind our back; and doing it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from chalicelib import preconditions
from chalicelib.preconditions import Condition
from functions.db import audit, triggers
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.triggers import AppliedTrigger
from functions.settings import settings

if TYPE_CHECKING:
    from functions.scheduling.plan import Plan, Report, Step

# How AWS differs from what the last reconcile left there. `enabled` is also a pause AWS was not told of yet.
Drift = Literal["disabled", "enabled", "changed", "missing", "orphan"]
# API Gateway gives up after 29 s, we after 25: the last step begun may take a while, and so may the listing.
_LOCK_TIMEOUT = timedelta(seconds=4)
_TIME_LIMIT = timedelta(seconds=12)


@dataclass(frozen=True)
class Difference:
    """A step that is not `leave`, and whether it undoes what somebody else did: None for what we want changed."""

    step: Step
    drift: Drift | None


@dataclass(frozen=True, kw_only=True)
class ShownPlan:
    """What a reconcile would do; `counts` also has what is left as it is."""

    plan: Plan
    differences: list[Difference]
    counts: Counter[str]
    etag: str


def look(connection: Connection, *, deep: bool) -> ShownPlan:
    """The plan as things are; changes nothing. `deep`: also what no listing shows, with a call for each trigger.

    Raises AwsUnavailable, or LimitExceeded when what is deployed goes over AWS's limits.
    """
    from functions.scheduling import reconcile  # late: boto3 takes half a second

    planned = reconcile.plan(connection, settings(), deep=deep)
    applied = triggers.all_triggers(connection)
    return ShownPlan(
        plan=planned,
        differences=[
            Difference(step, _drift(step, None if step.job_id is None else applied.get(step.job_id)))
            for step in planned.steps
            if step.action != "leave"
        ],
        counts=Counter(step.action for step in planned.steps),
        etag=etag(planned),
    )


def of_job(connection: Connection, job_id: str) -> Difference:
    """What a reconcile would do about one job's trigger, which is read whole; also `leave`. Changes nothing.

    Raises JobNotFound, AwsUnavailable, LimitExceeded.
    """
    from functions.scheduling import reconcile  # late: boto3 takes half a second

    planned = reconcile.plan(connection, settings(), only={job_id}, deep=True)
    # More than one where it is on both backends: what writes comes first.
    step = planned.steps[0]
    return Difference(step, _drift(step, triggers.get(connection, job_id)))


def etag(plan: Plan) -> str:
    """The version of what this plan would do, whenever it was made."""
    # A rate that is to be made starts a period after now: that is no other plan.
    steps = [{**step.to_json(), "differences": [d.field for d in step.differences]} for step in plan.changes]
    return preconditions.etag(steps)


def apply(connection: Connection, author: Author, *, deep: bool, condition: Condition) -> Report:
    """Do it, as far as one request's time goes: `left` is what is not done.

    The audit row is written in the transaction that records what was done. Raises PreconditionFailed when
    the plan is another one by now; ReconcileRunning, AwsUnavailable or LimitExceeded.
    """
    from functions.scheduling.reconcile import reconcile

    def approve(plan: Plan) -> None:
        condition.check(etag(plan))
        planned = Counter(step.action for step in plan.changes)
        audit.record(connection, author, "plan.apply", after={"planned": dict(planned)})

    return reconcile(
        connection, settings(), deep=deep, lock_timeout=_LOCK_TIMEOUT, time_limit=_TIME_LIMIT, approve=approve
    )


def _drift(step: Step, applied: AppliedTrigger | None) -> Drift | None:
    from functions.scheduling.trigger import digest

    if not step.writes:
        return None
    if step.wanted is None:
        return "orphan" if applied is None else None
    if applied is None or (applied.backend, applied.digest) != (step.backend, digest(step.wanted)):
        return None
    if step.current is None:
        return "missing"
    if step.action != "state":
        return "changed"
    return "disabled" if step.wanted["State"] == "ENABLED" else "enabled"
