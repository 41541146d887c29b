"""The way to PostgreSQL: encrypted where the settings say so, and to nobody but the server that was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from functions.database import database
from functions.db import triggers
from functions.db.connection import Connection, connect
from functions.db.migrate import migrate
from functions.errors import DatabaseUnavailable
from functions.job import JobContext
from functions.settings import from_environment
from tests.integration.delivery import define, deliver, event, handler_on
from tests.integration.tls_postgres import NAME, OTHER_NAME, TlsServer, tls_postgres

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServer]:
    with tls_postgres(tmp_path_factory.mktemp("tls")) as started:
        yield started


def opened(url: str, mode: str, root: Path | None = None) -> Connection:
    """A connection as a function of a deployment with these settings opens it."""
    variables = {"DATABASE_URL": url, "DATABASE_TLS_MODE": mode}
    trusted = {} if root is None else {"DATABASE_TLS_ROOT_CERT": str(root)}
    return connect(database(from_environment(variables | trusted)))


def is_encrypted(connection: Connection) -> bool:
    row = connection.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()
    return row == (True,)


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_the_right_server_is_accepted(server: TlsServer, mode: str) -> None:
    with opened(server.url, mode, server.root) as connection:
        assert is_encrypted(connection)


def test_a_server_of_another_authority_is_refused(server: TlsServer) -> None:
    with pytest.raises(
        DatabaseUnavailable, match=r"certificate verify failed.*; check DATABASE_URL, DATABASE_TLS_MODE"
    ):
        opened(server.url, "verify-full", server.other_root)


def test_a_server_of_another_name_is_refused_unless_the_name_is_not_asked_for(server: TlsServer) -> None:
    elsewhere = server.url.replace(NAME, OTHER_NAME)
    with pytest.raises(DatabaseUnavailable, match=r'certificate for "localhost".* does not match host name "127'):
        opened(elsewhere, "verify-full", server.root)
    with opened(elsewhere, "verify-ca", server.root) as connection:
        assert is_encrypted(connection)


def test_a_file_of_certificates_that_is_not_there_is_named(server: TlsServer) -> None:
    with pytest.raises(
        DatabaseUnavailable, match=r'certificate file "/nowhere.pem" does not exist.*; check .*ROOT_CERT'
    ):
        opened(server.url, "verify-full", Path("/nowhere.pem"))


def test_a_server_that_has_no_tls_is_refused_when_it_is_required(database_url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="server does not support SSL, but SSL was required"):
        opened(database_url, "require")


def test_a_server_that_demands_tls_is_told_so_when_it_is_switched_off(server: TlsServer) -> None:
    with pytest.raises(DatabaseUnavailable, match="no encryption"):
        opened(server.url, "disable")


def test_migrations_and_second_connections_go_the_same_way(server: TlsServer) -> None:
    settings = from_environment(
        {"DATABASE_URL": server.url, "DATABASE_TLS_MODE": "verify-full", "DATABASE_TLS_ROOT_CERT": str(server.root)}
    )
    migrate(database(settings), now=NOW)
    assert migrate(database(settings), now=NOW) == []
    with connect(database(settings)) as connection:
        triggers.doubt(connection, ["a"])


def test_no_job_runs_where_the_server_is_not_the_one_that_was_meant(
    server: TlsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(f"{server.url}?sslmode=require", now=NOW)
    ran: list[Any] = []

    def runs(ctx: JobContext) -> None:
        ran.append(ctx.db.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone())

    with connect(f"{server.url}?sslmode=require") as connection:
        define(connection, monkeypatch, runs)
    monkeypatch.setenv("DATABASE_TLS_MODE", "verify-full")
    monkeypatch.setenv("DATABASE_TLS_ROOT_CERT", str(server.other_root))
    with handler_on(server.url, monkeypatch), pytest.raises(DatabaseUnavailable, match="certificate verify failed"):
        deliver(event())
    assert ran == []
    monkeypatch.setenv("DATABASE_TLS_ROOT_CERT", str(server.root))
    with handler_on(server.url, monkeypatch):
        assert deliver(event())["status"] == "succeeded"
    assert ran == [(True,)]


def test_no_message_shows_the_password(server: TlsServer) -> None:
    (password,) = re.findall(r":([^:@/]+)@", server.url)
    with pytest.raises(DatabaseUnavailable) as caught:
        opened(server.url, "verify-full", server.other_root)
    assert password not in str(caught.value)
