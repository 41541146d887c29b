"""The application's own role does all its work, and what is in the audit it can neither change nor take out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql

from functions.db import access, audit, intents, one_time, users
from functions.db.audit import Author
from functions.db.connection import Connection, connect
from functions.db.migrate import migrate
from functions.db.outcomes import Outcome, finish
from functions.db.partitions import ensure_month, months
from functions.jobs.mark_lost_executions import mark_lost_executions
from functions.jobs.prepare_partitions import prepare_partitions
from functions.jobs.retention import retention
from tests.integration.job_runs import run_job
from tests.integration.roles import role, with_login
from tests.integration.seeds import MINUTE, claimed, deployed

ANN = Author(actor="ann")
PASSWORD = "the application's own"
LONG_AGO = datetime(2020, 5, 17, tzinfo=UTC)


@pytest.fixture
def application_url(connection: Connection, database_url: str) -> Iterator[str]:
    """This test's database as a role that was given what the application needs."""
    with role(connection, PASSWORD, is_superuser=False) as made:
        connection.execute("SELECT lamplighter.grant_application(%s)", (made.name,))
        connection.execute("SELECT lamplighter.grant_application(%s)", (made.name,))  # again does no harm
        yield with_login(database_url, made.name, PASSWORD)


@pytest.fixture
def application(application_url: str) -> Iterator[Connection]:
    with connect(application_url) as opened:
        yield opened


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE lamplighter.audit SET actor = 'bob'",
        "UPDATE lamplighter.audit SET before = NULL WHERE false",
        "DELETE FROM lamplighter.audit",
        "TRUNCATE lamplighter.audit",
        "TRUNCATE lamplighter.audit, lamplighter.job CASCADE",
        "DROP TABLE lamplighter.audit",
        "DROP SCHEMA lamplighter CASCADE",
        "ALTER TABLE lamplighter.audit RENAME TO other",
        "ALTER TABLE lamplighter.audit OWNER TO CURRENT_USER",
        "GRANT ALL ON lamplighter.audit TO CURRENT_USER; DELETE FROM lamplighter.audit",
        "CREATE RULE r AS ON INSERT TO lamplighter.audit DO INSTEAD NOTHING",
        "CREATE FUNCTION lamplighter.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "INSERT INTO lamplighter.audit (actor, action) SELECT 'a', 'b' ON CONFLICT (id) DO UPDATE SET actor = 'x'",
        "DELETE FROM lamplighter._yoyo_migration",
        "SELECT lamplighter.grant_application(CURRENT_USER)",
    ],
)
def test_the_audit_is_added_to_and_read_and_nothing_else(
    connection: Connection, application: Connection, statement: str
) -> None:
    with application.transaction():
        audit.record(application, ANN, "jobs.pause", job_id="a")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application.execute(statement.encode())
    rows = "SELECT actor, action FROM lamplighter.audit"
    assert application.execute(rows).fetchall() == connection.execute(rows).fetchall() == [("ann", "jobs.pause")]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE lamplighter.audit SET actor = 'bob'", "DELETE FROM lamplighter.audit", "TRUNCATE lamplighter.audit"],
)
def test_even_the_owner_changes_nothing_in_the_audit_by_mistake(connection: Connection, statement: str) -> None:
    with connection.transaction():
        audit.record(connection, ANN, "jobs.pause", job_id="a")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match=r"lamplighter\.audit is only added to"):
        connection.execute(statement.encode())
    assert connection.execute("SELECT actor FROM lamplighter.audit").fetchall() == [("ann",)]


def test_the_application_does_all_its_work_with_it(application: Connection) -> None:
    deployed(application, "a")
    claim = claimed(application)
    assert claim.execution_id is not None
    assert finish(
        application, Outcome(status="succeeded"), execution_id=claim.execution_id, scheduled_at=MINUTE,
        token=claim.token,
    )  # fmt: skip
    intents.pause(application, "a", ANN)
    one_time.enqueue(application, job_id="a")
    with access.changing(application):
        user = users.add(application, ANN, name="ada", password_hash="x", role_names=["admin"])
    with access.changing(application):
        users.update(application, ANN, user, is_disabled=False, role_names=["admin", "viewer"])
    in_a_new_month = claimed(application, at=MINUTE + timedelta(days=200))
    assert in_a_new_month.decision == "skip"


def test_its_jobs_make_and_drop_months_though_it_owns_none(
    connection: Connection, application: Connection, application_url: str
) -> None:
    ensure_month(application, LONG_AGO)
    now = datetime.now(UTC)
    run_job(prepare_partitions, application_url, now=now + timedelta(days=400))
    run_job(mark_lost_executions, application_url, now=now)
    assert run_job(retention, application_url, now=now)["dropped"] == ["2020-05"]
    assert "2020-05" not in {month.name for month in months(connection)}


def test_a_month_whose_executions_are_young_is_dropped_for_nobody(application: Connection) -> None:
    ensure_month(application, MINUTE)
    deployed(application, "a")
    claimed(application)
    drop = "SELECT lamplighter.drop_month(%s, %s)"
    assert application.execute(drop, (f"{MINUTE:%Y_%m}", MINUTE + timedelta(days=99))).fetchone() == (False,)
    for suffix in ("", "2026-11", "2026_11; DROP TABLE lamplighter.job", 'x"'):
        with pytest.raises(psycopg.errors.RaiseException, match="use YYYY_MM"):
            application.execute(drop, (suffix, MINUTE))
    assert claimed(application, at=MINUTE + timedelta(hours=1)).execution_id


def test_who_was_given_nothing_can_drop_no_month_and_give_nobody_anything(
    connection: Connection, database_url: str
) -> None:
    with role(connection, PASSWORD, is_superuser=False) as stranger:
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA lamplighter TO {}").format(sql.Identifier(stranger.name)))
        with connect(with_login(database_url, stranger.name, PASSWORD)) as opened:
            for statement in ("SELECT lamplighter.drop_month('2020_05', now())", "TABLE lamplighter.audit"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    opened.execute(statement.encode())


def test_what_a_later_migration_adds_is_the_applications_too(
    connection: Connection, application: Connection, database_url: str
) -> None:
    connection.execute("CREATE TABLE lamplighter.later (id bigserial PRIMARY KEY, text text)")
    connection.execute("CREATE FUNCTION lamplighter.later() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    migrate(database_url, now=datetime.now(UTC))
    application.execute("INSERT INTO lamplighter.later (text) VALUES ('x')")
    application.execute("UPDATE lamplighter.later SET text = 'y'")
    assert application.execute("SELECT lamplighter.later()").fetchone() == (1,)
    deployed(application, "a")
    assert claimed(application).decision == "run"
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application.execute("DELETE FROM lamplighter.audit")
