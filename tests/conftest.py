"""What every layer of tests shares: one PostgreSQL for the session, a fresh database cloned from a template per test"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from functions.db.connection import Connection, connect
from functions.db.migrate import migrate
from infra.local.postgres import Postgres

PROJECT = Path(__file__).parent.parent
# Nothing here has to survive a crash of the machine.
UNSAFE_AND_QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL server: TEST_DATABASE_URL (a superuser's), else one of our own.

    TEST_POSTGRES_MAJOR=16, or 15 where the system has it, makes our own one that version.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    major = os.environ.get("TEST_POSTGRES_MAJOR")
    postgres = Postgres(
        tmp_path_factory.mktemp("postgres"), settings=UNSAFE_AND_QUICK, major=None if major is None else int(major)
    )
    yield postgres.start()
    postgres.discard()


@pytest.fixture(scope="session")
def template_database(server_url: str) -> str:
    """The name of a migrated database that tests are cloned from."""
    name = f"template_{uuid.uuid4().hex[:8]}"
    _administer(server_url, f'CREATE DATABASE "{name}"')
    migrate(on_database(server_url, name), now=datetime.now(UTC))
    return name


@pytest.fixture
def database_url(server_url: str, template_database: str) -> Iterator[str]:
    """The URL of a migrated, empty database of this test's own."""
    with cloned(server_url, template_database) as url:
        yield url


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """A connection to this test's own database."""
    with connect(database_url) as opened:
        yield opened


@contextmanager
def cloned(server_url: str, template: str) -> Iterator[str]:
    """The URL of a database that is as the template is; gone afterwards."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    # FILE_COPY: half of what the default takes where nothing has to survive a crash (measured).
    _administer(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    yield on_database(server_url, name)
    _administer(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


def on_database(url: str, name: str) -> str:
    """The same server's URL for another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _administer(url: str, statement: str) -> None:
    try:
        _administrator(url).execute(statement.encode())
    except psycopg.OperationalError:  # a test has ended every connection there was
        _administrator.cache_clear()
        _administrator(url).execute(statement.encode())


@cache
def _administrator(url: str) -> psycopg.Connection:
    # Kept: a connection costs as much as what is done with it.
    return psycopg.connect(url, autocommit=True)
