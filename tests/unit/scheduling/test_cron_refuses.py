"""What is refused: each with the value, the rule and the next step in the message."""

from __future__ import annotations

import pytest

from functions.errors import InvalidSchedule, JobsError
from functions.scheduling.cron import Schedule

REFUSED = {
    # not five fields
    "": ["has 0 fields", "five: minutes hours day-of-month month day-of-week"],
    "   ": ["has 0 fields"],
    "0 9 * *": ["has 4 fields", "'0 9 * * MON-FRI'"],
    "every five minutes please": ["has 4 fields"],
    "0": ["has 1 field,"],
    "0 0 9 * * MON": [
        *("three readings", "seconds first (Cronos, Quartz, Spring)", "seconds last (croniter)", "year last (AWS)"),
        *("'0 9 * * MON' if seconds came first", "'0 0 9 * *' if they came last", "write cron(…) around them"),
    ],
    "0 0 9 * * ? 2027": ["seven fields", "Quartz", "cron(…)"],
    # outside the field
    "60 * * * *": ["minutes '60' must be 0-59"],
    "0 24 * * *": ["hours '24' must be 0-23"],
    "0 0 0 * *": ["day-of-month '0' must be 1-31"],
    "0 0 32 * *": ["day-of-month '32' must be 1-31"],
    "0 0 1 13 *": ["month '13' must be 1-12 or JAN-DEC"],
    "0 0 1 0 *": ["month '0' must be 1-12"],
    "0 0 * * 8": ["day-of-week '8' must be 0-7 or SUN-SAT, where 0 and 7 are Sunday"],
    "0 0 * * MONDAY": ["day-of-week 'MONDAY' must be 0-7 or SUN-SAT"],
    "0 0 1 JANUARY *": ["month 'JANUARY' must be 1-12 or JAN-DEC"],
    "-5 * * * *": ["minutes has '-5' in its list"],
    "1.5 * * * *": ["minutes '1.5' must be 0-59"],
    "٣ * * * *": ["minutes '٣' must be 0-59"],
    "99999999999 * * * *": ["minutes '99999999999' must be 0-59"],
    # malformed items
    ",1 * * * *": ["minutes has '' in its list", "a number, a range a-b, or a step a/n"],
    "1- * * * *": ["minutes has '1-' in its list"],
    "1-2-3 * * * *": ["minutes '2-3' must be 0-59"],
    "*-5 * * * *": ["minutes '*' must be 0-59"],
    "*5 * * * *": ["minutes '*5' must be 0-59"],
    "/5 * * * *": ["minutes has '/5' in its list"],
    "*/ * * * *": ["minutes '*/': a step is a whole number above 0"],
    "*/0 * * * *": ["minutes '*/0': a step is a whole number above 0"],
    "*/-5 * * * *": ["a step is a whole number above 0"],
    "*/5/5 * * * *": ["a step is a whole number above 0"],
    "? * * * *": ["'?' stands alone, and only in a day field", "write *"],
    # a step as large as the field
    "*/60 * * * *": [
        "minutes '*/60': a step must be smaller than the field, which has 60 values",
        "implementations disagree",
    ],
    "0/60 * * * *": ["smaller than the field"],
    "0-59/90 * * * *": ["smaller than the field"],
    "0 */24 * * *": ["hours '*/24'", "24 values"],
    "0 0 */31 * *": ["day-of-month '*/31'", "31 values", "for example 1"],
    "0 0 1 */12 *": ["month '*/12'", "12 values"],
    "0 0 * * */7": ["day-of-week '*/7'", "7 values"],
    "*/99999999 * * * *": ["smaller than the field"],
    # a step after a wrap
    "0 23-3/2 * * *": ["hours '23-3/2'", "after the range wraps", "write the values as a list"],
    "0 0 * * FRI-MON/2": ["day-of-week 'FRI-MON/2'", "after the range wraps"],
    # a weekday step that may or may not reach 7
    "0 0 * * 1/2": ["day-of-week '1/2'", "whether this step reaches 7", "MON,WED,FRI,SUN"],
    "0 0 * * MON/2": ["whether this step reaches 7"],
    "0 0 * * 4/3": ["whether this step reaches 7", "THU,SUN"],
    "0 0 * * 7/2": ["whether this step reaches 7"],
    "0 0 * * 1/1": ["whether this step reaches 7"],
    # both day fields
    "0 0 13 * FRI": [
        *("'13'", "'FRI'", "both restricted", "either (POSIX cron) or both (Hangfire's Cronos)"),
        *("For either, make two jobs", "for both, keep one field and return Skip"),
    ],
    "0 0 1-7 * MON": ["for both, write * in day-of-month and MON#1 in day-of-week"],
    "0 0 8-14 * 2": ["for both, write * in day-of-month and TUE#2 in day-of-week"],
    "0 0 22-28 * SAT": ["SAT#4"],
    "0 0 25-31 * SAT": ["both, keep one field"],
    "0 0 1/2 * MON": ["both restricted"],
    "0 0 L * MON": ["both restricted"],
    "0 0 1 * 5L": ["both restricted"],
    "0 0 15W * 2#1": ["both restricted"],
    "0 0 */2 * MON": ["begins with */n", "'either' by some", "'both' by others", "keep one of the two day fields"],
    "0 0 1 * */2": ["begins with */n"],
    "0 0 */10,5 * MON": ["begins with */n"],
    "0 0 ? * ?": ["both day fields are '?'", "write *"],
    # L, W and # beyond what AWS documents
    "0 0 L-3 * *": ["day-of-month 'L-3'", "no days before the last one", "use L", "return Skip"],
    "0 0 LW * *": ["day-of-month 'LW'", "no last working day", "FRIL"],
    "0 0 1,L * *": ["L and W stand alone", "one job for each"],
    "0 0 1W,15W * *": ["L and W stand alone"],
    "0 0 1-5W * *": ["W follows one day, as in 15W"],
    "0 0 W * *": ["W follows one day"],
    "0 0 W15 * *": ["W follows one day"],
    "0 0 32W * *": ["day-of-month '32' must be 1-31"],
    "0 0 0W * *": ["day-of-month '0' must be 1-31"],
    "0 0 * * MON#1,MON#3": ["day-of-week 'MON#1,MON#3'", "one # and nothing else", "one job for each"],
    "0 0 * * MON#1,FRI": ["one # and nothing else"],
    "0 0 * * 1#2#3": ["one # and nothing else"],
    "0 0 * * MON#6": ["1 to 5", "MONL"],
    "0 0 * * MON#0": ["1 to 5"],
    "0 0 * * MON#": ["1 to 5"],
    "0 0 * * #1": ["day-of-week '' must be 0-7"],
    "0 0 * * 1-5#2": ["day-of-week '1-5' must be 0-7"],
    "0 0 * * 5L,1": ["day-of-week '5L,1'", "L stands alone", "one job for each"],
    "0 0 * * 1,5L": ["L stands alone"],
    "0 0 * * L5": ["day-of-week 'L5'", "as in 5L", "croniter"],
    "0 0 * * L": ["day-of-week 'L'", "Saturday", "SATL", "L in day-of-month"],
    "0 0 * * 8L": ["day-of-week '8' must be 0-7"],
    # other schedulers
    "H * * * *": ["'H' is a hashed value (Jenkins, croniter)", "jitter"],
    "H/15 * * * *": ["hashed value"],
    "H(0-29)/10 * * * *": ["hashed value"],
    "0 h * * *": ["hashed value"],
    "R * * * *": ["'R' is a random value (croniter)", "jitter"],
    "R(0-30) * * * *": ["random value"],
    "0~30 * * * *": ["'0~30' is a random range (OpenBSD, cronie)", "jitter"],
    "@every 5m": ["@every is Go's cron", "write rate(5 minutes)"],
    "@every 1h": ["write rate(1 hour)"],
    "@every 90s": ["write rate(2 minutes)"],
    "@every 1h30m": ["write rate(5 minutes), with minutes, hours or days"],
    "@reboot": ["@reboot needs a machine that starts", "schedule=None"],
    "@fortnightly": ["no macro '@fortnightly'", "@hourly", "@annually"],
    "@": ["no macro '@'"],
    "CRON_TZ=Europe/Prague 0 9 * * *": ["schedule='0 9 * * *', timezone='Europe/Prague'"],
    "TZ=UTC 0 9 * * *": ["timezone='UTC'"],
    # cron(…)
    "cron(0 9 * * MON-FRI)": ["takes six fields and has five", "write '0 9 * * MON-FRI'"],
    "cron(0 0 9 ? * MON-FRI *)": ["takes six fields and has seven", "no seconds"],
    "cron()": ["takes six fields and has 0"],
    "cron(0 9 * * ? *": ["no closing parenthesis"],
    "cron(0 9 * * ? *) UTC": ["no closing parenthesis at the end"],
    "cron(0 9 * * * *)": ["? in exactly one day field", "write ? in day-of-week"],
    "cron(0 9 * * MON *)": ["? in exactly one day field", "write ? in day-of-month"],
    "cron(0 9 1 * MON *)": ["? in exactly one day field", "keep one of the two"],
    "cron(0 9 ? * ? *)": ["both day fields are '?'"],
    "cron(? 9 * * ? *)": ["'?' stands alone, and only in a day field"],
    "cron(0 9 ? * 0 *)": ["day-of-week '0' must be 1-7 or SUN-SAT, where AWS counts 1 as Sunday"],
    "cron(0 9 ? * 8 *)": ["day-of-week '8' must be 1-7"],
    "cron(0 9 ? * FRI-MON *)": ["'FRI-MON' runs backwards", "write SUN,MON,FRI,SAT"],
    "cron(0 9 ? * 6-2 *)": ["'6-2' runs backwards"],
    "cron(50-10 9 * * ? *)": ["minutes '50-10' runs backwards", "write 0-10,50-59"],
    "cron(0 9 28-3 * ? *)": ["day-of-month '28-3' runs backwards"],
    "cron(0 9 1 NOV-FEB ? *)": ["month 'NOV-FEB' runs backwards", "write JAN,FEB,NOV,DEC"],
    "cron(0 9 1 1 ? 2030-2027)": ["year '2030-2027' runs backwards"],
    "cron(0 20-2/2 * * ? *)": ["after the range wraps"],
    "cron(0 9 ? * MON/2 *)": ["AWS has no steps in this field", "list the days"],
    "cron(0 9 ? * */2 *)": ["AWS has no steps in this field"],
    "cron(0 9 ? * L,2 *)": ["L stands alone"],
    "cron(0 9 ? * 2#1,3#1 *)": ["one # and nothing else"],
    "cron(0 9 L-1 * ? *)": ["no days before the last one"],
    "cron(0 9 LW * ? *)": ["no last working day"],
    "cron(0 9 1 1 ? 1969)": ["year '1969' must be 1970-2199"],
    "cron(0 9 1 1 ? 2200)": ["year '2200' must be 1970-2199"],
    "cron(0 9 1 1 ? */230)": ["year '*/230'", "smaller than the field"],
    # rate(…)
    "rate(1 minutes)": ["singular for 1", "write rate(1 minute)"],
    "rate(5 minute)": ["plural otherwise", "write rate(5 minutes)"],
    "rate(0 minutes)": ["rate value '0' must be a whole number above 0"],
    "rate(-1 minutes)": ["rate value '-1' must be a whole number above 0"],
    "rate(1.5 hours)": ["rate value '1.5' must be a whole number", "rate(90 minutes)"],
    "rate(5 seconds)": ["rate unit 'seconds' must be minute", "one minute is the least"],
    "rate(2 weeks)": ["rate unit 'weeks' must be"],
    "rate(5)": ["takes a whole number and a unit"],
    "rate()": ["takes a whole number and a unit"],
    "rate(5 minutes ago)": ["takes a whole number and a unit"],
    "rate(3651 days)": ["at most 3650 days"],
    "rate(999999999999999999 days)": ["at most 3650 days"],
    # at(…)
    "at(2027-03-01T09:00:00Z)": ["has an offset", "timezone option"],
    "at(2027-03-01T09:00:00+01:00)": ["has an offset"],
    "at(2027-03-01T09:00:00-0500)": ["has an offset"],
    "at(2027-03-01T09:00:00.5)": ["has a fraction of a second"],
    "at(2027-03-01)": ["yyyy-mm-ddThh:mm:ss"],
    "at(2027-03-01 09:00:00)": ["yyyy-mm-ddThh:mm:ss"],
    "at(2027-02-30T09:00:00)": ["is not on the calendar", "2027-02-30T09:00:00"],
    "at(2027-02-20T25:00:00)": ["is not on the calendar"],
    "at(1969-12-31T09:00:00)": ["the year must be 1970-2199"],
    "at(2200-01-01T09:00:00)": ["the year must be 1970-2199"],
    "at(tomorrow)": ["'tomorrow' is no moment"],
}


