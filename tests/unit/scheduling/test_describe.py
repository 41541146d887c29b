"""Schedules in words, in English and Czech."""

from __future__ import annotations

import pytest
from hypothesis import assume, given

from functions.errors import InvalidSchedule
from functions.scheduling.cron import Schedule
from tests.unit.scheduling.expressions import examples, expressions

SAID = {
    # intervals
    "* * * * *": ("every minute", "každou minutu"),
    "*/2 * * * *": ("every 2 minutes", "každé 2 minuty"),
    "*/15 * * * *": ("every 15 minutes", "každých 15 minut"),
    "0,30 * * * *": ("every 30 minutes", "každých 30 minut"),
    "*/15 9-17 * * MON-FRI": (
        "every 15 minutes from 9:00 to 17:45, Monday to Friday",
        "každých 15 minut od 9:00 do 17:45, od pondělí do pátku",
    ),
    "* 9 * * *": ("every minute from 9:00 to 9:59", "každou minutu od 9:00 do 9:59"),
    "@hourly": ("every hour", "každou hodinu"),
    "5 * * * *": ("at 5 minutes past every hour", "v 5. minutě každé hodiny"),
    "1 * * * *": ("at 1 minute past every hour", "v 1. minutě každé hodiny"),
    "5 9-17 * * *": ("every hour from 9:05 to 17:05", "každou hodinu od 9:05 do 17:05"),
    "0 */2 * * *": ("every 2 hours", "každé 2 hodiny"),
    "0 */6 * * *": ("every 6 hours", "každých 6 hodin"),
    "10 */4 * * *": ("every 4 hours from 0:10 to 20:10", "každé 4 hodiny od 0:10 do 20:10"),
    "0 */5 * * *": ("every 5 hours from 0:00 to 20:00", "každých 5 hodin od 0:00 do 20:00"),
    "0 9-17/2 * * *": ("every 2 hours from 9:00 to 17:00", "každé 2 hodiny od 9:00 do 17:00"),
    "*/7 * * * *": ("every 7 minutes from minute 0 of each hour", "každých 7 minut od 0. minuty každé hodiny"),
    "1/2 9-12 * * *": (
        "every 2 minutes from minute 1 of each hour, in hours 9–12",
        "každé 2 minuty od 1. minuty každé hodiny, v hodinách 9–12",
    ),
    "*/10 9,12,15,18 * * *": (
        "every 10 minutes, in hours 9, 12, 15 and 18",
        "každých 10 minut, v hodinách 9, 12, 15 a 18",
    ),
    # times
    "0 9 * * *": ("every day at 9:00", "každý den v 9:00"),
    "30 2 * * *": ("every day at 2:30", "každý den ve 2:30"),
    "0 0,12 * * *": ("every day at 0:00 and 12:00", "každý den v 0:00 a 12:00"),
    "0 9,13,17 * * *": ("every day at 9:00, 13:00 and 17:00", "každý den v 9:00, 13:00 a 17:00"),
    "0 14 * * 1": ("at 14:00, every Monday", "ve 14:00, každé pondělí"),
    "*/45 * * * *": ("at 0 and 45 minutes past every hour", "v 0. a 45. minutě každé hodiny"),
    "0-10 * * * *": ("at 0–10 minutes past every hour", "v 0.–10. minutě každé hodiny"),
    "3,17,20 1,5,9-12 * * *": (
        "at minutes 3, 17 and 20 of hours 1, 5 and 9–12",
        "ve 3., 17. a 20. minutě hodin 1, 5 a 9–12",
    ),
    "0,1,2,3,4,5,8 9 * * *": ("at minutes 0–5 and 8 of hour 9", "v 0.–5. a 8. minutě hodiny 9"),
    # days of the week
    "@weekly": ("at 0:00, every Sunday", "v 0:00, každou neděli"),
    "0 9 * * MON,WED,FRI": ("at 9:00, on Monday, Wednesday and Friday", "v 9:00, v pondělí, ve středu a v pátek"),
    "0 9 * * FRI-MON": ("at 9:00, Friday to Monday", "v 9:00, od pátku do pondělí"),
    "0 9 * * SAT,SUN": ("at 9:00, on Saturday and Sunday", "v 9:00, v sobotu a v neděli"),
    "0 9 * * TUE#2": ("at 9:00, on the second Tuesday of the month", "v 9:00, druhé úterý měsíce"),
    "0 9 * 3 WED#4": ("at 9:00, on the fourth Wednesday of March", "v 9:00, čtvrtou středu března"),
    "0 9 * * FRI#5": ("at 9:00, on the fifth Friday of the month", "v 9:00, pátý pátek měsíce"),
    "0 9 * * 5L": ("at 9:00, on the last Friday of the month", "v 9:00, poslední pátek měsíce"),
    # days of the month
    "@monthly": ("at 0:00, on day 1 of the month", "v 0:00, 1. den měsíce"),
    "@yearly": ("at 0:00, on 1 January", "v 0:00, 1. ledna"),
    "0 0 1-7,15 * *": ("at 0:00, on days 1–7 and 15 of the month", "v 0:00, 1.–7. a 15. den měsíce"),
    "0 0 1,15 6 *": ("at 0:00, on days 1 and 15 of June", "v 0:00, 1. a 15. den června"),
    "0 0 */2 * *": ("at 0:00, every 2 days from day 1 of the month", "v 0:00, každé 2 dny od 1. dne měsíce"),
    "0 0 1/7 * *": ("at 0:00, on days 1, 8, 15, 22 and 29 of the month", "v 0:00, 1., 8., 15., 22. a 29. den měsíce"),
    "0 0 L * *": ("at 0:00, on the last day of the month", "v 0:00, poslední den měsíce"),
    "0 0 L 2 *": ("at 0:00, on the last day of February", "v 0:00, poslední den února"),
    "0 0 15W * *": (
        "at 0:00, on the working day nearest to day 15 of the month",
        "v 0:00, v pracovní den nejbližší 15. dni měsíce",
    ),
    # months and years
    "0 12 1 1,7 *": (
        "at 12:00, on day 1 of the month, in January and July",
        "ve 12:00, 1. den měsíce, v lednu a červenci",
    ),
    "0 12 * 6-8 *": ("every day at 12:00, from June to August", "každý den ve 12:00, od června do srpna"),
    "0 12 * 2 MON": ("at 12:00, every Monday, in February", "ve 12:00, každé pondělí, v únoru"),
    "cron(0 9 ? * 6L 2027-2030)": (
        "at 9:00, on the last Friday of the month, in 2027–2030",
        "v 9:00, poslední pátek měsíce, v letech 2027–2030",
    ),
    "cron(0 9 1 1 ? 2027)": ("at 9:00, on 1 January, in 2027", "v 9:00, 1. ledna, v roce 2027"),
    "cron(0 9 1 1 ? 2026/2)": (
        "at 9:00, on 1 January, every 2 years from 2026",
        "v 9:00, 1. ledna, každé 2 roky od roku 2026",
    ),
    "cron(0 9 1 1 ? 2027,2029,2034)": (
        "at 9:00, on 1 January, in 2027, 2029 and 2034",
        "v 9:00, 1. ledna, v letech 2027, 2029 a 2034",
    ),
    # never, rates, one time
    "0 0 31 2 *": (
        "never, because no date matches: at 0:00, on 31 February",
        "nikdy, žádné datum nevyhovuje: v 0:00, 31. února",
    ),
    "rate(1 minute)": ("every minute", "každou minutu"),
    "rate(5 minutes)": ("every 5 minutes", "každých 5 minut"),
    "rate(3 hours)": ("every 3 hours", "každé 3 hodiny"),
    "rate(1 day)": ("every day", "každý den"),
    "rate(4 days)": ("every 4 days", "každé 4 dny"),
    "rate(10 days)": ("every 10 days", "každých 10 dní"),
    "at(2027-03-01T09:00:00)": ("once, on 1 March 2027 at 9:00", "jednou, 1. března 2027 v 9:00"),
    "at(2027-12-24T20:15:30)": ("once, on 24 December 2027 at 20:15:30", "jednou, 24. prosince 2027 ve 20:15:30"),
}


