"""Statistics on the wire."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from chalicelib.serializers.output import Instant, Output, Seconds, instant
from chalicelib.services import stats as service

Estimate = Annotated[float, Meta(description="seconds, within 10 % of the nearest-rank percentile")]


class Counts(Output, kw_only=True):
    """How many executions ended as what, and how long they took; what nothing is known of is null."""

    succeeded: int
    failed: int
    skipped: int
    cancelled: int
    lost: int
    missed: int
    success_rate: Annotated[float | None, Meta(description="succeeded / (succeeded + failed + lost)")]
    mean: Seconds | None
    p50: Estimate | None
    p95: Estimate | None
    max: Seconds | None


class Period(Counts, kw_only=True):
    """What ended in the hour or day (UTC) that begins at this instant."""

    at: Instant


class Stats(Output):
    """Every period from `from` to `to`, in order, also those in which nothing ended, and all of them together."""

    by: str
    from_: Instant = msgspec.field(name="from")
    to: Instant
    periods: list[Period]
    total: Counts


def stats(page: service.StatsPage) -> Stats:
    """The statistics of one job, or of all."""
    return Stats(
        by=page.by,
        from_=instant(page.since_at),
        to=instant(page.until_at),
        periods=[Period(at=instant(each.at), **_counts(each)) for each in page.periods],
        total=Counts(**_counts(page.total)),
    )


def _counts(each: service.Stats) -> dict[str, Any]:
    return {
        "succeeded": each.succeeded,
        "failed": each.failed,
        "skipped": each.skipped,
        "cancelled": each.cancelled,
        "lost": each.lost,
        "missed": each.missed,
        "success_rate": each.success_rate,
        "mean": _seconds(each.mean_ms),
        "p50": _seconds(each.p50_ms),
        "p95": _seconds(each.p95_ms),
        "max": _seconds(each.max_ms),
    }


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds) / 1000
