"""How executions ended and how long they took, period by period: counts, success rate, percentiles of durations."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chalicelib.refusals import NotValid
from functions.db import jobs
from functions.db.connection import Connection
from functions.db.stat_periods import PeriodRow, Scale, periods

_LENGTHS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
# How many periods without a `from`, and at most.
_USUAL = {"hour": 24, "day": 30}
_MOST = {"hour": 31 * 24, "day": 400}
# As count_execution.sql has it: one step of the scale is a fifth longer than the one before.
_RATIO = 1.2


@dataclass(frozen=True, kw_only=True)
class Stats:
    """What ended in one period; durations in milliseconds, None where nothing ran.

    success_rate: of what ran to an end (succeeded, failed, lost), 0 to 1. p50_ms, p95_ms: within 10 % of the true
    nearest-rank percentile; the others are exact.
    """

    at: datetime
    succeeded: int
    failed: int
    skipped: int
    cancelled: int
    lost: int
    missed: int
    success_rate: float | None
    mean_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    max_ms: int | None


@dataclass(frozen=True, kw_only=True)
class StatsPage:
    """Every period of a span, in order, also those in which nothing ended, and all of them together."""

    by: str
    since_at: datetime
    until_at: datetime
    periods: list[Stats]
    total: Stats


def stats(
    connection: Connection,
    *,
    by: str,
    since_at: datetime | None,
    until_at: datetime | None,
    job_id: str | None,
    now: datetime,
) -> StatsPage:
    """Of one job or of all, by `hour` or `day` (UTC): the periods that hold since_at up to the one that ends at or
    after until_at; without them the last 24 hours or 30 days. Raises NotValid beyond 31 days of hours or 400 of days,
    and JobNotFound."""
    if job_id is not None:
        jobs.get(connection, job_id)
    since, until = _span(by, since_at, until_at, now)
    rows, scales = periods(connection, by=by, since_at=since, until_at=until, job_id=job_id)
    known, length = {row.at: row for row in rows}, _LENGTHS[by]
    starts = [since + number * length for number in range((until - since) // length)]
    return StatsPage(
        by=by,
        since_at=since,
        until_at=until,
        periods=[_stats(at, [known[at]] if at in known else [], scales.get(at, {})) for at in starts],
        total=_stats(since, rows, _added(scales.values())),
    )


def percentile_ms(scale: Scale, share: float, *, longest_ms: int) -> float | None:
    """The duration that this share of all is at most as long as (nearest rank); None where there is none.

    Within 10 % of the true one: a step is from 1.2^n to 1.2^(n+1), and its middle, 1.2^(n+0.5), is told.
    """
    rank = math.ceil(share * sum(scale.values()))
    for step in sorted(scale):
        rank -= scale[step]
        if rank <= 0:
            return min(_RATIO ** (step + 0.5) if step else 1.0, longest_ms)
    return None


def _span(by: str, since_at: datetime | None, until_at: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    try:
        since, until = _periods(by, since_at, until_at, now)
    except OverflowError:
        raise NotValid("from or to is at the end of the calendar: use years from 2 to 9998") from None
    if not since < until:
        raise NotValid(f"from={since.isoformat()} is not before to={until.isoformat()}: swap them")
    if (until - since) // _LENGTHS[by] > _MOST[by]:
        rule = "use at most 31 days by hour, 400 by day"
        raise NotValid(f"from={since.isoformat()} to={until.isoformat()} is too long a time by {by}: {rule}")
    return since, until


def _periods(by: str, since_at: datetime | None, until_at: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    length, end = _LENGTHS[by], (until_at or now).astimezone(UTC)
    until = _floor(by, end)
    if until_at is None or until < end:
        until += length
    since = until - _USUAL[by] * length if since_at is None else _floor(by, since_at.astimezone(UTC))
    return since, until


def _floor(by: str, at: datetime) -> datetime:
    hour = at.replace(minute=0, second=0, microsecond=0)
    return hour if by == "hour" else hour.replace(hour=0)


def _stats(at: datetime, rows: list[PeriodRow], scale: Scale) -> Stats:
    succeeded, failed, lost = (sum(getattr(row, name) for row in rows) for name in ("succeeded", "failed", "lost"))
    ran, timed = succeeded + failed + lost, sum(row.timed for row in rows)
    longest = max((row.duration_max_ms for row in rows), default=0)
    return Stats(
        at=at,
        succeeded=succeeded,
        failed=failed,
        skipped=sum(row.skipped for row in rows),
        cancelled=sum(row.cancelled for row in rows),
        lost=lost,
        missed=sum(row.missed for row in rows),
        success_rate=succeeded / ran if ran else None,
        mean_ms=sum(row.duration_sum_ms for row in rows) / timed if timed else None,
        p50_ms=percentile_ms(scale, 0.5, longest_ms=longest),
        p95_ms=percentile_ms(scale, 0.95, longest_ms=longest),
        max_ms=longest if timed else None,
    )


def _added(scales: Iterable[Scale]) -> Scale:
    total: Counter[int] = Counter()
    for scale in scales:
        total.update(scale)
    return total
