"""The instants a cron pattern fires at in a time zone, in either direction.

The sets are walked directly, without croniter: it has to parse its own text first, so behind our grammar it would
always cost more than alone, and it is wrong on `a-a`, on years after 2099, on `29W` and in daylight saving. The tests
hold it beside this code wherever it is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import MAXYEAR, MINYEAR, datetime, timedelta, tzinfo

from functions.record import Record
from functions.scheduling import zones
from functions.scheduling.pattern import Pattern

_MINUTE = timedelta(minutes=1)
_EARLIEST = datetime(MINYEAR + 1, 1, 1, tzinfo=zones.UTC)
_LATEST = datetime(MAXYEAR - 1, 1, 1, tzinfo=zones.UTC)


class CronOccurrences(Record):
    """A pattern in a time zone. The years are the wall clock's."""

    pattern: Pattern
    zone: tzinfo

    @property
    def aws_expression(self) -> str:
        return self.pattern.aws_expression

    def after(self, instant: datetime, anchor: datetime | None = None) -> Iterator[datetime]:  # noqa: ARG002 (one protocol)
        """Occurrences strictly after `instant`, in order."""
        local = _bounded(instant).astimezone(self.zone).replace(tzinfo=None)
        return (occurrence for occurrence in self._instants(local) if occurrence > instant)

    def before(self, instant: datetime, anchor: datetime | None = None) -> Iterator[datetime]:  # noqa: ARG002 (one protocol)
        """Occurrences strictly before `instant`, latest first."""
        # In a repeated hour the first pass is over, so times later on the clock than now have already been.
        local = zones.first_reading(_bounded(instant), self.zone)
        return (occurrence for occurrence in self._instants(local, backwards=True) if occurrence < instant)

    def _instants(self, start: datetime, *, backwards: bool = False) -> Iterator[datetime]:
        skipped = (start, start - _MINUTE)  # nothing yet
        for local in self.pattern.local_times(start, backwards=backwards):
            if skipped[0] <= local <= skipped[1]:
                continue
            occurrence = zones.instant(local, self.zone)
            if occurrence is None:
                skipped = zones.skipped_around(local, self.zone)
            else:
                yield occurrence


def _bounded(instant: datetime) -> datetime:
    """Kept a year away from what a datetime cannot hold, so that a zone's offset never leads outside."""
    return min(max(instant, _EARLIEST), _LATEST)
