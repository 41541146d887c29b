"""Expressions people write, and the AWS expression each one becomes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.scheduling.cron import Schedule
from functions.scheduling.macros import MACROS

STANDARD = {
    # numbers, names, ranges, steps, lists
    "* * * * *": "cron(* * * * ? *)",
    "0 9 * * *": "cron(0 9 * * ? *)",
    "00 09 01 01 *": "cron(0 9 1 1 ? *)",
    "*/15 9-17 * * MON-FRI": "cron(0/15 9-17 ? * MON-FRI *)",
    "*/15 9-17 * * mon-fri": "cron(0/15 9-17 ? * MON-FRI *)",
    "5/20 * * * *": "cron(5/20 * * * ? *)",
    "0-30/10 * * * *": "cron(0,10,20,30 * * * ? *)",
    "*/1 */1 */1 */1 */1": "cron(* * * * ? *)",
    "9-49/10 * * * *": "cron(9,19,29,39,49 * * * ? *)",
    "9-59/10 * * * *": "cron(9/10 * * * ? *)",
    "5-5 * * * *": "cron(5 * * * ? *)",
    "5-5/10 * * * *": "cron(5 * * * ? *)",
    "3,1,2,2,1-3 * * * *": "cron(1-3 * * * ? *)",
    "0 0 1 JAN,jul *": "cron(0 0 1 1,7 ? *)",
    "0 0 1 */3 *": "cron(0 0 1 1/3 ? *)",
    "0 0 */2 * *": "cron(0 0 1/2 * ? *)",
    "  0   9  *  *  *  ": "cron(0 9 * * ? *)",
    # wrapping ranges become lists
    "0 22-2 * * *": "cron(0 0-2,22,23 * * ? *)",
    "50-10 * * * *": "cron(0-10,50-59 * * * ? *)",
    "0 0 28-3 * *": "cron(0 0 1-3,28-31 * ? *)",
    "0 0 1 NOV-FEB *": "cron(0 0 1 1,2,11,12 ? *)",
    # weekdays are sets: no number is shifted at an end
    "0 0 * * 0": "cron(0 0 ? * SUN *)",
    "0 0 * * 7": "cron(0 0 ? * SUN *)",
    "0 0 * * 0,7": "cron(0 0 ? * SUN *)",
    "0 0 * * 6": "cron(0 0 ? * SAT *)",
    "0 0 * * 5-7": "cron(0 0 ? * SUN,FRI,SAT *)",
    "0 0 * * 6-7": "cron(0 0 ? * SUN,SAT *)",
    "0 0 * * 7-2": "cron(0 0 ? * SUN-TUE *)",
    "0 0 * * 6-1": "cron(0 0 ? * SUN,MON,SAT *)",
    "0 0 * * FRI-MON": "cron(0 0 ? * SUN,MON,FRI,SAT *)",
    "0 0 * * SAT-SUN": "cron(0 0 ? * SUN,SAT *)",
    "0 0 * * SUN-SAT": "cron(0 0 * * ? *)",
    "0 0 * * MON-SUN": "cron(0 0 * * ? *)",
    "0 0 * * 1-7": "cron(0 0 * * ? *)",
    "0 0 * * 0-6": "cron(0 0 * * ? *)",
    # a step counts from Sunday, and is refused only where it matters whether 7 is reached
    "0 0 * * */2": "cron(0 0 ? * SUN,TUE,THU,SAT *)",
    "0 0 * * */3": "cron(0 0 ? * SUN,WED,SAT *)",
    "0 0 * * 0/2": "cron(0 0 ? * SUN,TUE,THU,SAT *)",
    "0 0 * * 1/4": "cron(0 0 ? * MON,FRI *)",
    "0 0 * * 1-5/2": "cron(0 0 ? * MON,WED,FRI *)",
    "0 0 * * 1-7/2": "cron(0 0 ? * SUN,MON,WED,FRI *)",
    # L, W and # with the meaning of standard weekday numbers
    "0 0 L * *": "cron(0 0 L * ? *)",
    "0 0 15W * *": "cron(0 0 15W * ? *)",
    "0 0 1w * *": "cron(0 0 1W * ? *)",
    "0 0 * * 5L": "cron(0 0 ? * 6L *)",
    "0 0 * * 7L": "cron(0 0 ? * 1L *)",
    "0 0 * * 0L": "cron(0 0 ? * 1L *)",
    "0 0 * * FRIL": "cron(0 0 ? * 6L *)",
    "0 0 * * 1#1": "cron(0 0 ? * 2#1 *)",
    "0 0 * * MON#1": "cron(0 0 ? * 2#1 *)",
    "0 0 * * 0#5": "cron(0 0 ? * 1#5 *)",
    "0 0 * * 7#2": "cron(0 0 ? * 1#2 *)",
    # one day field that covers every day restricts nothing
    "0 0 ? * MON": "cron(0 0 ? * MON *)",
    "0 0 1 * ?": "cron(0 0 1 * ? *)",
    "0 0 1-31 * MON": "cron(0 0 ? * MON *)",
    "0 0 */1 * MON": "cron(0 0 ? * MON *)",
    "0 0 15 * 1-7": "cron(0 0 15 * ? *)",
    "0 0 */2 * 0-6": "cron(0 0 1/2 * ? *)",
    "0 0 L * SUN-SAT": "cron(0 0 L * ? *)",
}

AWS = {
    "cron(0 9 * * ? *)": "cron(0 9 * * ? *)",
    "cron(0 9 ? * * *)": "cron(0 9 * * ? *)",
    "cron(0 9 ? * MON-FRI *)": "cron(0 9 ? * MON-FRI *)",
    "cron(0 9 ? * mon-fri *)": "cron(0 9 ? * MON-FRI *)",
    "cron(0 9 ? * 2-6 *)": "cron(0 9 ? * MON-FRI *)",
    "cron(0 9 ? * 1 *)": "cron(0 9 ? * SUN *)",
    "cron(0 9 ? * 7 *)": "cron(0 9 ? * SAT *)",
    "cron(0 9 ? * 1-7 *)": "cron(0 9 * * ? *)",
    "cron(0 9 ? * L *)": "cron(0 9 ? * SAT *)",
    "cron(0 9 ? * 6L *)": "cron(0 9 ? * 6L *)",
    "cron(0 9 ? * 3#2 *)": "cron(0 9 ? * 3#2 *)",
    "cron(0 9 ? * TUE#2 *)": "cron(0 9 ? * 3#2 *)",
    "cron(0 9 L * ? *)": "cron(0 9 L * ? *)",
    "cron(0 9 3W * ? *)": "cron(0 9 3W * ? *)",
    "cron(1/10 * * * ? *)": "cron(1/10 * * * ? *)",
    "cron(*/10 * * * ? *)": "cron(0/10 * * * ? *)",
    "cron(0 11-23/4 ? * 2-6 *)": "cron(0 11/4 ? * MON-FRI *)",
    "cron(0/30 20-2 ? * MON-FRI *)": "cron(0,30 0-2,20-23 ? * MON-FRI *)",
    "cron(0 0 1 JAN-MAR ? 2027)": "cron(0 0 1 1-3 ? 2027)",
    "cron(0 0 1 1 ? 2027-2030)": "cron(0 0 1 1 ? 2027-2030)",
    "cron(0 0 1 1 ? 2026/2)": "cron(0 0 1 1 ? 2026/2)",
    "cron(0 0 1 1 ? 1970-2199)": "cron(0 0 1 1 ? *)",
    "cron(0 0 1 1 ? 2027,2030/2)": "cron(0 0 1 1 ? 2027,2030/2)",
    " cron( 0 9 * * ? * ) ": "cron(0 9 * * ? *)",
    "CRON(0 9 * * ? *)": "cron(0 9 * * ? *)",
}

RATES = {
    "rate(1 minute)": ("rate(1 minute)", timedelta(minutes=1)),
    "rate(5 minutes)": ("rate(5 minutes)", timedelta(minutes=5)),
    "rate(1 hour)": ("rate(1 hour)", timedelta(hours=1)),
    "rate(36 hours)": ("rate(36 hours)", timedelta(hours=36)),
    "rate(1 day)": ("rate(1 day)", timedelta(days=1)),
    "rate(3650 days)": ("rate(3650 days)", timedelta(days=3650)),
    " Rate( 05  Minutes ) ": ("rate(5 minutes)", timedelta(minutes=5)),
}


@pytest.mark.parametrize(("text", "expression"), [*STANDARD.items(), *AWS.items()])
def test_becomes_the_aws_expression_of_the_same_meaning(text: str, expression: str) -> None:
    schedule = Schedule.parse(text)
    assert schedule.aws_expression == expression
    assert (schedule.text, schedule.timezone, schedule.kind, schedule.period) == (text, "UTC", "cron", None)


@pytest.mark.parametrize(("macro", "fields"), MACROS.items())
def test_a_macro_is_its_five_fields(macro: str, fields: str) -> None:
    assert Schedule.parse(macro).aws_expression == Schedule.parse(fields).aws_expression
    assert Schedule.parse(macro.upper()).aws_expression == Schedule.parse(fields).aws_expression


@pytest.mark.parametrize(("text", "expected"), RATES.items())
def test_a_rate_keeps_its_unit_and_knows_its_period(text: str, expected: tuple[str, timedelta]) -> None:
    schedule = Schedule.parse(text)
    assert (schedule.kind, schedule.aws_expression, schedule.period) == ("rate", *expected)


@pytest.mark.parametrize(
    "text",
    [
        *("0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31W 2,4 *", "cron(0 0 29 2 ? 2027)"),
        *("cron(0 0 30W 2 ? *)", "cron(0 0 29 2 ? 2100)", "cron(0 0 ? 2 1#5 2027)"),
    ],
)
def test_dates_that_never_come_are_a_never_schedule(text: str) -> None:
    schedule = Schedule.parse(text)
    assert (schedule.kind, schedule.aws_expression) == ("never", None)
    assert len(schedule.warnings) == 1
    assert "never fires" in schedule.warnings[0]


def test_a_time_that_only_exists_where_clocks_skip_it_never_comes() -> None:
    assert Schedule.parse("cron(30 2 28 3 ? 2027)", "Europe/Prague").kind == "never"
    assert Schedule.parse("cron(30 2 28 3 ? 2027)", "UTC").kind == "cron"


def test_a_schedule_is_a_frozen_value() -> None:
    one, same, other = Schedule.parse("@daily"), Schedule.parse("@daily"), Schedule.parse("@daily", "Europe/Prague")
    assert one == same
    assert one != other
    assert {one, same, other} == {one, other}
    with pytest.raises(AttributeError):
        one.text = "@hourly"  # type: ignore[misc]


WARNED = {
    "*/45 * * * *": ["starts again in each hour (0, 45)", "rate(45 minutes)"],
    "*/7 * * * *": ["starts again in each hour", "rate(7 minutes)"],
    "50/20 * * * *": ["starts again in each hour (50)"],
    "0 */5 * * *": ["starts again in each day (0, 5, 10, 15, …)", "rate(5 hours)"],
    "0 0 */2 * *": ["starts again in each month", "rate(2 days)"],
    "0 0 1 */5 *": ["starts again in each year (1, 6, 11)"],
    "cron(0/45 * * * ? *)": ["rate(45 minutes)"],
    "0 0 31 * *": ["day 31 does not exist in every chosen month", "use L"],
    "0 0 30W 2,3 *": ["day 30 does not exist in every chosen month"],
    "0 0 29 2 *": ["day 29 does not exist in every chosen month"],
    "0 0 * * 2#5": ["no fifth one"],
    "0 22-2 * * FRI": ["counted in each calendar day"],
    "cron(0/30 20-2 ? * MON-FRI *)": ["counted in each calendar day"],
    "0 0 1-31 * MON": ["day-of-month '1-31' covers every day", "POSIX cron would run every day"],
    "0 0 15 * 1-7": ["day-of-week '1-7' covers every day", "POSIX cron would run every day"],
}


@pytest.mark.parametrize(("text", "parts"), WARNED.items())
def test_warns_of_what_people_expect_otherwise(text: str, parts: list[str]) -> None:
    [warning] = Schedule.parse(text).warnings
    for part in parts:
        assert part in warning


@pytest.mark.parametrize(
    "text",
    [
        *("*/15 * * * *", "5/20 * * * *", "0 */6 * * *", "1/2 * * * *", "0 0 1 */3 *", "0 0 1,31 * *", "0 22-2 * * *"),
        *(
            "0 0 31 1,3,5 *",
            "0 0 30 4 *",
            "0 0 * * 1-7",
            "0 0 1-31 * *",
            "*/7,30 * * * *",
            "0-30/7 * * * *",
            "0 0 L * *",
        ),
        *("rate(7 minutes)", "cron(0 0 1 1 ? 2026/7)", "0 0 */1 * MON", "0 0 ? * MON"),
    ],
)
def test_does_not_warn_of_what_is_as_it_looks(text: str) -> None:
    assert Schedule.parse(text).warnings == ()
