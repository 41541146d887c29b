"""The oracle: tells for one minute whether an expression's text matches it, by definition and without any search.

It shares nothing with the code under test: no sets, no translation, no transition arithmetic. A minute of UTC is put
on the zone's wall clock; a time the clocks skip never appears there, and of a repeated one `fold` 0 is the first pass.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone, tzinfo

UTC = timezone.utc  # noqa: UP017
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

_MONTHS = {
    "JAN": 1,
    "FEB": 2,
    "MAR": 3,
    "APR": 4,
    "MAY": 5,
    "JUN": 6,
    "JUL": 7,
    "AUG": 8,
    "SEP": 9,
    "OCT": 10,
    "NOV": 11,
}
_MONTHS["DEC"] = 12
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


class Oracle:
    """One expression, five-field standard cron or AWS's cron(…), asked minute by minute."""

    def __init__(self, text: str) -> None:
        self.aws = text.startswith("cron(")
        fields = text.removeprefix("cron(").removesuffix(")").upper().split()
        self.minute, self.hour, self.month_day, self.month, self.weekday = fields[:5]
        self.year = fields[5] if self.aws else "*"

    def fires_at(self, instant: datetime, zone: tzinfo) -> bool:
        """Whether EventBridge would fire in this minute of UTC."""
        local = instant.astimezone(zone)
        return local.fold == 0 and self.matches(local)

    def matches(self, local: datetime) -> bool:
        """Whether this wall-clock minute matches every field."""
        return (
            _item_matches(self.minute, local.minute, low=0)
            and _item_matches(self.hour, local.hour, low=0)
            and self.matches_date(local)
        )

    def matches_date(self, day: date) -> bool:
        """Whether the date alone matches: month, year (AWS knows 1970 to 2199) and both day fields."""
        return (
            1970 <= day.year <= 2199
            and _item_matches(self.year, day.year, low=1970)
            and _item_matches(self.month, day.month, low=1, names=_MONTHS)
            and self._matches_month_day(day)
            and self._matches_weekday(day)
        )

    def _matches_month_day(self, day: date) -> bool:
        text = self.month_day
        if text == "?":
            return True
        if text == "L":
            return (day + DAY).month != day.month
        if text.endswith("W"):
            return day.day == _nearest_weekday(day, int(text[:-1]))
        return _item_matches(text, day.day, low=1)

    def _matches_weekday(self, day: date) -> bool:
        text = self.weekday
        if text in ("?", "*"):
            return True
        first = 1 if self.aws else 0
        names = {name: number for number, name in enumerate(_WEEKDAYS, first)}
        # AWS counts Sunday to Saturday as 1 to 7; standard cron as 0 to 6, with 7 as a second number for Sunday.
        today = {day.isoweekday() % 7 + first}
        if today == {0}:
            today.add(7)
        if "#" in text:
            word, nth = text.split("#")
            return _number(word, names) in today and (day.day + 6) // 7 == int(nth)
        if text == "L":
            return today == {7}
        if text.endswith("L"):
            return _number(text[:-1], names) in today and (day + 7 * DAY).month != day.month
        return any(_item_matches(text, number, low=first, names=names) for number in today)


def _item_matches(text: str, value: int, *, low: int, names: dict[str, int] | None = None) -> bool:
    for item in text.split(","):
        place, _, step_text = item.partition("/")
        step = int(step_text or 1)
        if place == "*":
            if (value - low) % step == 0:
                return True
        elif "-" in place:
            first, last = (_number(word, names) for word in place.split("-"))
            if first <= last and first <= value <= last and (value - first) % step == 0:
                return True
            if first > last and (value >= first or value <= last):
                return True
        else:
            start = _number(place, names)
            if value == start or (step_text and value > start and (value - start) % step == 0):
                return True
    return False


def _number(word: str, names: dict[str, int] | None) -> int:
    return names[word] if names and word in names else int(word)


def _nearest_weekday(day: date, wanted: int) -> int | None:
    """Of the working days of this month the one nearest to a day of it; None where the month has no such day."""
    target = day.replace(day=1) + (wanted - 1) * DAY
    if target.month != day.month:
        return None
    around = [target + n * DAY for n in (0, -1, 1, -2, 2)]  # nearest first; never further than a weekend
    return next(each.day for each in around if each.month == day.month and each.isoweekday() <= 5)
