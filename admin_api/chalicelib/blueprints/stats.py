"""/stats: how executions ended and how long they took, of all jobs or of one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import msgspec
from chalice.app import Blueprint, Response

from chalicelib import incoming, outgoing
from chalicelib.callers import Caller
from chalicelib.database import connection
from chalicelib.endpoint import endpoint
from chalicelib.inputs import AwareInstant, Input
from chalicelib.permissions import JOBS_VIEW
from chalicelib.serializers import stats as serializers
from chalicelib.serializers.stats import Stats
from chalicelib.services import stats as stats_service

stats = Blueprint(__name__)


class StatsQuery(Input):
    """By the hour (at most 31 days, usually the last 24 hours) or by the day (400, usually 30), in UTC."""

    by: Literal["hour", "day"] = "hour"
    since_at: AwareInstant | None = msgspec.field(name="from", default=None)
    until_at: AwareInstant | None = msgspec.field(name="to", default=None)


@endpoint(stats, "GET", "/stats", permission=JOBS_VIEW, query=StatsQuery, answers={200: Stats})
def show_stats(_: Caller, query: StatsQuery) -> Response:
    """200 with how the executions of all jobs ended, period by period."""
    return _answer(query, None)


@endpoint(
    stats,
    "GET",
    "/jobs/{job_id}/stats",
    permission=JOBS_VIEW,
    query=StatsQuery,
    answers={200: Stats},
    refusals=("jobs_not_found",),
)
def show_job_stats(_: Caller, job_id: str, query: StatsQuery) -> Response:
    """200 with how the executions of one job ended, period by period."""
    return _answer(query, incoming.job_id(job_id))


def _answer(query: StatsQuery, job_id: str | None) -> Response:
    with connection() as opened:
        page = stats_service.stats(
            opened, by=query.by, since_at=query.since_at, until_at=query.until_at, job_id=job_id, now=datetime.now(UTC)
        )
    return outgoing.as_json(serializers.stats(page))
