"""The database's login from Secrets Manager: read once, read again when PostgreSQL refuses it, shown nowhere."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from moto import mock_aws

from chalicelib import database as api_database
from functions import operations
from functions.database import database
from functions.db import triggers
from functions.db.connection import Connection, Database, WarmConnection, connect
from functions.errors import DatabaseUnavailable
from functions.job import JobContext
from functions.settings import from_environment, settings
from tests.integration.delivery import define, deliver, event, handler_on
from tests.integration.roles import Role, can_log_in, role, with_login

REGION = "eu-central-1"
FIRST, SECOND = "first-hunter2", "second/hunter2@%"
Rotate = Callable[[str], None]


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of an empty Secrets Manager, which this process finds with the credentials of a function."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield boto3.client("secretsmanager", region_name=REGION)


@pytest.fixture
def app(connection: Connection) -> Iterator[Role]:
    with role(connection, FIRST) as made:
        yield made


@pytest.fixture
def secret_id(secrets: Any, app: Role) -> str:
    """The name of the secret with the role's login."""
    return stored(secrets, username=app.name, password=FIRST, engine="postgres")


def stored(secrets: Any, **value: Any) -> str:
    name = f"lamplighter/{uuid.uuid4().hex}"
    secrets.create_secret(Name=name, SecretString=json.dumps(value))
    return name


def environ(database_url: str, secret_id: str) -> dict[str, str]:
    return {
        "DATABASE_URL": with_login(database_url) if urlsplit(database_url).netloc else database_url,
        "DATABASE_SECRET_SOURCE": "secrets-manager",
        "DATABASE_SECRET_ID": secret_id,
        "DATABASE_TLS_MODE": "disable",
        "AWS_REGION": REGION,
    }


def deployment(database_url: str, secret_id: str) -> Database:
    """The database as a process that has just started sees it."""
    database.cache_clear()
    return database(from_environment(environ(database_url, secret_id)))


@pytest.fixture
def rotate(secrets: Any, app: Role, secret_id: str, database_url: str) -> Rotate:
    """What a rotation does: another password, in PostgreSQL and in the secret."""

    def to(password: str) -> None:
        app.rotate(password)
        secrets.put_secret_value(
            SecretId=secret_id, SecretString=json.dumps({"username": app.name, "password": password})
        )
        assert not can_log_in(database_url, app.name, FIRST)

    return to


def user_of(connection: Connection) -> Any:
    return connection.execute("SELECT current_user").fetchone()


def test_the_secret_says_who_we_are(database_url: str, secret_id: str, app: Role) -> None:
    with connect(deployment(database_url, secret_id)) as connection:
        assert user_of(connection) == (app.name,)


def test_an_arn_names_a_secret_of_its_own_region(secrets: Any, database_url: str, secret_id: str, app: Role) -> None:
    arn = secrets.describe_secret(SecretId=secret_id)["ARN"]
    elsewhere = environ(database_url, arn) | {"AWS_REGION": "us-east-1"}
    with connect(database(from_environment(elsewhere))) as connection:
        assert user_of(connection) == (app.name,)


def test_the_secret_is_read_once_while_postgresql_takes_what_it_said(
    secrets: Any, database_url: str, secret_id: str, app: Role
) -> None:
    known = deployment(database_url, secret_id)
    connect(known).close()
    secrets.delete_secret(SecretId=secret_id, ForceDeleteWithoutRecovery=True)
    with connect(known) as connection:
        assert user_of(connection) == (app.name,)


def test_a_refused_login_is_read_again_once_and_the_connection_made(
    database_url: str, secret_id: str, rotate: Rotate, app: Role
) -> None:
    known = deployment(database_url, secret_id)
    connect(known).close()
    rotate(SECOND)
    with connect(known) as connection:
        assert user_of(connection) == (app.name,)


def test_a_rotation_to_another_user_is_followed(
    secrets: Any, connection: Connection, database_url: str, secret_id: str, app: Role
) -> None:
    known = deployment(database_url, secret_id)
    connect(known).close()
    with role(connection, SECOND) as other:
        secrets.put_secret_value(
            SecretId=secret_id, SecretString=json.dumps({"username": other.name, "password": SECOND})
        )
        app.rotate("by the one after next")
        with connect(known) as opened:
            assert user_of(opened) == (other.name,)


def test_a_login_that_stays_wrong_is_an_error_that_does_not_show_it(
    database_url: str, secret_id: str, app: Role
) -> None:
    app.rotate("somebody changed it by hand")
    with pytest.raises(DatabaseUnavailable, match="password authentication failed") as caught:
        connect(deployment(database_url, secret_id))
    assert "hunter2" not in str(caught.value)


