"""Schedule: any expression people write, as AWS reads it, with the instants AWS fires at. Pure: no clock, no network.

Five-field cron and its macros, AWS's cron(…), rate(…) and at(…) come in; one normalised AWS expression goes out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Literal

from functions.errors import InvalidSchedule
from functions.record import Record
from functions.scheduling import foreign, macros, surprises, zones
from functions.scheduling.cron_standard import read_standard
from functions.scheduling.occurrences import CronOccurrences
from functions.scheduling.quoted import quoted
from functions.text import Text, said_by

if TYPE_CHECKING:
    from functions.scheduling.one_time import OneTime
    from functions.scheduling.rate import Rate

    Timing = CronOccurrences | Rate | OneTime

Kind = Literal["cron", "rate", "at", "never"]

_LONGEST_TEXT = 10_000
_LONGEST_EXPRESSION = 256  # EventBridge API, PutRule and CreateSchedule: ScheduleExpression
_BEGINNING = datetime(1970, 1, 1, tzinfo=zones.UTC) - timedelta(days=1)  # before AWS's first year in any zone


class Schedule(Record):
    """When a job runs: an expression and a time zone, checked. Make one with `Schedule.parse`.

    `kind` is `never` for a valid expression that no date matches: it has no occurrence and no `aws_expression`.
    `warnings` are English sentences about what may surprise. `period` is set for a rate only.
    """

    text: str
    timezone: str
    kind: Kind
    aws_expression: str | None
    warnings: tuple[str, ...]
    period: timedelta | None
    _timing: Timing

    @classmethod
    def parse(cls, text: str, timezone: str = "UTC") -> Schedule:
        """The schedule of an expression in an IANA time zone.

        Raises InvalidSchedule for what AWS would refuse, and for what cron implementations read differently.
        """
        zone = zones.find(timezone)
        try:
            kind, timing, warnings = _read(text, zone)
            never = kind == "cron" and next(timing.after(_BEGINNING, None), None) is None
            return cls(
                text=text,
                timezone=timezone,
                kind="never" if never else kind,
                aws_expression=None if never else _checked_length(timing.aws_expression),
                warnings=(surprises.NEVER,) if never else warnings,
                period=getattr(timing, "period", None),
                _timing=timing,
            )
        except InvalidSchedule as refused:
            raise InvalidSchedule(
                Text("schedule %(text)s is invalid: %(refused)s", text=quoted(text), refused=said_by(refused))
            ) from None

    def next_after(self, after: datetime, *, anchor: datetime | None = None) -> datetime | None:
        """The first occurrence strictly after an instant, in UTC; None when there is none or a rate has no anchor.

        `anchor` is one known fire time of a rate: occurrences count from it, and none is claimed before it.
        """
        return next(self._after(after, anchor), None)

    def upcoming(self, after: datetime, count: int, *, anchor: datetime | None = None) -> list[datetime]:
        """Up to `count` occurrences strictly after an instant, in UTC and in order; anchor as in `next_after`."""
        return list(islice(self._after(after, anchor), count))

    def between(self, after: datetime, before: datetime, *, anchor: datetime | None = None) -> list[datetime]:
        """The occurrences strictly between two instants, in UTC and in order; anchor as in `next_after`."""
        end = _utc(before)
        return list(takewhile(lambda at: at < end, self._after(after, anchor)))

    def previous(self, at: datetime, *, anchor: datetime | None = None) -> datetime | None:
        """The last occurrence strictly before an instant, in UTC, or None; anchor as in `next_after`."""
        return next(self._timing.before(_utc(at), _utc(anchor) if anchor is not None else None), None)

    def describe(self, locale: str = "en") -> str:
        """The schedule in words, in English (en) or Czech (cs). Raises ValueError for another language."""
        # Imported late: only people read it, and jobs start without it.
        from functions.scheduling.describe import describe

        return describe(self._timing, locale, never=self.kind == "never")

    def _after(self, instant: datetime, anchor: datetime | None) -> Iterator[datetime]:
        return self._timing.after(_utc(instant), _utc(anchor) if anchor is not None else None)


def _read(text: str, zone: tzinfo) -> tuple[Kind, Timing, tuple[str, ...]]:
    if len(text) > _LONGEST_TEXT:
        raise InvalidSchedule(
            Text(
                "it is longer than %(longest_text)s characters; AWS takes at most %(longest_expression)s",
                longest_text=_LONGEST_TEXT,
                longest_expression=_LONGEST_EXPRESSION,
            )
        )
    stripped = text.strip()
    form, parenthesis, inner = stripped.partition("(")
    if parenthesis and (form := form.strip().lower()) in ("cron", "rate", "at"):
        if not inner.endswith(")"):
            raise InvalidSchedule(Text("%(form)s( has no closing parenthesis at the end; write %(form)s(…)", form=form))
        return _read_aws_form(form, inner[:-1], zone)
    foreign.refuse_time_zone_prefix(stripped)
    reading = read_standard(macros.expand(stripped) if stripped.startswith("@") else stripped)
    return "cron", CronOccurrences(pattern=reading.pattern, zone=zone), reading.warnings


def _read_aws_form(form: str, inner: str, zone: tzinfo) -> tuple[Kind, Timing, tuple[str, ...]]:
    # Imported late: a function whose jobs are all in standard cron never pays for the others.
    if form == "rate":
        from functions.scheduling.rate import read_rate

        return "rate", read_rate(inner), ()
    if form == "at":
        from functions.scheduling.one_time import read_one_time

        return "at", read_one_time(inner, zone), ()
    from functions.scheduling.cron_aws import read_aws

    reading = read_aws(inner)
    return "cron", CronOccurrences(pattern=reading.pattern, zone=zone), reading.warnings


def _checked_length(expression: str) -> str:
    if len(expression) > _LONGEST_EXPRESSION:
        raise InvalidSchedule(
            Text(
                "as AWS's expression it has %(count)s characters, and AWS takes at most %(longest_expression)s; "
                "use ranges and steps instead of long lists, or make two jobs",
                count=len(expression),
                longest_expression=_LONGEST_EXPRESSION,
            )
        )
    return expression


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone: pass an aware datetime, in UTC")
    return instant.astimezone(zones.UTC)
