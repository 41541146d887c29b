"""What docs/one-time-jobs.md shows works as it is shown."""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import Iterator
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from functions import pending
from functions.db import jobs
from functions.db.connection import Connection, connect
from functions.job import Job, enqueue
from functions.settings import settings
from tests.conftest import PROJECT
from tests.integration.accepting_lambda import Lambda

PAGE = PROJECT / "docs" / "one-time-jobs.md"


@pytest.fixture
def aws(aws: Lambda, connection: Connection) -> Iterator[Lambda]:
    # Named in full: the user of these tests is called like our schema, which comes first then.
    connection.execute("CREATE TABLE public.orders (number integer)")
    yield aws
    pending.pending().settle()


def code_of(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def run(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, *, shown_connection: Connection | None = None
) -> dict[str, Any]:
    """All examples of Python of the page, one after the other, as one module; a job is deployed once it is there."""
    module = ModuleType("shown")
    monkeypatch.setitem(sys.modules, "shown", module)
    vars(module)["connection"] = shown_connection or connection
    for code in code_of("python"):
        exec(code, vars(module))
        found = [value.definition for value in vars(module).values() if isinstance(value, Job)]
        jobs.store_definitions(connection, found)
    return vars(module)


def test_the_recipe_works_as_it_is_shown(aws: Lambda, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = run(connection, monkeypatch)
    statuses = "SELECT status, count(*) FROM lamplighter.execution GROUP BY status ORDER BY status"
    # Orders 1, 4, 5, 6 to 999 and 1000; 2 and 3 have a time, 1001 to 1003 wait for 1000.
    assert connection.execute(statuses).fetchall() == [("queued", 3 + 994 + 1), ("scheduled", 2 + 3)]
    assert connection.execute("SELECT number FROM orders").fetchall() == [(5,)]
    assert isinstance(shown["execution_id"], uuid.UUID)
    assert shown["close_the_day"].definition.permissions


def test_a_database_role_with_no_more_than_the_page_grants_can_enqueue(
    aws: Lambda, connection: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (grants,) = code_of("sql")
    name = f"web_{uuid.uuid4().hex[:8]}"
    connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'w'; GRANT INSERT ON public.orders TO {name}")
    try:
        connection.execute(grants.replace("TO web", f"TO {name}"))
        parts = urlsplit(database_url)
        url = urlunsplit(parts._replace(netloc=f"{name}:w@{parts.netloc.rpartition('@')[2]}"))
        monkeypatch.setenv("DATABASE_URL", url)
        settings.cache_clear()
        with connect(url) as theirs:
            shown = run(connection, monkeypatch, shown_connection=theirs)
            aws.status = 429  # what is not sent is noted too
            enqueue(shown["send_invoice"], params={"order": 9})
        reasons = "SELECT count(*) FROM lamplighter.execution WHERE dispatch_error IS NOT NULL"
        assert connection.execute(reasons).fetchone() == (1,)
    finally:
        connection.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


def test_a_connection_as_django_makes_it_will_do(
    aws: Lambda, connection: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = run(connection, monkeypatch)["send_invoice"]
    connection.execute("TRUNCATE lamplighter.execution")
    # Django's psycopg backend: parameters bound by the client, in autocommit mode, atomic() by BEGIN.
    with psycopg.connect(database_url, cursor_factory=psycopg.ClientCursor, autocommit=True) as theirs:
        theirs.autocommit = False  # as atomic() does
        enqueue(job, params={"order": 1}, connection=theirs, key="it's \\ 1")
        enqueue(job, params={"order": 2}, connection=theirs)
        theirs.commit()
        enqueue(job, params={"order": 3}, connection=theirs)
        theirs.rollback()
    orders = connection.execute("SELECT params -> 'order' FROM lamplighter.execution ORDER BY 1").fetchall()
    assert orders == [(1,), (2,)]