def test_a_secret_that_is_not_there_is_named_with_the_next_step(secrets: Any, database_url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"secret 'gone' cannot be read: .*; check DATABASE_SECRET_ID"):
        connect(deployment(database_url, "gone"))


@pytest.mark.parametrize(
    "text",
    ["hunter2", "[]", "{}", '"hunter2"', '{"username": "hunter2"}', '{"username": "u", "password": ["hunter2"]}'],
)
def test_a_secret_that_is_no_login_is_named_and_not_shown(secrets: Any, database_url: str, text: str) -> None:
    secrets.create_secret(Name="odd", SecretString=text)
    with pytest.raises(
        DatabaseUnavailable, match=r"secret 'odd' of DATABASE_SECRET_ID .*: store JSON such as"
    ) as caught:
        connect(deployment(database_url, "odd"))
    assert "hunter2" not in f"{caught.value} {caught.value.__cause__}"


def test_the_secret_says_where_postgresql_is_as_far_as_the_url_does_not(
    secrets: Any, database_url: str, app: Role
) -> None:
    parts = urlsplit(database_url)
    login = {"username": app.name, "password": FIRST}
    here = {"host": parts.hostname, "port": parts.port, "dbname": parts.path[1:]}
    with connect(deployment("postgresql:///", stored(secrets, **login, **here))) as connection:
        assert connection.info.dbname == parts.path[1:]
    nowhere = {"host": "nowhere.invalid", "port": 1, "dbname": "nothing"}
    with connect(deployment(database_url, stored(secrets, **login, **nowhere))) as connection:
        assert connection.info.dbname == parts.path[1:]


def test_a_warm_process_survives_a_rotation_and_so_does_its_job(
    connection: Connection,
    database_url: str,
    secret_id: str,
    rotate: Rotate,
    app: Role,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    users: list[Any] = []

    def runs(ctx: JobContext) -> None:
        users.append(user_of(ctx.db))

    define(connection, monkeypatch, runs)
    variables = environ(database_url, secret_id)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    database.cache_clear()
    with handler_on(variables["DATABASE_URL"], monkeypatch):
        statuses = [deliver(event())["status"]]
        rotate(SECOND)
        statuses.append(deliver(event(1))["status"])  # its warm connection is still open, ctx.db is a new one
        app.disconnect()
        statuses.append(deliver(event(2))["status"])
    assert statuses == ["succeeded"] * 3
    assert users == [(app.name,)] * 3


def test_no_job_runs_where_the_secret_is_wrong(
    connection: Connection, database_url: str, secret_id: str, app: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    define(connection, monkeypatch, lambda ctx: ran.append(ctx.job_id))
    app.rotate(SECOND)
    variables = environ(database_url, secret_id)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    database.cache_clear()
    with handler_on(variables["DATABASE_URL"], monkeypatch), pytest.raises(DatabaseUnavailable):
        deliver(event())
    assert ran == []


def test_the_second_connection_of_a_reconcile_logs_in_afresh(database_url: str, secret_id: str, rotate: Rotate) -> None:
    with connect(deployment(database_url, secret_id)) as connection:
        rotate(SECOND)
        triggers.doubt(connection, ["a"])


@pytest.fixture
def in_a_function(database_url: str, secret_id: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process is a function of a deployment whose login is a secret."""
    for name, value in environ(database_url, secret_id).items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    database.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.usefixtures("in_a_function")
def test_the_operations_function_migrates_and_plans_with_it(rotate: Rotate) -> None:
    assert operations.handle({"operation": "migrate"}, None)["lines"] == ["nothing to apply"]
    rotate(SECOND)
    assert operations.handle({"operation": "migrate"}, None)["lines"] == ["nothing to apply"]
    assert operations.handle({"operation": "plan"}, None)["lines"]


@pytest.mark.usefixtures("in_a_function")
def test_the_admin_api_survives_a_rotation(rotate: Rotate, app: Role) -> None:
    api_database.check()
    rotate(SECOND)
    app.disconnect()
    api_database.check()
    with api_database.connection() as opened:
        assert user_of(opened) == (app.name,)


def test_a_connection_that_dies_with_its_password_is_reopened_with_the_new_one(
    database_url: str, secret_id: str, rotate: Rotate, app: Role
) -> None:
    warm = WarmConnection(deployment(database_url, secret_id))
    assert warm.run(user_of) == (app.name,)
    rotate(SECOND)
    app.disconnect()
    assert warm.run(user_of) == (app.name,)
    warm.close()