@pytest.mark.parametrize(("text", "said"), SAID.items())
def test_says_what_the_schedule_does(text: str, said: tuple[str, str]) -> None:
    schedule = Schedule.parse(text)
    assert (schedule.describe("en"), schedule.describe("cs")) == said


def test_english_is_the_default_and_a_region_may_follow_the_language() -> None:
    daily = Schedule.parse("0 9 * * *")
    assert daily.describe() == daily.describe("en-GB") == "every day at 9:00"
    assert daily.describe("cs-CZ") == daily.describe("cs_CZ") == "každý den v 9:00"


def test_another_language_is_refused() -> None:
    with pytest.raises(ValueError, match="no descriptions in 'de': use one of en, cs"):
        Schedule.parse("0 9 * * *").describe("de")


MINUTES = (
    *(
        "*",
        "*/2",
        "1/2",
        "*/7",
        "1/7",
        "*/15",
        "5/15",
        "*/30",
        "0,30",
        "0,31",
        "*/45",
        "0",
        "1",
        "10",
        "59",
        "0,1",
        "0-2",
    ),
    *("0-10", "0-10,12", "1-59", "0-58", "0,20,40", "0,20,41", "*/10", "0-50/10", "0-40/10"),
)
HOURS = (
    *(
        "*",
        "*/2",
        "1/2",
        "*/5",
        "*/6",
        "*/8",
        "1/8",
        "*/12",
        "0",
        "9",
        "9,10",
        "9-11",
        "9-12",
        "9-17",
        "9-17/2",
        "9,12,15",
    ),
    *("9,12,15,18", "0-22", "1-23", "22-2", "0,8,16", "0,8,17", "0-3"),
)
DAYS = (
    *(
        "* * *",
        "1 * *",
        "1-3 * *",
        "1,2 * *",
        "*/2 * *",
        "2/2 * *",
        "1-29/2 * *",
        "L * *",
        "1W * *",
        "15W * *",
        "31 * *",
    ),
    *("* * 1", "* * 1-3", "* * 1,3", "* * 6-1", "* * 1-5", "* * 1#1", "* * 1#2", "* * 1L", "* * 2L", "* 2 *", "1 2 *"),
    *(
        "1,2 2 *",
        "L 2 *",
        "1W 2 *",
        "* 2 1",
        "* 2 1#1",
        "* 2 1L",
        "* 1-3 *",
        "* 1,3 *",
        "1 1-3 *",
        "1 1,3 *",
        "L 1-3 *",
    ),
    *("* 1-11 *", "* 2-12 *", "* 11-2 *", "*/2 2 *", "1-30 * *", "2-31 * *"),
)
YEARS = ("*", "2027", "2027,2028", "2027,2029", "2027-2029", "2027/2", "2027/3", "2028/2", "2027-2199", "2198,2199")


@pytest.mark.parametrize("locale", ["en", "cs"])
def test_two_schedules_that_differ_are_never_said_the_same_way(locale: str) -> None:
    texts = [f"{minutes} {hours} * * *" for minutes in MINUTES for hours in HOURS]
    texts += [f"{time} {days}" for time in ("0 9", "*/15 9-17", "* *") for days in DAYS]
    texts += [f"cron(0 9 {days} {years})" for days in ("1 1 ?", "* * ?") for years in YEARS]
    said: dict[str, str | None] = {}
    for text in texts:
        schedule = Schedule.parse(text)
        assert said.setdefault(schedule.describe(locale), schedule.aws_expression) == schedule.aws_expression
    assert len(said) > 600


@examples(60)
@given(text=expressions)
def test_everything_that_is_accepted_is_described(text: str) -> None:
    try:
        schedule = Schedule.parse(text)
    except InvalidSchedule as refused:  # a list of years too long for AWS
        assume("AWS takes at most 256" not in str(refused))
        raise
    for locale in ("en", "cs"):
        assert "None" not in schedule.describe(locale)
        assert len(schedule.describe(locale)) < 1500
