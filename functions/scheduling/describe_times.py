"""The time of day of a cron pattern in words: an interval where it is one, a list of times while it is short."""

from __future__ import annotations

from collections.abc import Sequence

from functions.scheduling.cron_fields import HOURS, MINUTES, runs, step_to_end
from functions.scheduling.describe_language import Language

_MOST_TIMES = 6  # more times of day than this are said by minutes and hours, not one by one
_FEWEST_STEPS = 6  # fewer evenly spaced minutes than this are listed


def times_of_day(minutes: Sequence[int], hours: Sequence[int], language: Language) -> str:
    """The phrase for these minutes of these hours."""
    if is_listed(minutes, hours):
        return language.at([clock(hour, minute) for hour in hours for minute in minutes])
    return _interval(minutes, hours, language) or _minutes_and_hours(minutes, hours, language)


def is_listed(minutes: Sequence[int], hours: Sequence[int]) -> bool:
    """Whether the times are few and irregular enough to be said one by one."""
    count = len(minutes) * len(hours)
    return count <= 2 or (count <= _MOST_TIMES and not _is_interval(minutes, hours))


def clock(hour: int, minute: int) -> str:
    """A time as both languages write it: 9:05."""
    return f"{hour}:{minute:02}"


def _is_interval(minutes: Sequence[int], hours: Sequence[int]) -> bool:
    if len(minutes) == 1:
        return _hour_interval(minutes[0], hours) is not None
    return _minute_interval(minutes) is not None and _unbroken(hours)


def _interval(minutes: Sequence[int], hours: Sequence[int], language: Language) -> str | None:
    if not _is_interval(minutes, hours):
        return None
    hour_interval = _hour_interval(minutes[0], hours) if len(minutes) == 1 else None
    phrase = language.every(hour_interval, "hour") if hour_interval else _minutes(minutes, language)
    if _goes_round(hours) and minutes[0] == 0:
        return phrase
    return language.between(phrase, clock(hours[0], minutes[0]), clock(hours[-1], minutes[-1]))


def _minutes_and_hours(minutes: Sequence[int], hours: Sequence[int], language: Language) -> str:
    all_day = len(hours) == HOURS.size
    hour_runs = runs(hours, shortest=3)
    if _minute_interval(minutes) or _is_stepped(minutes):
        phrase = _minutes(minutes, language)
        return phrase if all_day else language.in_hours(phrase, hour_runs)
    minute_runs = runs(minutes, shortest=3)
    return language.past_every_hour(minute_runs) if all_day else language.past_hours(minute_runs, hour_runs)


def _minutes(minutes: Sequence[int], language: Language) -> str:
    interval = _minute_interval(minutes)
    if interval:
        return language.every(interval, "minute")
    return language.every_minutes_from(minutes[1] - minutes[0], minutes[0])


def _is_stepped(minutes: Sequence[int]) -> bool:
    return len(minutes) >= _FEWEST_STEPS and step_to_end(minutes, MINUTES.high) is not None


def _minute_interval(minutes: Sequence[int]) -> int | None:
    """n, when the minutes are every n-th one of the hour, without a jump from one hour to the next."""
    interval = MINUTES.size // len(minutes)
    return interval if len(minutes) > 1 and tuple(minutes) == tuple(range(0, MINUTES.size, interval)) else None


def _hour_interval(minute: int, hours: Sequence[int]) -> int | None:
    """n, when the hours are evenly spaced and either many, or every n-th one of the day from midnight."""
    if len(hours) < 3 or (len(hours) == HOURS.size and minute):
        return None
    step = hours[1] - hours[0]
    even = tuple(hours) == tuple(range(hours[0], hours[-1] + 1, step))
    return step if even and (len(hours) > 3 or (_goes_round(hours) and minute == 0)) else None


def _goes_round(hours: Sequence[int]) -> bool:
    """Whether the same distance leads from the last hour to the first one of the next day."""
    return hours[0] == 0 and len(hours) > 1 and hours[-1] + hours[1] == HOURS.size


def _unbroken(hours: Sequence[int]) -> bool:
    return hours[-1] - hours[0] + 1 == len(hours)
