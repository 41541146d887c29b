"""The plan, what came of applying it, and the quota on the wire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta

from chalicelib.serializers.output import Instant, Output, instant
from chalicelib.services.plan import Difference, Drift, ShownPlan
from chalicelib.services.quota import Meter, Resource

if TYPE_CHECKING:
    from functions.scheduling.plan import Report, Step

Action = Literal["state", "remove", "update", "move", "create", "record"]
# An answer of Lambda has at most 6 MB.
_MOST = 1_000


class FieldDifference(Output):
    """One field of a trigger, by AWS's name with dots for nesting: as it is, and as it is to be; null: not there."""

    field: str
    before: Any
    after: Any


class PlanStep(Output):
    """What is to be done about one trigger; `record`: AWS is right and only our note is not.

    drift: how somebody changed it since we last wrote to it; null: it is we who want it changed.
    """

    action: Action
    name: Annotated[str, Meta(description="of the rule or schedule in AWS")]
    job: Annotated[str | None, Meta(description="the job's id; null for an orphan")]
    backend: str | None
    leaving: list[str]
    reason: str
    drift: Drift | None
    differences: list[FieldDifference]


class PlanAnswer(Output):
    """What a reconcile would do now: the first 1,000 steps, and how many there are of each kind."""

    planned_at: Instant
    is_clean: Annotated[bool, Meta(description="nothing in AWS would be changed")]
    counts: Annotated[dict[str, int], Meta(description="steps by action; `leave`: as it is to be")]
    drifted: Annotated[int, Meta(description="how many of the steps undo what somebody else did")]
    steps: list[PlanStep]


class Applied(Output):
    """What was done, and what there was no time for: then apply again."""

    done: Annotated[dict[str, int], Meta(description="steps by action")]
    left: dict[str, int]
    is_finished: bool


class QuotaMeter(Output):
    """One limit of AWS: used of it by the whole account, as far as it can be known, and by this deployment."""

    resource: Resource
    used: int
    ours: int
    limit: int
    share: Annotated[float, Meta(description="1 is full")]
    is_near: Annotated[bool, Meta(description="80 % or more is used")]


class Quota(Output):
    """Every limit that jobs count against."""

    meters: list[QuotaMeter]


def plan(shown: ShownPlan) -> PlanAnswer:
    """The plan."""
    return PlanAnswer(
        planned_at=instant(shown.plan.planned_at),
        is_clean=not shown.plan.changes,
        counts=dict(shown.counts),
        drifted=sum(difference.drift is not None for difference in shown.differences),
        steps=[_step(difference) for difference in shown.differences[:_MOST]],
    )


def applied(report: Report) -> Applied:
    """What came of it."""
    return Applied(done=_counts(report.done), left=_counts(report.left), is_finished=not report.left)


def quota(meters: Iterable[Meter]) -> Quota:
    """All meters."""
    return Quota(
        [QuotaMeter(m.resource, m.used, m.ours, m.limit, round(m.share, 4), m.is_near) for m in meters]
    )  # fmt: skip


def _counts(steps: Iterable[Step]) -> dict[str, int]:
    return dict(Counter(step.action for step in steps))


def _step(difference: Difference) -> PlanStep:
    step = difference.step
    return PlanStep(
        action=step.action,  # type: ignore[arg-type] # those that leave things are not among them
        name=step.name,
        job=step.job_id,
        backend=step.backend,
        leaving=list(step.leaving),
        reason=step.reason,
        drift=difference.drift,
        differences=[FieldDifference(**each.to_json()) for each in step.differences],
    )
