"""Schedules in Czech."""

from __future__ import annotations

from collections.abc import Sequence

from functions.scheduling.describe_language import Runs

# Each weekday as Czech needs it: "každé ...", "v ...", "od ..." and the ending of "druhý/druhá/druhé" in that case.
_EVERY_WEEKDAY = (
    *("každou neděli", "každé pondělí", "každé úterý", "každou středu"),
    *("každý čtvrtek", "každý pátek", "každou sobotu"),
)
_ON_WEEKDAY = ("v neděli", "v pondělí", "v úterý", "ve středu", "ve čtvrtek", "v pátek", "v sobotu")
_FROM_WEEKDAY = ("neděle", "pondělí", "úterý", "středy", "čtvrtka", "pátku", "soboty")
_GENDERS = ("f", "n", "n", "f", "m", "m", "f")
_NTH = {
    "m": ("první", "druhý", "třetí", "čtvrtý", "pátý"),
    "f": ("první", "druhou", "třetí", "čtvrtou", "pátou"),
    "n": ("první", "druhé", "třetí", "čtvrté", "páté"),
}
_OF_MONTH = (
    *("ledna", "února", "března", "dubna", "května", "června"),
    *("července", "srpna", "září", "října", "listopadu", "prosince"),
)
_IN_MONTH = (
    *("lednu", "únoru", "březnu", "dubnu", "květnu", "červnu"),
    *("červenci", "srpnu", "září", "říjnu", "listopadu", "prosinci"),
)
# The forms after 1, after 2 to 4, and after 5 and more.
_EVERY = {
    "minute": ("každou minutu", "každé {} minuty", "každých {} minut"),
    "hour": ("každou hodinu", "každé {} hodiny", "každých {} hodin"),
    "day": ("každý den", "každé {} dny", "každých {} dní"),
    "year": ("každý rok", "každé {} roky", "každých {} let"),
}
# Numbers that are said with a cluster at their beginning (dvě, tři, čtyři, dvanáct, dvacet, ...) take "ve".
_VE = frozenset((2, 3, 4, 12, 13, 14, *range(20, 50)))


class Czech:
    """The phrases of describe_language.Language in Czech."""

    def every(self, count: int, unit: str) -> str:
        one, few, many = _EVERY[unit]
        return one if count == 1 else (few if count < 5 else many).format(count)

    def every_minutes_from(self, step: int, first: int) -> str:
        return f"{self.every(step, 'minute')} od {first}. minuty každé hodiny"

    def every_days_from(self, step: int, first: int, month: int | None) -> str:
        return f"{self.every(step, 'day')} od {first}. dne {_of(month)}"

    def every_years_from(self, step: int, first: int) -> str:
        return f"{self.every(step, 'year')} od roku {first}"

    def between(self, phrase: str, first: str, last: str) -> str:
        return f"{phrase} od {first} do {last}"

    def at(self, times: Sequence[str]) -> str:
        return f"{_v(times[0])} {_list(times)}"

    def past_every_hour(self, minutes: Runs) -> str:
        return f"{_v(str(minutes[0][0]))} {_runs(minutes, '.')} minutě každé hodiny"

    def past_hours(self, minutes: Runs, hours: Runs) -> str:
        of_hours = "hodiny" if _is_one(hours) else "hodin"
        return f"{_v(str(minutes[0][0]))} {_runs(minutes, '.')} minutě {of_hours} {_runs(hours)}"

    def in_hours(self, phrase: str, hours: Runs) -> str:
        return f"{phrase}, {'v hodině' if _is_one(hours) else 'v hodinách'} {_runs(hours)}"

    def weekdays(self, days: Sequence[int]) -> str:
        return _EVERY_WEEKDAY[days[0]] if len(days) == 1 else _list([_ON_WEEKDAY[day] for day in days])

    def weekday_range(self, first: int, last: int) -> str:
        return f"od {_FROM_WEEKDAY[first]} do {_FROM_WEEKDAY[last]}"

    def month_days(self, days: Runs, month: int | None) -> str:
        return f"{_runs(days, '.')} den {_of(month)}"

    def date(self, day: int, month: int) -> str:
        return f"{day}. {_OF_MONTH[month - 1]}"

    def last_day(self, month: int | None) -> str:
        return f"poslední den {_of(month)}"

    def nearest_weekday(self, day: int, month: int | None) -> str:
        return f"v pracovní den nejbližší {day}. dni {_of(month)}"

    def nth_weekday(self, weekday: int, nth: int, month: int | None) -> str:
        return f"{_NTH[_GENDERS[weekday]][nth - 1]} {_weekday(weekday)} {_of(month)}"

    def last_weekday(self, weekday: int, month: int | None) -> str:
        return f"poslední {_weekday(weekday)} {_of(month)}"

    def months(self, months: Sequence[int]) -> str:
        return f"v {_list([_IN_MONTH[month - 1] for month in months])}"

    def month_range(self, first: int, last: int) -> str:
        return f"od {_OF_MONTH[first - 1]} do {_OF_MONTH[last - 1]}"

    def years(self, years: Runs) -> str:
        return f"{'v roce' if _is_one(years) else 'v letech'} {_runs(years)}"

    def once(self, *, year: int, month: int, day: int, time: str) -> str:
        return f"jednou, {day}. {_OF_MONTH[month - 1]} {year} {_v(time)} {time}"

    def never(self, phrase: str) -> str:
        return f"nikdy, žádné datum nevyhovuje: {phrase}"


def _of(month: int | None) -> str:
    return _OF_MONTH[month - 1] if month else "měsíce"


def _is_one(numbers: Runs) -> bool:
    return len(numbers) == 1 and numbers[0][0] == numbers[0][1]


def _weekday(weekday: int) -> str:
    """The accusative alone: neděli, pondělí, ..."""
    return _ON_WEEKDAY[weekday].partition(" ")[2]


def _v(time: str) -> str:
    return "ve" if int(time.partition(":")[0]) in _VE else "v"


def _runs(numbers: Runs, mark: str = "") -> str:
    return _list([f"{first}{mark}" if first == last else f"{first}{mark}–{last}{mark}" for first, last in numbers])


def _list(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} a {words[-1]}"
