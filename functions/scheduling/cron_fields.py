"""One field of a cron expression: its bounds and names, its text read into spans, its numbers written for AWS.

The bounds are AWS's (EventBridge User Guide, "Cron expressions reference"); nothing is expanded before it is checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

from functions.errors import InvalidSchedule
from functions.record import Record
from functions.scheduling.quoted import quoted
from functions.text import Text

MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAY_NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


class Field(Record):
    """The numbers and names a field takes. `size` counts different values: 7 for 0-7, where 0 and 7 are both Sunday."""

    name: str
    low: int
    high: int
    size: int
    rule: str
    names: Mapping[str, int] = MappingProxyType({})

    @property
    def everything(self) -> range:
        """Every number of the field."""
        return range(self.low, self.high + 1)


class Span(Record):
    """One item of a list: `first` to `last` by `step`; `open_step`: the step had no end of its own (`5/20`)."""

    first: int
    last: int
    step: int = 1
    open_step: bool = False


MINUTES = Field(name=Text("minutes"), low=0, high=59, size=60, rule="0-59")
HOURS = Field(name=Text("hours"), low=0, high=23, size=24, rule="0-23")
MONTH_DAYS = Field(name=Text("day-of-month"), low=1, high=31, size=31, rule="1-31")
MONTHS = Field(
    name=Text("month"), low=1, high=12, size=12, rule=Text("1-12 or JAN-DEC"),
    names={name: n for n, name in enumerate(MONTH_NAMES, 1)},
)  # fmt: skip
YEARS = Field(name=Text("year"), low=1970, high=2199, size=230, rule="1970-2199")
STANDARD_WEEKDAYS = Field(
    name=Text("day-of-week"), low=0, high=7, size=7, rule=Text("0-7 or SUN-SAT, where 0 and 7 are Sunday"),
    names={name: n for n, name in enumerate(WEEKDAY_NAMES)},
)  # fmt: skip
AWS_WEEKDAYS = Field(
    name=Text("day-of-week"), low=1, high=7, size=7,
    rule=Text("1-7 or SUN-SAT, where AWS counts 1 as Sunday and 7 as Saturday"),
    names={name: n for n, name in enumerate(WEEKDAY_NAMES, 1)},
)  # fmt: skip


def read(of: Field, text: str, *, wraps: bool) -> tuple[Span, ...]:
    """The spans of an upper-case field text; `wraps` allows 22-2. Raises InvalidSchedule."""
    if text == "*":
        return (Span(first=of.low, last=of.high),)
    # Each different item once: a list of 10 kB costs no more than its different values.
    return tuple(_span(of, item, wraps=wraps) for item in dict.fromkeys(text.split(",")))


def numbers(of: Field, spans: Iterable[Span]) -> tuple[int, ...]:
    """The numbers the spans stand for, ascending, each once."""
    found: set[int] = set()
    for span in spans:
        if span.first <= span.last:
            found.update(range(span.first, span.last + 1, span.step))
        else:
            found.update(range(span.first, of.high + 1), range(of.low, span.last + 1))
    return tuple(sorted(found))


def number(of: Field, word: str) -> int:
    """The number a word of this field stands for. Raises InvalidSchedule when it is out of bounds or none."""
    if word in of.names:
        return of.names[word]
    if word.isascii() and word.isdigit() and len(word) <= 4 and of.low <= int(word) <= of.high:
        return int(word)
    # Imported on the way to an error only: the words of other schedulers are long to explain.
    from functions.scheduling.foreign import explain_word

    raise InvalidSchedule(
        explain_word(word) or Text("%(name)s %(word)s must be %(rule)s", name=of.name, word=quoted(word), rule=of.rule)
    )


def write(of: Field, values: Sequence[int]) -> str:
    """The shortest plain text AWS reads as exactly these numbers."""
    if len(values) == of.size:
        return "*"
    for start in range(len(values) - 2):
        step = step_to_end(values[start:], of.high)
        if step:
            return ",".join(filter(None, (write_runs(values[:start], str), f"{values[start]}/{step}")))
    return write_runs(values, str)


def write_runs(values: Sequence[int], label: Callable[[int], str]) -> str:
    """A list with each run of three or more as a range: 1-3,7,9."""
    return ",".join(
        label(first) if first == last else f"{label(first)}-{label(last)}" for first, last in runs(values, shortest=3)
    )


def runs(values: Sequence[int], *, shortest: int) -> list[tuple[int, int]]:
    """(first, last) of each run of neighbours; a run under `shortest` numbers comes as single numbers."""
    found: list[tuple[int, int]] = []
    for value in values:
        if found and value == found[-1][1] + 1:
            found[-1] = (found[-1][0], value)
        else:
            found.append((value, value))
    merged: list[tuple[int, int]] = []
    for first, last in found:
        singles = [(value, value) for value in range(first, last + 1)]
        merged.extend([(first, last)] if last - first + 1 >= shortest else singles)
    return merged


def step_to_end(values: Sequence[int], high: int) -> int | None:
    """The step of at least three evenly spaced numbers that go on to the end of the field; None for anything else."""
    if len(values) < 3:
        return None
    step = values[1] - values[0]
    reaches_end = values[-1] + step > high
    even = all(later - earlier == step for earlier, later in pairwise(values))
    return step if step > 1 and reaches_end and even else None


def _span(of: Field, item: str, *, wraps: bool) -> Span:
    place, slash, step_text = item.partition("/")
    step = _step(of, item, step_text) if slash else 1
    if place == "*":
        return Span(first=of.low, last=of.high, step=step, open_step=bool(slash))
    first_text, dash, last_text = place.partition("-")
    if not first_text or (dash and not last_text):
        raise InvalidSchedule(
            Text(
                "%(name)s has %(item)s in its list: write a number, a range a-b, or a step a/n",
                name=of.name,
                item=quoted(item),
            )
        )
    first = number(of, first_text)
    if not dash:
        return Span(first=first, last=of.high if slash else first, step=step, open_step=bool(slash))
    last = number(of, last_text)
    if first > last:
        _check_wrap(of, item, Span(first=first, last=last, step=step), wraps=wraps)
    return Span(first=first, last=last, step=step)


def _step(of: Field, item: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not text.strip("0"):
        from functions.scheduling.foreign import explain_word

        raise InvalidSchedule(
            explain_word(item)
            or Text("%(name)s %(item)s: a step is a whole number above 0, as in 0/5", name=of.name, item=quoted(item))
        )
    if len(text) > 4 or int(text) >= of.size:
        raise InvalidSchedule(
            Text(
                "%(name)s %(item)s: a step must be smaller than the field, which has %(size)s values; "
                "implementations disagree about larger ones, so write the single value, for example %(first)s",
                name=of.name,
                item=quoted(item),
                size=of.size,
                first=_first(of, item),
            )
        )
    return int(text)


def _first(of: Field, item: str) -> str:
    first = item.partition("/")[0].partition("-")[0]
    return first if first.isalnum() else str(of.low)


def _check_wrap(of: Field, item: str, span: Span, *, wraps: bool) -> None:
    if wraps and span.step == 1:
        return
    if wraps:
        raise InvalidSchedule(
            Text(
                "%(name)s %(item)s: implementations disagree about where a step goes on after the range wraps; "
                "write the values as a list",
                name=of.name,
                item=quoted(item),
            )
        )
    names = {value: name for name, value in of.names.items()}
    forwards = write_runs(numbers(of, [span._replace(step=1)]), lambda value: names.get(value, str(value)))
    raise InvalidSchedule(
        Text(
            "%(name)s %(item)s runs backwards, which AWS refuses in this field; write %(forwards)s",
            name=of.name,
            item=quoted(item),
            forwards=forwards,
        )
    )
