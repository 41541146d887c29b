"""AWS's at(…): one wall-clock moment in the schedule's time zone, served by EventBridge Scheduler only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo

from functions.errors import InvalidSchedule
from functions.scheduling import zones
from functions.scheduling.cron_fields import YEARS
from functions.scheduling.quoted import quoted

_FORM = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}", re.ASCII)
_HAS_OFFSET = re.compile(r".*T.*(Z|[+-]\d{2}:?\d{0,2})", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class OneTime:
    """One moment: as the wall clock shows it (naive), and as an instant."""

    local: datetime
    instant: datetime

    @property
    def aws_expression(self) -> str:
        return f"at({self.local.isoformat()})"

    def after(self, instant: datetime, anchor: datetime | None) -> Iterator[datetime]:  # noqa: ARG002 (one protocol)
        """The instant, when it is still to come."""
        return iter((self.instant,) if self.instant > instant else ())

    def before(self, instant: datetime, anchor: datetime | None) -> Iterator[datetime]:  # noqa: ARG002 (one protocol)
        """The instant, when it has passed."""
        return iter((self.instant,) if self.instant < instant else ())


def read_one_time(text: str, zone: tzinfo) -> OneTime:
    """The moment in what stands inside at(…). Raises InvalidSchedule, also for a time the zone's clocks skip."""
    written = text.strip()
    if not _FORM.fullmatch(written):
        raise InvalidSchedule(_malformed(written))
    try:
        local = datetime.fromisoformat(written)
    except ValueError as error:
        raise InvalidSchedule(
            f"at({written}) is not on the calendar: {error}; write an existing date and time"
        ) from None
    if local.year not in YEARS.everything:
        raise InvalidSchedule(f"at({written}): the year must be {YEARS.rule}")
    instant = zones.instant(local, zone)
    if instant is None:
        raise InvalidSchedule(
            f"at({written}) does not exist in {zone}: the clocks skip it that day; write a time before or after the gap"
        )
    return OneTime(local, instant)


def _malformed(text: str) -> str:
    form = "at(…) takes yyyy-mm-ddThh:mm:ss, as in at(2027-03-01T09:00:00)"
    if "." in text:
        return f"at({text[:40]}) has a fraction of a second; {form}"
    if len(text) <= 40 and _HAS_OFFSET.fullmatch(text):
        return f"at({text}) has an offset; {form}, and the zone is the timezone option"
    return f"at value {quoted(text)} is no moment; {form}"
