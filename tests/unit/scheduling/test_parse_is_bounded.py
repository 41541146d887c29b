"""Whatever stands in an expression, the answer comes at once, and cheaply enough for a cold start."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from datetime import datetime
from itertools import cycle, islice
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.errors import InvalidSchedule
from functions.scheduling.cron import Schedule
from tests.unit.scheduling.expressions import examples
from tests.unit.scheduling.minute_oracle import UTC

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SIZE = 10_000


def repeated(*items: str, size: int = SIZE - 100) -> str:
    """A comma list of the items, over and over, of about `size` characters."""
    return ",".join(islice(cycle(items), size // (len(items[0]) + 1)))


LARGE = {
    "one number": f"{repeated('0')} * * * *",
    "every number": f"{repeated(*map(str, range(10, 60)))} * * * *",
    "every step": f"{repeated(*(f'{a}/{n}' for a in range(10, 60) for n in range(10, 60)))} * * * *",
    "every range": f"{repeated(*(f'{a}-{b}' for a in range(10, 60) for b in range(10, 60)))} * * * *",
    "stars": f"{repeated('*')} * * * *",
    "years": f"cron(0 0 1 1 ? {repeated(*(f'{a}/{n}' for a in range(1970, 2200) for n in range(2, 10)))})",
    "year ranges": f"cron(0 0 1 1 ? {repeated(*(f'{a}-2199' for a in range(1970, 2199)))})",
    "a huge number": "9" * SIZE,
    "huge numbers": f"{'9' * 4000} {'9' * 4000} * * *",
    "zeros": f"{'0' * 9000} * * * *",
    "a huge step": f"*/{'9' * 9000} * * * *",
    "a huge rate": f"rate({'9' * 9000} days)",
    "spaces": " " * SIZE,
    "fields": "* " * 5000,
    "parentheses": "(" * SIZE,
    "nested": "cron(" * 2000,
    "dashes": "-" * SIZE,
    "slashes": "/" * SIZE,
    "commas": "," * SIZE,
    "hashes": f"0 0 * * {'#' * 9000}",
    "L": f"0 0 * * {repeated('5L', size=9000)}",
    "W": f"0 0 {repeated('15W', size=9000)} * *",
    "at": f"at({'1' * 9000})",
    "an offset": f"at(2027-01-01T00:00:00{'+00:00' * 1500})",
    "at signs": "@" * SIZE,
    "every": f"@every {'9' * 9000}s",
    "a time zone": f"CRON_TZ={'x' * 9000}",
    "unicode": "İ" * SIZE,
    "digits that are none": "²" * SIZE,
    "null": "\0" * SIZE,
    "more than 10 kB": "* " * 500_000,
    "always skipped": "cron(* 2 ? 3 1L 1996-2199)",
    "never, by date": "0 0 31 2 *",
    "far": "cron(59 23 31 12 ? 2199)",
    "rare": "cron(* * ? 2 1#5 *)",
}


def test_the_large_texts_are_as_large_as_they_may_be() -> None:
    assert [name for name, text in LARGE.items() if len(text) > SIZE] == ["more than 10 kB"]
    for name in ("one number", "every number", "every step", "every range", "stars"):
        assert len(LARGE[name]) > 9_800
        assert Schedule.parse(LARGE[name]).kind == "cron"


@pytest.mark.parametrize("name", LARGE)
def test_ten_thousand_characters_are_answered_within_50_ms(name: str) -> None:
    spent = []
    for _ in range(3):
        start = process_time()
        with suppress(InvalidSchedule):
            schedule = Schedule.parse(LARGE[name], "Europe/Prague")
            schedule.next_after(NOW)
            schedule.previous(NOW)
        spent.append(process_time() - start)
    assert min(spent) < 0.05


@pytest.mark.parametrize("name", [name for name, text in LARGE.items() if len(text) > 1000])
def test_a_long_value_does_not_flood_the_message(name: str) -> None:
    with suppress(InvalidSchedule):
        Schedule.parse(LARGE[name])
        return
    with pytest.raises(InvalidSchedule) as refused:
        Schedule.parse(LARGE[name])
    assert len(str(refused.value)) < 1000


cron_like = st.text(alphabet="0123456789*/,-#LWHR?~ ()JANMONSU@", max_size=60)


@examples(300)
@given(text=st.one_of(st.text(max_size=200), cron_like, cron_like.map(lambda text: f"cron({text})")))
def test_any_text_is_a_schedule_or_refused(text: str) -> None:
    with suppress(InvalidSchedule):
        schedule = Schedule.parse(text)
        assert schedule.describe("en")
        assert schedule.describe("cs")
        has_occurrence = schedule.next_after(NOW) is not None or schedule.previous(NOW) is not None
        assert has_occurrence == (schedule.kind in ("cron", "at"))


def test_parsing_a_utc_schedule_imports_nothing_heavy() -> None:
    program = (
        "import sys; from functions.scheduling.cron import Schedule;"
        "[Schedule.parse(text) for text in ('*/5 9-17 * * MON-FRI', '@daily', 'rate(5 minutes)', 'cron(0 9 L * ? *)')];"
        "print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    heavy = {"croniter", "boto3", "psycopg", "zoneinfo", "calendar", "locale", "functions.scheduling.describe"}
    assert "functions.scheduling.cron" in loaded
    assert not loaded & heavy
