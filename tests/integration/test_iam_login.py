"""The database's login from RDS: a token for each connection, never one that is about to end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest

from functions.database import database
from functions.db.connection import Connection, Database, WarmConnection, connect
from functions.db.migrate import migrate
from functions.errors import DatabaseUnavailable
from functions.settings import from_environment
from tests.integration.roles import Role, can_log_in, role, with_login
from tests.integration.tls_postgres import NAME, TlsServer, tls_postgres

REGION = "eu-central-1"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SetClock = Callable[[datetime], None]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServer]:
    with tls_postgres(tmp_path_factory.mktemp("tls")) as started:
        yield started


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Credentials to sign with, and the clock that botocore signs by."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

    def set_to(now: datetime) -> None:
        monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: now)

    set_to(NOON)
    return set_to


@pytest.fixture
def app(server: TlsServer) -> Iterator[Role]:
    with connect(f"{server.url}?sslmode=require") as administrator, role(administrator, "none yet") as made:
        yield made


def deployment(server: TlsServer, user: str) -> Database:
    variables = {
        "AWS_REGION": REGION,
        "DATABASE_URL": with_login(server.url, user),
        "DATABASE_SECRET_SOURCE": "rds-iam",
        "DATABASE_RESOURCE_ID": "db-ABCDEFGHIJKL01234",
        "DATABASE_TLS_MODE": "verify-full",
        "DATABASE_TLS_ROOT_CERT": str(server.root),
    }
    return database(from_environment(variables))


def token(server: TlsServer, user: str) -> str:
    """What RDS would take from this user now; PostgreSQL itself cannot verify it, so it becomes the role's password."""
    rds: Any = boto3.client("rds", region_name=REGION)
    port = urlsplit(server.url).port
    return str(rds.generate_db_auth_token(DBHostname=NAME, Port=port, DBUsername=user, Region=REGION))


def who(connection: Connection) -> Any:
    return connection.execute("SELECT current_user").fetchone()


@pytest.mark.usefixtures("set_clock")
def test_the_token_is_the_password(server: TlsServer, app: Role) -> None:
    app.rotate(token(server, app.name))
    with connect(deployment(server, app.name)) as connection:
        assert who(connection) == (app.name,)


@pytest.mark.usefixtures("set_clock")
def test_a_token_that_is_refused_is_an_error_that_does_not_show_it(server: TlsServer, app: Role) -> None:
    with pytest.raises(DatabaseUnavailable, match="password authentication failed") as caught:
        connect(deployment(server, app.name))
    assert "X-Amz" not in str(caught.value)


def test_every_connection_has_a_token_of_its_own_moment(server: TlsServer, app: Role, set_clock: SetClock) -> None:
    warm = WarmConnection(deployment(server, app.name))
    first = token(server, app.name)
    app.rotate(first)
    assert warm.run(who) == (app.name,)
    set_clock(NOON + timedelta(minutes=14, seconds=59))
    second = token(server, app.name)
    app.rotate(second)
    assert not can_log_in(server.url, app.name, first)
    app.disconnect()
    assert warm.run(who) == (app.name,)
    warm.close()
    assert [_signed(one) for one in (first, second)] == [("20261123T120000Z", "900"), ("20261123T121459Z", "900")]


def test_no_token_is_used_twice_so_none_has_to_be_refused_first(server: TlsServer, set_clock: SetClock) -> None:
    login = deployment(server, "somebody").login
    assert login is not None
    for minutes in (0, 14, 60):
        set_clock(NOON + timedelta(minutes=minutes))
        assert login(False).password == token(server, "somebody")


def _signed(made: str) -> tuple[str, str]:
    query = parse_qs(urlsplit(f"//{made}").query)
    return query["X-Amz-Date"][0], query["X-Amz-Expires"][0]


@pytest.mark.usefixtures("set_clock")
def test_a_connection_outlives_its_token_and_a_second_one_gets_another(
    server: TlsServer, app: Role, set_clock: SetClock
) -> None:
    app.rotate(token(server, app.name))
    with connect(deployment(server, app.name)) as connection:
        set_clock(NOON + timedelta(hours=1))
        app.rotate(token(server, app.name))
        assert who(connection) == (app.name,)
        with connect(connection.database) as second:
            assert who(second) == (app.name,)


@pytest.mark.usefixtures("set_clock")
def test_migrations_run_with_it(server: TlsServer, app: Role) -> None:
    app.rotate(token(server, app.name))
    migrate(deployment(server, app.name), now=NOON)
    assert migrate(deployment(server, app.name), now=NOON) == []


def test_without_credentials_to_sign_with_the_error_says_so(
    server: TlsServer, set_clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    with pytest.raises(DatabaseUnavailable, match="no token could be signed"):
        connect(deployment(server, "nobody"))
