"""What is shown as next execution is when AWS fires next, computed once and never left stale."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from functions.db import intents, job_list, jobs
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.scheduling import next_executions
from functions.scheduling.reconcile import reconcile
from tests.integration.scheduling.conftest import ON_RULES, ON_SCHEDULER, Calls, deploy, in_aws, job

ANN = Author(actor="ann")
NOW = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)


def at(connection: Connection, now: datetime, job_id: str = "cleanup") -> datetime | None:
    return shown(connection, now)[job_id]


def shown(connection: Connection, now: datetime) -> dict[str, datetime | None]:
    next_executions.advance(connection, now=now)
    wanted = job_list.Wanted(is_enabled=True, states=job_list.STATES, limit=100)
    return {job.id: job.next_execution_at for job in job_list.listed(connection, wanted)}


def stored(connection: Connection, job_id: str = "cleanup") -> datetime | None:
    return jobs.get(connection, job_id).next_execution_at


def test_a_deploy_stores_when_each_job_runs_next(connection: Connection, calls: Calls) -> None:
    deploy(connection, ON_RULES, job())
    next_at = stored(connection)
    assert next_at is not None
    assert timedelta() < next_at - datetime.now(UTC) <= timedelta(minutes=5)


def test_what_has_passed_is_computed_and_stored_and_the_rest_only_read(connection: Connection) -> None:
    jobs.store_definitions(connection, [job()])
    assert at(connection, NOW) == datetime(2026, 11, 23, 12, 5, tzinfo=UTC)
    assert stored(connection) == datetime(2026, 11, 23, 12, 5, tzinfo=UTC)
    jobs.store_next_executions(connection, {"cleanup": NOW + timedelta(seconds=1)})
    assert at(connection, NOW) == NOW + timedelta(seconds=1)
    assert at(connection, NOW + timedelta(seconds=1)) == datetime(2026, 11, 23, 12, 5, tzinfo=UTC)


def test_a_time_zone_is_followed(connection: Connection) -> None:
    jobs.store_definitions(connection, [job(schedule="0 9 * * *", timezone="Europe/Prague")])
    assert at(connection, NOW) == datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def test_jobs_that_nothing_will_fire_have_none(connection: Connection) -> None:
    definitions = [job("paused"), job("removed"), job("by-hand", None), job("never", "0 0 30 2 *"), job("gone")]
    jobs.store_definitions(connection, definitions)
    assert at(connection, NOW, "paused") is not None
    jobs.store_definitions(connection, definitions[:-1])
    intents.pause(connection, "paused", ANN)
    intents.remove(connection, "removed", ANN)
    assert shown(connection, NOW) == dict.fromkeys(("by-hand", "gone", "never", "paused", "removed"))


def test_a_changed_schedule_never_shows_the_old_time(connection: Connection) -> None:
    jobs.store_definitions(connection, [job(schedule="0 3 * * *")])
    assert at(connection, NOW) == datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    jobs.store_definitions(connection, [job(schedule="0 5 * * *")])
    assert stored(connection) is None
    assert at(connection, NOW) == datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


def test_an_unchanged_definition_keeps_the_stored_time(connection: Connection) -> None:
    jobs.store_definitions(connection, [job()])
    first = at(connection, NOW)
    jobs.store_definitions(connection, [job()])
    assert stored(connection) == first


def test_resume_shows_a_time_to_come_and_pause_none(connection: Connection, calls: Calls) -> None:
    deploy(connection, ON_RULES, job())
    for change, is_shown in ((intents.pause, False), (intents.resume, True)):
        change(connection, "cleanup", ANN)
        reconcile(connection, ON_RULES, only={"cleanup"})
        now = datetime.now(UTC)
        next_at = at(connection, now)
        assert (next_at is not None and next_at > now) is is_shown


def test_a_rate_on_a_schedule_counts_from_its_start_date(connection: Connection, calls: Calls) -> None:
    deploy(connection, ON_SCHEDULER, job(schedule="rate(7 minutes)"))
    start = in_aws(ON_SCHEDULER)["schedule"]["cleanup"]["StartDate"]
    assert stored(connection) == start
    assert at(connection, start + timedelta(minutes=8)) == start + timedelta(minutes=14)


def test_a_rate_on_a_rule_has_no_known_time_until_it_is_seen_to_fire(connection: Connection, calls: Calls) -> None:
    deploy(connection, ON_RULES, job(schedule="rate(7 minutes)"))
    now = datetime.now(UTC)
    assert at(connection, now) is None
    fired_at = now.replace(second=0, microsecond=0) + timedelta(minutes=7)
    connection.execute("UPDATE lamplighter.job SET last_fired_at = %s", (fired_at,))
    assert at(connection, fired_at + timedelta(seconds=20)) == fired_at + timedelta(minutes=7)


def test_a_rate_on_a_rule_is_unknown_again_once_its_rule_was_written_to(connection: Connection, calls: Calls) -> None:
    deploy(connection, ON_RULES, job(schedule="rate(7 minutes)"))
    connection.execute("UPDATE lamplighter.job SET last_fired_at = clock_timestamp()")
    assert at(connection, datetime.now(UTC)) is not None
    deploy(connection, ON_RULES, job(schedule="rate(7 minutes)", description="Changed"))
    assert at(connection, datetime.now(UTC)) is None


def test_a_job_moved_to_a_rate_on_a_schedule_shows_its_new_start(connection: Connection, calls: Calls) -> None:
    deploy(connection, ON_SCHEDULER, job())
    deploy(connection, ON_SCHEDULER, job(schedule="rate(3 hours)"))
    assert stored(connection) == in_aws(ON_SCHEDULER)["schedule"]["cleanup"]["StartDate"]


def test_a_listing_of_times_to_come_computes_nothing_again(connection: Connection) -> None:
    jobs.store_definitions(connection, [job(f"job-{n}") for n in range(5)])
    assert len(job_list.passed(connection, now=NOW)) == 5
    assert len(shown(connection, NOW)) == 5
    assert job_list.passed(connection, now=NOW) == []
