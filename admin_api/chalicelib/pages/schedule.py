"""Schedules explained: what an expression means, before it is in anybody's code."""

from __future__ import annotations

from typing import Annotated

from chalice.app import Blueprint, Response
from msgspec import Meta

from chalicelib.database import connection
from chalicelib.inputs import Input
from chalicelib.pages.page import page
from chalicelib.pages.rendering import render
from chalicelib.pages.visit import Visit
from chalicelib.permissions import JOBS_VIEW
from chalicelib.services import schedules
from chalicelib.services.schedules import Explained
from functions.errors import InvalidSchedule

schedule = Blueprint(__name__)

_OCCURRENCES = 20
_EXAMPLES = (
    ("*/15 * * * *", "UTC"), ("30 2 * * *", "Europe/Prague"), ("0 6 * * MON-FRI", "Europe/Prague"),
    ("cron(0 9 L * ? *)", "UTC"), ("cron(0 8 ? * 2#1 *)", "UTC"), ("rate(90 minutes)", "UTC"), ("@hourly", "UTC"),
    ("0 0 31 * *", "UTC"), ("at(2030-01-01T00:00:00)", "America/New_York"),
)  # fmt: skip
_ZONES = (
    "UTC", "Europe/Prague", "Europe/London", "America/New_York", "America/Los_Angeles", "America/Sao_Paulo",
    "Asia/Kolkata", "Asia/Tokyo", "Australia/Sydney",
)  # fmt: skip


class ScheduleQuery(Input):
    """What was typed; without an expression the page only asks for one."""

    expression: Annotated[str, Meta(max_length=20_000)] = ""
    zone: Annotated[str, Meta(max_length=200)] = ""


@page(schedule, "GET", "/schedule", permission=JOBS_VIEW, query=ScheduleQuery)
def explain_schedule(visit: Visit, query: ScheduleQuery) -> Response:
    """The form, and below it what the expression means."""
    zone = query.zone.strip() or "UTC"
    explained, errors = _explained(visit, query.expression, zone) if query.expression.strip() else (None, {})
    return render(
        visit, "schedule.html", query=query, zone=zone, explained=explained, errors=errors, examples=_EXAMPLES,
        zones=sorted({*_ZONES, visit.zone.key}), status=400 if errors else 200,
    )  # fmt: skip


def _explained(visit: Visit, expression: str, zone: str) -> tuple[Explained | None, dict[str, InvalidSchedule]]:
    try:
        schedules.check_zone(zone)
    except InvalidSchedule as error:
        return None, {"zone": error}
    try:
        with connection() as opened:
            return schedules.explain(opened, expression, zone, now=visit.now, count=_OCCURRENCES), {}
    except InvalidSchedule as error:
        return None, {"expression": error}
