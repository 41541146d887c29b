"""When something is to start, as a form asks for it: now, at a time on the viewer's clock, or in some minutes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from msgspec import Meta

from chalicelib.inputs import Input
from chalicelib.pages.local_time import instant
from chalicelib.refusals import NotValid
from functions.text import Text

_A_YEAR_MIN = 366 * 24 * 60


class WhenForm(Input):
    """One of three, and what belongs to it."""

    when: Literal["now", "at", "in"] = "now"
    at: Annotated[str, Meta(max_length=19)] | None = None
    minutes: Annotated[str, Meta(max_length=10)] | None = None


def start_time(form: WhenForm, zone: ZoneInfo) -> tuple[datetime | None, timedelta | None]:
    """The instant, or how long from now on; neither for now. Raises NotValid for a choice without its time."""
    if form.when == "now":
        return None, None
    if form.when == "at":
        at = instant(form.at, zone)
        if at is None:
            raise NotValid(Text("the time is missing: choose a date and a time"))
        return at, None
    if form.minutes is None or not form.minutes.isdecimal() or not 1 <= int(form.minutes) <= _A_YEAR_MIN:
        raise NotValid(
            Text(
                "minutes=%(minutes)s is invalid: use a whole number from 1 to %(most)s",
                minutes=repr(form.minutes or ""),
                most=_A_YEAR_MIN,
            )
        )
    return None, timedelta(minutes=int(form.minutes))
