"""Everything there is to say about one schedule before anything is deployed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from functions.scheduling import clock_changes, zones
from functions.scheduling.backends import choose
from functions.scheduling.clock_changes import ClockChange
from functions.scheduling.cron import Schedule
from functions.scheduling.describe import LANGUAGES
from functions.scheduling.scheduler import Scheduler
from functions.settings import Settings

LOCALES = tuple(LANGUAGES)

_UNANCHORED = {"en": "counted from when it is deployed", "cs": "počítáno od nasazení"}
_BY_HAND = {"en": "only when triggered by hand", "cs": "jen při ručním spuštění"}


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """One schedule: in words, where it goes and why, and its next occurrences (UTC). No schedule: a job run by hand.

    `backend` is None where AWS is given nothing to fire; `reason` says why in either case.
    """

    job_id: str | None
    schedule: Schedule | None
    jitter: timedelta | None
    words: str
    backend: str | None
    reason: str
    occurrences: tuple[datetime, ...]
    clock_changes: tuple[ClockChange, ...]
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The explanation as JSON values; instants in UTC, and each occurrence on the zone's clock too."""
        schedule = self.schedule
        period = schedule.period if schedule else None
        return {
            **({"job_id": self.job_id} if self.job_id else {}),
            "schedule": schedule and schedule.text,
            "timezone": schedule and schedule.timezone,
            "kind": schedule and schedule.kind,
            "aws_expression": schedule and schedule.aws_expression,
            "words": self.words,
            "period_s": period and int(period.total_seconds()),
            "jitter_s": self.jitter and int(self.jitter.total_seconds()),
            "backend": self.backend,
            "reason": self.reason,
            "occurrences": self._occurrences_json(),
            "clock_changes": [change.to_json() for change in self.clock_changes],
            "warnings": list(self.warnings),
        }

    def _occurrences_json(self) -> list[dict[str, Any]]:
        if self.schedule is None:
            return []
        zone = zones.find(self.schedule.timezone)
        change_days = {change.starts_at.date() for change in self.clock_changes}
        local = [(at, at.astimezone(zone)) for at in self.occurrences]
        return [
            {"at": at.isoformat(), "local": on_clock.isoformat(), "clocks_change": on_clock.date() in change_days}
            for at, on_clock in local
        ]


def explain(
    schedule: Schedule | None,
    *,
    backend: str | None,
    reason: str,
    now: datetime,
    count: int,
    locale: str,
    job_id: str | None = None,
    jitter: timedelta | None = None,
) -> Explanation:
    """The explanation of a schedule at an instant, with its next `count` occurrences."""
    occurrences = tuple(schedule.upcoming(now, count)) if schedule else ()
    return Explanation(
        job_id=job_id,
        schedule=schedule,
        jitter=jitter,
        words=_words(schedule, locale),
        backend=backend,
        reason=reason,
        occurrences=occurrences,
        clock_changes=clock_changes.around(schedule, occurrences, now=now) if schedule else (),
        warnings=_warnings(schedule, now) if schedule else (),
    )


def explain_expression(
    text: str, timezone: str, *, settings: Settings, now: datetime, count: int, locale: str
) -> Explanation:
    """The explanation of an expression no job has yet. Raises InvalidSchedule."""
    schedule = Schedule.parse(text, timezone)
    backend, reason = _backend(schedule, settings)
    return explain(schedule, backend=backend, reason=reason, now=now, count=count, locale=locale)


def _backend(schedule: Schedule, settings: Settings) -> tuple[str | None, str]:
    if schedule.kind == "never":
        return None, "a job with it runs by hand only: it never fires"
    if schedule.kind == "at":
        return Scheduler.name, "a rule has no one-time form, and a job takes recurring schedules only"
    return choose(schedule, None, settings=settings, is_rule_free=True)


def _words(schedule: Schedule | None, locale: str) -> str:
    if schedule is None:
        return _BY_HAND[locale]
    words = schedule.describe(locale)
    return f"{words}, {_UNANCHORED[locale]}" if schedule.period is not None else words


def _warnings(schedule: Schedule, now: datetime) -> tuple[str, ...]:
    if schedule.kind not in ("cron", "at") or schedule.next_after(now) is not None:
        return schedule.warnings
    last = schedule.previous(now)
    over = f"its last occurrence was {last:%Y-%m-%d %H:%M} UTC" if last else "it has no occurrence"
    return (f"never fires again: {over}", *schedule.warnings)
