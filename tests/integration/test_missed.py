"""Every expected occurrence ends as exactly one row: the sweep writes down as missed what nothing came for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.db import intents, jobs, stats, triggers
from functions.db.audit import Author
from functions.db.connection import Connection, connect
from functions.db.executions import history
from functions.db.expectations import due
from functions.scheduling.misfires import judge
from tests.integration.seeds import MINUTE, claimed, deployed, triggered

ANN = Author(actor="ann")
DAYS = timedelta(days=90)
HOUR = timedelta(hours=1)
# The jobs here are known from a while before MINUTE (12:00) and, unless said otherwise, run every ten minutes.
SINCE = MINUTE - 5 * HOUR
UNTIL = MINUTE - timedelta(minutes=1)
TEN = timedelta(minutes=10)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@pytest.fixture
def job(connection: Connection) -> None:
    """A job of every ten minutes that has been judged until just before 12:00."""
    every_ten(connection)


def every_ten(connection: Connection, *, until: datetime = UNTIL, **options: Any) -> None:
    deployed(connection, "a", **{"schedule": "*/10 * * * *"} | options)
    connection.execute("UPDATE lamplighter.job SET updated_at = %s", (SINCE,))
    triggered(connection, "a", at=SINCE)
    connection.execute("UPDATE lamplighter.trigger SET judged_until_at = %s", (until,))


def sweep(connection: Connection, at: datetime, *, kept: timedelta = DAYS) -> int:
    """Judge as the sweep of this instant does; how many were missed."""
    return judge(connection, now=at, kept=kept).missed.total()


def rows(connection: Connection, job_id: str = "a") -> list[tuple[str, str]]:
    """When and how, oldest first."""
    found = history(connection, job_id, limit=10_000)
    return [(f"{row.scheduled_at:%H:%M}", row.status) for row in reversed(found)]


def held(connection: Connection, from_at: datetime, until_at: datetime) -> None:
    """As if the job had been paused then."""
    intents.pause(connection, "a", ANN)
    connection.execute("UPDATE lamplighter.job SET paused_at = %s", (from_at,))
    intents.resume(connection, "a", ANN)
    connection.execute("UPDATE lamplighter.job SET held_until_at = %s", (until_at,))


@pytest.mark.usefixtures("job")
def test_an_occurrence_nothing_came_for_is_missed_two_minutes_later_once(connection: Connection) -> None:
    assert sweep(connection, MINUTE + minutes(1.9)) == 0
    assert sweep(connection, MINUTE + minutes(2)) == 1
    assert sweep(connection, MINUTE + minutes(2)) == 0
    assert sweep(connection, MINUTE + minutes(3)) == 0
    (row,) = history(connection, "a", limit=9)
    assert (row.cause, row.status, row.reason, row.scheduled_at) == ("schedule", "missed", "no event came", MINUTE)
    assert (row.started_at, row.finished_at, row.attempt) == (None, MINUTE + minutes(2), 0)


@pytest.mark.usefixtures("job")
def test_it_is_counted_in_the_hour_it_had_to_be_there(connection: Connection) -> None:
    sweep(connection, MINUTE + minutes(65))
    counts = connection.execute("SELECT hour, missed FROM lamplighter.job_stats_hourly ORDER BY 1").fetchall()
    assert counts == [(MINUTE, 6), (MINUTE + HOUR, 1)]


@pytest.mark.usefixtures("job")
def test_what_came_is_not_missed_however_it_ended(connection: Connection) -> None:
    claimed(connection, at=MINUTE)
    claimed(connection, at=MINUTE + TEN)  # skipped: the first one runs
    claimed(connection, at=MINUTE + 2 * TEN, enabled=False)
    assert sweep(connection, MINUTE + minutes(25)) == 0
    assert [status for _, status in rows(connection)] == ["running", "skipped", "skipped"]


@pytest.mark.usefixtures("job")
def test_an_execution_started_by_hand_stands_for_no_occurrence(connection: Connection) -> None:
    connection.execute(
        "INSERT INTO lamplighter.execution (id, job_id, scheduled_at, cause, status)"
        " VALUES (gen_random_uuid(), 'a', %s, 'manual', 'queued')", (MINUTE + timedelta(microseconds=1),)
    )  # fmt: skip
    assert sweep(connection, MINUTE + minutes(3)) == 1


def test_with_jitter_there_is_more_time(connection: Connection) -> None:
    every_ten(connection, jitter=minutes(5))
    assert sweep(connection, MINUTE + minutes(6.9)) == 0
    assert sweep(connection, MINUTE + minutes(7)) == 1


def test_after_downtime_all_but_the_newest_are_missed_and_that_one_is_caught_up(connection: Connection) -> None:
    every_ten(connection, misfire="run_once")
    judged = judge(connection, now=MINUTE + minutes(35), kept=DAYS)
    assert [(f"{found.scheduled_at:%H:%M}", found.cause) for found in judged.catch_ups] == [("12:30", "catch_up")]
    assert rows(connection) == [("12:00", "missed"), ("12:10", "missed"), ("12:20", "missed"), ("12:30", "queued")]


def test_an_event_that_came_after_them_leaves_them_missed_and_nothing_is_caught_up(connection: Connection) -> None:
    every_ten(connection, misfire="run_once")
    claimed(connection, at=MINUTE + 2 * TEN)
    judged = judge(connection, now=MINUTE + minutes(25), kept=DAYS)
    assert judged.catch_ups == []
    assert rows(connection) == [("12:00", "missed"), ("12:10", "missed"), ("12:20", "running")]


# Deploys


def test_nothing_is_expected_of_a_job_that_has_no_trigger_yet(connection: Connection) -> None:
    deployed(connection, "a", schedule="* * * * *")
    connection.execute("UPDATE lamplighter.job SET updated_at = %s", (SINCE,))
    assert sweep(connection, MINUTE) == 0


def test_after_the_first_deploy_occurrences_count_from_a_minute_after_the_trigger_was_made(
    connection: Connection,
) -> None:
    deployed(connection, "a", schedule="* * * * *")
    connection.execute("UPDATE lamplighter.job SET updated_at = %s", (MINUTE - HOUR,))
    triggered(connection, "a", at=MINUTE)
    sweep(connection, MINUTE + minutes(4))
    assert rows(connection) == [("12:02", "missed")]


@pytest.mark.usefixtures("job")
def test_after_a_deploy_the_new_schedule_counts_and_the_old_one_no_more(connection: Connection) -> None:
    deployed(connection, "a", schedule="5,15 * * * *")
    connection.execute("UPDATE lamplighter.job SET updated_at = %s", (MINUTE + minutes(1),))
    triggered(connection, "a", at=MINUTE + minutes(6))
    sweep(connection, MINUTE + minutes(50))
    assert rows(connection) == [("12:15", "missed")]


def test_a_schedule_that_was_rare_and_is_frequent_now_is_looked_at_at_once(connection: Connection) -> None:
    every_ten(connection, schedule="0 0 1 1 *")
    sweep(connection, MINUTE)
    assert due(connection, now=MINUTE + minutes(1), settling=minutes(1), limit=9) == []
    deployed(connection, "a", schedule="* * * * *")
    assert [found.job_id for found in due(connection, now=MINUTE + minutes(1), settling=minutes(1), limit=9)] == ["a"]


@pytest.mark.usefixtures("job")
def test_a_deploy_that_changes_nothing_forgets_nothing(connection: Connection) -> None:
    deployed(connection, "a", schedule="*/10 * * * *")
    triggered(connection, "a", at=MINUTE + minutes(1))  # its rule was switched, or repaired
    assert sweep(connection, MINUTE + minutes(2)) == 1


@pytest.mark.usefixtures("job")
def test_while_a_reconcile_is_at_it_nothing_is_judged_and_one_that_failed_is_not_waited_for(
    connection: Connection,
) -> None:
    connection.execute("UPDATE lamplighter.job SET updated_at = %s", (MINUTE - minutes(5),))
    triggers.doubt(connection, ["a"])
    assert sweep(connection, MINUTE + minutes(9)) == 0
    assert sweep(connection, MINUTE + minutes(10)) == 1


@pytest.mark.usefixtures("job")
def test_what_changed_while_it_was_being_judged_is_judged_anew(connection: Connection, database_url: str) -> None:
    with connect(database_url) as claiming, claiming.transaction():
        jobs.lock(claiming, "a")
        assert sweep(connection, MINUTE + minutes(2)) == 0  # it waits for nobody
    assert sweep(connection, MINUTE + minutes(3)) == 1


def test_a_job_that_is_switched_off_and_on_again_has_missed_nothing(connection: Connection) -> None:
    every_ten(connection, misfire="run_once")
    triggers.forget(connection, ["a"])
    assert sweep(connection, MINUTE + HOUR) == 0
    triggered(connection, "a", at=MINUTE + HOUR)
    found = judge(connection, now=MINUTE + HOUR + minutes(5), kept=DAYS)
    assert (found.missed, found.catch_ups) == ({}, [])


# Holding


@pytest.mark.usefixtures("job")
def test_nothing_is_expected_of_a_paused_or_removed_job(connection: Connection) -> None:
    intents.pause(connection, "a", ANN)
    assert sweep(connection, MINUTE + HOUR) == 0
    intents.remove(connection, "a", ANN)
    assert sweep(connection, MINUTE + HOUR) == 0


@pytest.mark.usefixtures("job")
def test_after_a_resume_what_lies_before_and_after_the_pause_was_missed_and_nothing_within(
    connection: Connection,
) -> None:
    held(connection, MINUTE + minutes(5), MINUTE + minutes(29.5))
    sweep(connection, MINUTE + minutes(45))
    assert rows(connection) == [("12:00", "missed"), ("12:40", "missed")]  # 12:30: AWS may not have heard of it yet


@pytest.mark.usefixtures("job")
def test_after_a_restore_nothing_from_before_it_was_missed(connection: Connection) -> None:
    intents.remove(connection, "a", ANN)
    triggers.forget(connection, ["a"])
    intents.restore(connection, ANN)
    connection.execute("UPDATE lamplighter.job SET updated_at = %s", (MINUTE + minutes(15),))
    triggered(connection, "a", at=MINUTE + minutes(16))
    sweep(connection, MINUTE + minutes(25))
    assert rows(connection) == [("12:20", "missed")]


# Rates


def rate(connection: Connection, text: str, *, fired_at: datetime | None, anchor_at: datetime | None = None) -> None:
    every_ten(connection, schedule=text)
    triggered(connection, "a", at=SINCE, anchor_at=anchor_at)
    connection.execute("UPDATE lamplighter.job SET last_fired_at = %s", (fired_at,))


def test_of_a_rate_that_was_never_seen_firing_nothing_can_be_expected(connection: Connection) -> None:
    rate(connection, "rate(10 minutes)", fired_at=None)
    assert sweep(connection, MINUTE + HOUR) == 0
    rate(connection, "rate(10 minutes)", fired_at=SINCE - HOUR)  # a phase that is gone
    assert sweep(connection, MINUTE + HOUR + minutes(10)) == 0


def test_once_a_rate_was_seen_firing_its_occurrences_are_expected_also_the_ones_between(connection: Connection) -> None:
    rate(connection, "rate(10 minutes)", fired_at=MINUTE + minutes(24))
    claimed(connection, at=MINUTE + minutes(24))
    sweep(connection, MINUTE + minutes(38))
    assert rows(connection) == [("12:04", "missed"), ("12:14", "missed"), ("12:24", "running"), ("12:34", "missed")]


def test_a_rate_whose_phase_is_only_seen_may_be_a_minute_off(connection: Connection) -> None:
    rate(connection, "rate(10 minutes)", fired_at=MINUTE + minutes(4))
    claimed(connection, at=MINUTE + minutes(13))
    assert rows(connection) == [("12:13", "running")]
    connection.execute("UPDATE lamplighter.job SET last_fired_at = %s", (MINUTE + minutes(4),))
    sweep(connection, MINUTE + minutes(17))
    assert rows(connection) == [("12:04", "missed"), ("12:13", "running")]


def test_a_rate_with_a_start_is_expected_from_it_on(connection: Connection) -> None:
    rate(connection, "rate(10 minutes)", fired_at=None, anchor_at=MINUTE + minutes(7))
    sweep(connection, MINUTE + minutes(20))
    assert rows(connection) == [("12:07", "missed"), ("12:17", "missed")]


# Bounds


def test_days_of_a_minutely_job_are_written_in_one_sweep_also_into_months_nobody_made(connection: Connection) -> None:
    every_ten(connection, schedule="* * * * *", until=MINUTE - timedelta(days=10))
    connection.execute("UPDATE lamplighter.job SET updated_at = %s", (MINUTE - timedelta(days=30),))
    assert sweep(connection, MINUTE + minutes(2)) == 10 * 24 * 60
    assert sweep(connection, MINUTE + minutes(3)) == 1
    before = MINUTE - timedelta(days=400)
    connection.execute("UPDATE lamplighter.job SET updated_at = %s", (before,))
    connection.execute("UPDATE lamplighter.trigger SET judged_until_at = %s, judge_at = '-infinity'", (before,))
    assert sweep(connection, before + minutes(65)) == 63


def test_more_than_one_sweep_can_do_is_left_to_the_next(connection: Connection) -> None:
    every_ten(connection, schedule="* * * * *", misfire="run_once", until=MINUTE - timedelta(days=15))
    connection.execute("UPDATE lamplighter.job SET updated_at = %s", (MINUTE - timedelta(days=30),))
    first = judge(connection, now=MINUTE + minutes(2), kept=DAYS)
    assert (first.missed.total(), first.catch_ups) == (20_000, [])
    second = judge(connection, now=MINUTE + minutes(2), kept=DAYS)
    assert (second.missed.total(), len(second.catch_ups)) == (15 * 24 * 60 - 20_001, 1)


def test_what_lies_further_back_than_rows_are_kept_is_not_missed_since_it_may_have_run(connection: Connection) -> None:
    every_ten(connection, until=SINCE)
    assert sweep(connection, MINUTE + minutes(2), kept=HOUR) == 6


def test_a_job_with_nothing_left_to_expect_is_never_looked_at_again(connection: Connection) -> None:
    every_ten(connection, schedule="cron(0 12 23 11 ? 2026)")
    assert sweep(connection, MINUTE + minutes(2)) == 1
    assert due(connection, now=MINUTE + timedelta(days=9999), settling=minutes(1), limit=9) == []


# Late events


@pytest.mark.usefixtures("job")
def test_an_event_that_comes_after_all_runs_and_its_occurrence_was_not_missed(connection: Connection) -> None:
    sweep(connection, MINUTE + minutes(3))
    assert claimed(connection, at=MINUTE).decision == "run"
    assert rows(connection) == [("12:00", "running")]
    assert connection.execute("SELECT sum(missed) FROM lamplighter.job_stats_hourly").fetchone() == (0,)


def test_what_was_missed_in_an_hour_that_all_jobs_counts_have_already_is_in_both(
    connection: Connection, job: None
) -> None:
    for hours in (0, 2):
        connection.execute("SELECT lamplighter.count_execution('b', 'succeeded', %s, 5)", (MINUTE + hours * HOUR,))
    stats.roll_up(connection, before=MINUTE + 3 * HOUR)
    assert sweep(connection, MINUTE + 2 * HOUR) > 6
    both = """
    SELECT (SELECT sum(missed) FROM lamplighter.job_stats_hourly), (SELECT sum(missed) FROM lamplighter.stats_hourly),
           (SELECT min(missed) FROM lamplighter.stats_hourly), (SELECT sum(succeeded) FROM lamplighter.stats_hourly)
    """
    of_jobs, of_all, *_ = connection.execute(both).fetchone() or (0, 1)
    assert of_jobs == of_all
    assert claimed(connection, at=MINUTE).decision == "run", "it comes after all"
    assert connection.execute(both).fetchone() == (of_jobs - 1, of_all - 1, 0, 2)
