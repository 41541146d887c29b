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
from functions.text import Text

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
    except ValueError:
        raise InvalidSchedule(
            Text("at(%(written)s) is not on the calendar: write an existing date and time", written=written)
        ) from None
    if local.year not in YEARS.everything:
        raise InvalidSchedule(Text("at(%(written)s): the year must be %(rule)s", written=written, rule=YEARS.rule))
    instant = zones.instant(local, zone)
    if instant is None:
        raise InvalidSchedule(
            Text(
                "at(%(written)s) does not exist in %(zone)s: the clocks skip it that day; write a time before or "
                "after the gap",
                written=written,
                zone=zone,
            )
        )
    return OneTime(local, instant)


def _malformed(text: str) -> str:
    form = Text("at(…) takes yyyy-mm-ddThh:mm:ss, as in at(2027-03-01T09:00:00)")
    if "." in text:
        return Text("at(%(text)s) has a fraction of a second; %(form)s", text=text[:40], form=form)
    if len(text) <= 40 and _HAS_OFFSET.fullmatch(text):
        return Text("at(%(text)s) has an offset; %(form)s, and the zone is the timezone option", text=text, form=form)
    return Text("at value %(text)s is no moment; %(form)s", text=quoted(text), form=form)
