"""Which occurrences of a job must have been delivered by now, were all well. Pure: no clock, no database."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

from functions.db.expectations import Expectation, Occurrence
from functions.record import Record
from functions.scheduling.cron import Schedule

# EventBridge, EnableRule: "allow a short period of time for changes to take effect". Nothing is expected within it.
SETTLING = timedelta(minutes=1)
# Rules fire anywhere within their minute, and delivery takes a while.
_DELIVERY = timedelta(minutes=2)
# The phase of a rule's rate is only seen from its events, in whole minutes: an occurrence may look one off.
_PHASE_SLACK = timedelta(minutes=1)
# After a long downtime the rest is the next batch's.
_MOST = 1_000
_INSTANT = timedelta(microseconds=1)

Instants = tuple[datetime, ...]


class Expected(Record):
    """What had to be there by now, oldest first.

    to_catch_up: for misfire=run_once the newest one, also if the job was held then. until_at: how far this goes; None
    when there was nothing to look at yet. again_at: when the next occurrence must be there; None for never.
    """

    occurrences: list[Occurrence]
    to_catch_up: Occurrence | None
    until_at: datetime | None
    again_at: datetime | None


def expected(job: Expectation, *, now: datetime, kept: timedelta) -> Expected:
    """What was expected of a job since it was last judged, at most 1,000 occurrences; `kept` as in misfires.judge."""
    schedule, anchor = _parsed(job.schedule, job.timezone), _anchor(job)
    if schedule.period is not None and anchor is None:
        return Expected(occurrences=[], to_catch_up=None, until_at=None, again_at=now + schedule.period)
    allowance = _DELIVERY + timedelta(seconds=job.jitter_s or 0)
    from_at, latest = max(job.from_at, now - kept), now - allowance
    is_phase_seen = job.anchor_at is None and schedule.period is not None and schedule.period > 2 * _PHASE_SLACK
    slack = _PHASE_SLACK if is_phase_seen else timedelta()

    def occurrence(at: datetime) -> Occurrence:
        return Occurrence(
            job_id=job.job_id, scheduled_at=at.replace(second=0, microsecond=0), due_at=at + allowance, slack=slack
        )

    instants, following = _unheld(job, anchor, from_at=from_at, until_at=latest)
    is_cut = len(instants) > _MOST
    until_at, following = (instants[_MOST - 1], instants[_MOST]) if is_cut else (latest, following)
    newest = None if is_cut or job.misfire != "run_once" else schedule.previous(latest + _INSTANT, anchor=anchor)
    return Expected(
        occurrences=[occurrence(at) for at in instants[:_MOST]],
        to_catch_up=occurrence(newest) if newest is not None and newest > from_at else None,
        until_at=until_at if until_at > from_at else None,
        again_at=None if following is None else following + allowance,
    )


# The same few schedules come every minute, for as long as this process is warm; and most jobs of one schedule were
# last judged at one instant.
_parsed = lru_cache(maxsize=4096)(Schedule.parse)


def _anchor(job: Expectation) -> datetime | None:
    """One fire time on a rate's phase, for a rule moved back to what is to be judged; None while there is none."""
    if job.anchor_at is not None:
        return job.anchor_at
    if job.last_fired_at is None or job.last_fired_at <= job.applied_at:
        return None
    period = _parsed(job.schedule, job.timezone).period
    since = max(job.from_at, job.applied_at)
    return None if period is None else job.last_fired_at - (job.last_fired_at - since) // period * period


def _unheld(
    job: Expectation, anchor: datetime | None, *, from_at: datetime, until_at: datetime
) -> tuple[Instants, datetime | None]:
    """As `_span`, without those while the job was held."""
    if job.held_from_at is None or job.held_until_at is None or job.held_until_at + SETTLING <= from_at:
        return _span(job.schedule, job.timezone, anchor, from_at, until_at)
    before, _ = _span(job.schedule, job.timezone, anchor, from_at, min(until_at, job.held_from_at - _INSTANT))
    back_at = max(from_at, job.held_until_at + SETTLING)
    after, following = _span(job.schedule, job.timezone, anchor, back_at, until_at)
    return before + after, following


@lru_cache(maxsize=1024)
def _span(
    schedule: str, timezone: str, anchor: datetime | None, from_at: datetime, until_at: datetime
) -> tuple[Instants, datetime | None]:
    """The occurrences after from_at and up to until_at, or at least one more than the most; and the one after both."""
    found: Instants = ()
    at, following = from_at, None
    while len(found) <= _MOST:
        # Mostly there is one, so few are asked for at first.
        more = _parsed(schedule, timezone).upcoming(at, 100 if found else 2, anchor=anchor)
        within = tuple(instant for instant in more if instant <= until_at)
        found += within
        if len(within) < len(more) or not more:
            following = more[len(within)] if more else None
            break
        at = more[-1]
    return found, following
