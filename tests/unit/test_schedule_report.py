"""All schedules together: rules taken, jobs that share a minute, and the minutes suggested instead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.definition import JobDefinition
from functions.scheduling.cron import Schedule
from functions.settings import from_environment
from infra.schedules.heat import MANY
from infra.schedules.report import Report, report
from infra.schedules.report_text import report_text
from infra.schedules.spreading import moved

NOW = datetime(2026, 11, 23, 10, 17, tzinfo=UTC)


def jobs(*schedules: str, **options: Any) -> list[JobDefinition]:
    return [JobDefinition(id=f"job-{n}", schedule=schedule, **options) for n, schedule in enumerate(schedules)]


def made(definitions: list[JobDefinition], **environ: str) -> Report:
    return report(definitions, from_environment(environ), now=NOW, count=1, locale="en")


def text(definitions: list[JobDefinition], **environ: str) -> str:
    return report_text(made(definitions, **environ), 100)


def test_jobs_beyond_the_rules_limit_go_to_scheduler_and_the_meter_is_full() -> None:
    shown = text(jobs("1 * * * *", "2 * * * *", "3 * * * *"), RULES_LIMIT="2")
    assert "[####################] 2/2 (RULES_LIMIT)\n            all are taken: " in shown
    assert "fired by  EventBridge Scheduler (all 2 rules (RULES_LIMIT) are taken)" in shown
    assert "1 on EventBridge Scheduler, 0 by hand only" in shown


def test_heat_counts_the_jobs_of_each_minute_of_the_next_24_hours_and_no_more() -> None:
    measured = made(jobs("20 10 * * *", "20 10 * * *", "17 10 * * *", "0 0 1 1 *")).heat
    assert measured.job_ids_at == {
        datetime(2026, 11, 23, 10, 20, tzinfo=UTC): ("job-0", "job-1"),
        datetime(2026, 11, 24, 10, 17, tzinfo=UTC): ("job-2",),
    }
    assert measured.by_hour[0] == (10, 2)
    assert [hour for hour, _ in measured.by_hour] == [*range(10, 24), *range(10)]


def test_heat_agrees_with_every_occurrence_whatever_their_number() -> None:
    texts = ("* * * * *", "*/5 * * * *", "0 * * * *", "0 7 * * MON-FRI", "@yearly")
    measured = made(jobs(*texts)).heat
    for number, written in enumerate(texts):
        all_day = [at for at in Schedule.parse(written).upcoming(NOW, 1500) if at <= NOW + timedelta(hours=24)]
        assert [at for at, ids in sorted(measured.job_ids_at.items()) if f"job-{number}" in ids] == all_day


def test_heat_is_a_row_of_hours_or_two_or_four() -> None:
    found = made(jobs("0 3 * * *", "0 3,4 * * *"))
    assert (
        "            UTC hour  10 11 12 13 14 15 16 17 18 19 20 21 22 23 00 01 02 03 04 05 06 07 08 09\n"
        "            at most    .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  2  1  .  .  .  .  ."
    ) in report_text(found, 100)
    assert "            UTC hour  10 11 12 13 14 15 16 17 18 19 20 21\n" in report_text(found, 80)
    assert "            UTC hour  10 11 12 13 14 15\n" in report_text(found, 50)


def test_rates_and_jitter_have_no_minute_to_share() -> None:
    definitions = [
        JobDefinition(id="rated", schedule="rate(1 hour)"),
        JobDefinition(id="jittered", schedule="0 * * * *", jitter=timedelta(minutes=10)),
    ]
    found = made(definitions)
    assert (found.heat.most, found.uncounted) == (0, ("jittered", "rated"))
    shown = text(definitions)
    assert "no minute of its own: jittered, rated" in shown
    assert "jitter    starts up to 10 min after each occurrence" in shown


def test_fewer_than_many_jobs_in_a_minute_are_no_warning() -> None:
    found = made(jobs(*["0 3 * * *"] * (MANY - 1)))
    assert (found.heat.most, found.heat.crowds, found.spreading.moves) == (MANY - 1, [], ())
    assert "warning" not in text(jobs(*["0 3 * * *"] * (MANY - 1)))


def test_many_jobs_in_a_minute_are_named_with_the_fewest_moves_that_help() -> None:
    definitions = jobs(*["0 3 * * *"] * 5, "@daily", "1 3 * * *")
    found = made(definitions)
    assert [(len(crowd.job_ids), crowd.count) for crowd in found.heat.crowds] == [(5, 1)]
    assert [(move.job_id, move.suggestion) for move in found.spreading.moves] == [("job-4", "2 3 * * *")]
    assert found.spreading.most == 4
    shown = text(definitions)
    assert "warning   5 jobs in the same minute at Tue 03:00 UTC: job-0, job-1, job-2, job-3, job-4\n" in shown
    assert "spread    job-4: '0 3 * * *' → '2 3 * * *'\n            then at most 4 jobs would share a minute" in shown


def test_the_suggested_schedules_really_share_fewer_minutes() -> None:
    definitions = jobs(*["@daily"] * 9, *["*/5 * * * *"] * 7, *["0 * * * *"] * 6, "cron(0 0 * * ? *)")
    found = made(definitions)
    suggested = {move.job_id: move.suggestion for move in found.spreading.moves}
    after = made([JobDefinition(id=job.id, schedule=suggested.get(job.id, job.schedule)) for job in definitions])
    assert found.heat.most == 23
    assert after.heat.most == found.spreading.most < MANY
    assert after.spreading.moves == ()


def test_a_move_that_would_only_crowd_another_minute_is_not_suggested() -> None:
    found = made(jobs(*["58 3 * * *"] * 5, *["59 3 * * *"] * 4))
    assert (found.spreading.moves, found.spreading.most) == ((), 5)


def test_jobs_that_cannot_move_are_left_to_jitter() -> None:
    found = made(jobs(*["* * * * *"] * 6))
    assert (found.spreading.moves, found.spreading.most) == ((), 6)
    assert "@job(jitter=…)" in text(jobs(*["* * * * *"] * 6))


@pytest.mark.parametrize(
    ("schedule", "later", "expected"),
    [
        ("@daily", 7, "7 0 * * *"),
        ("30 4 * * MON", 29, "59 4 * * MON"),
        ("30 4 * * MON", 30, None),
        ("*/15 9-17 * * *", 14, "14-59/15 9-17 * * *"),
        ("*/15 9-17 * * *", 15, None),
        ("*/7 * * * *", 1, None),
        ("0,30 * * * *", 1, None),
        ("* * * * *", 1, None),
        ("cron(0 9 ? * MON-FRI *)", 5, "cron(5 9 ? * MON-FRI *)"),
        ("cron( 0/10 * * * ? *)", 3, "cron( 3-59/10 * * * ? *)"),
    ],
)
def test_a_schedule_moves_within_its_hour_or_not_at_all(schedule: str, later: int, expected: str | None) -> None:
    assert moved(schedule, later) == expected
    if expected is not None:
        shift = timedelta(minutes=later)
        before = Schedule.parse(schedule).upcoming(NOW, 60)
        assert Schedule.parse(expected).upcoming(NOW + shift, 60) == [at + shift for at in before]
        assert Schedule.parse(expected).warnings == Schedule.parse(schedule).warnings


def test_what_a_deploy_would_refuse_is_a_warning_here() -> None:
    permissions = ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::" + "x" * 9_000},)
    found = made(jobs("@daily", permissions=permissions))
    assert found.over_limits is not None
    assert "'job-0': permissions have" in found.over_limits
    assert "warning   a deploy would be refused" in text(jobs("@daily", permissions=permissions))


def test_no_job_at_all_is_a_report_too() -> None:
    assert "[....................] 0/300 (RULES_LIMIT)" in text([])


def test_a_long_list_of_jobs_is_cut_in_text_and_whole_in_json() -> None:
    definitions = jobs(*["0 3 * * *"] * 30)
    assert "and 20 more" in text(definitions)
    (crowd,) = made(definitions).to_json()["same_minute"]["crowds"]
    assert len(crowd["job_ids"]) == 30
    assert len(made(definitions).to_json()["same_minute"]["moves"]) == 26