@pytest.mark.parametrize(("text", "parts"), REFUSED.items())
def test_refuses_with_the_value_the_rule_and_the_next_step(text: str, parts: list[str]) -> None:
    with pytest.raises(InvalidSchedule) as refused:
        Schedule.parse(text)
    message = str(refused.value)
    assert message.startswith(f"schedule {text!r} is invalid: ")
    for part in parts:
        assert part in message
    assert refused.value.code == "schedule_invalid"
    assert isinstance(refused.value, JobsError)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("Mars/Phobos", "such as UTC or Europe/Prague"),
        ("", "such as UTC or Europe/Prague"),
        ("CEST", "such as UTC or Europe/Prague"),
        ("+01:00", "such as UTC or Europe/Prague"),
        ("../../etc/passwd", "such as UTC or Europe/Prague"),
        ("/etc/localtime", "such as UTC or Europe/Prague"),
        ("Europe", "such as UTC or Europe/Prague"),
        ("posix/Europe/Prague", "such as UTC or Europe/Prague"),
        ("localtime", "such as UTC or Europe/Prague"),
        ("Europe/Prague\0", "such as UTC or Europe/Prague"),
        ("E" * 5000, "at most 50 characters"),
        ("prague", "such as Europe/Prague"),
        ("europe/prague", "such as Europe/Prague"),
        ("New York", "such as America/New_York"),
        ("utc", "such as UTC"),
    ],
)
def test_refuses_a_time_zone_that_is_no_iana_name(name: str, part: str) -> None:
    with pytest.raises(InvalidSchedule, match=r"time zone .* is unknown: use a name of the IANA database") as refused:
        Schedule.parse("0 9 * * *", name)
    assert part in str(refused.value)
    assert len(str(refused.value)) < 300


def test_refuses_a_one_time_moment_the_clocks_skip() -> None:
    with pytest.raises(InvalidSchedule, match="does not exist in Europe/Prague: the clocks skip it"):
        Schedule.parse("at(2027-03-28T02:30:00)", "Europe/Prague")


def test_refuses_more_than_256_characters_after_translation() -> None:
    years = ",".join(str(year) for year in range(1970, 2190, 3))
    with pytest.raises(InvalidSchedule, match=r"has 38\d characters, and AWS takes at most 256"):
        Schedule.parse(f"cron(0 0 1 1 ? {years})")


def test_256_characters_are_the_most() -> None:
    years = ",".join(str(year) for year in range(1970, 1970 + 48 * 3, 3))
    assert len(Schedule.parse(f"cron(10 0 1 1 ? {years})").aws_expression or "") == 256
    with pytest.raises(InvalidSchedule, match="has 257 characters"):
        Schedule.parse(f"cron(10 10 1 1 ? {years})")
