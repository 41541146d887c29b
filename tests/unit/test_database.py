"""How the deployment's PostgreSQL is described: TLS unless told otherwise, the login from where the settings say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import functions
from functions.database import database
from functions.database_login import IamLogin, SecretLogin
from functions.db.connection import Database
from functions.errors import SettingsError
from functions.settings import from_environment

AWAY = "postgresql://u:hunter2@db.example:5432/jobs"
IN_THE_PACKAGE = "functions/settings.py"  # any file that is there


def described(url: str, **environ: str) -> Database:
    return database(from_environment({"DATABASE_URL": url, **environ}))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@127.0.0.1:5432/db",
        "postgresql://u:p@localhost/db",
        "postgresql://u:p@[::1]:5432/db",
        "postgresql://u:p@%2Fvar%2Frun%2Fpostgresql/db",
        "postgresql:///db",
    ],
)
def test_on_this_machine_libpq_decides(url: str) -> None:
    assert described(url).tls == {}


@pytest.mark.parametrize(
    "url",
    [
        AWAY,
        "postgresql://u:p@localhost,db.example/db",
        "postgresql:///db?host=db.example",
        "postgresql:///db?service=a",
    ],
)
def test_anywhere_else_the_server_must_show_who_it_is(url: str) -> None:
    with pytest.raises(
        SettingsError, match=r"DATABASE_TLS_MODE is 'verify-full' unless .* DATABASE_TLS_ROOT_CERT"
    ) as no:
        described(url)
    assert "hunter2" not in str(no.value)
    root = str(Path(functions.__path__[0]).parent / IN_THE_PACKAGE)
    assert described(url, DATABASE_TLS_ROOT_CERT=IN_THE_PACKAGE).tls == {"sslmode": "verify-full", "sslrootcert": root}


RDS = "jobs.abc123.eu-central-1.rds.amazonaws.com"
PROXY = "jobs.proxy-abc123.eu-central-1.rds.amazonaws.com"


@pytest.mark.parametrize(
    ("host", "root"),
    [
        (RDS, "functions/rds-global-bundle.pem, which scripts/rds-bundle gets"),
        (f"{RDS}.cn", "functions/rds-global-bundle.pem"),
        (PROXY, "/etc/pki/tls/certs/ca-bundle.crt"),
        ("db.example", "the file of certificates to trust"),
        (f"{RDS}.example", "the file of certificates to trust"),
    ],
)
def test_without_certificates_the_message_says_which_this_server_is_checked_by(host: str, root: str) -> None:
    with pytest.raises(SettingsError, match=f"'verify-full' unless you set it, .*: set it to .*{re.escape(root)}"):
        described(f"postgresql://u@{host}/jobs")


@pytest.mark.parametrize("host", [RDS, PROXY])
@pytest.mark.parametrize("source", ["secrets-manager", "rds-iam"])
def test_a_server_and_a_proxy_of_rds_must_show_their_name_whoever_brings_the_login(host: str, source: str) -> None:
    login = {"DATABASE_SECRET_SOURCE": source, "DATABASE_SECRET_ID": "a", "DATABASE_RESOURCE_ID": "prx-A1"}
    file = "/etc/pki/tls/certs/ca-bundle.crt"
    tls = described(f"postgresql://u@{host}:5432/jobs", DATABASE_TLS_ROOT_CERT=file, **login).tls
    assert tls == {"sslmode": "verify-full", "sslrootcert": file}


def test_a_secret_that_says_where_the_server_is_says_somewhere_else() -> None:
    secret = {"DATABASE_SECRET_SOURCE": "secrets-manager", "DATABASE_SECRET_ID": "a"}
    with pytest.raises(SettingsError, match="needs DATABASE_TLS_ROOT_CERT"):
        described("postgresql:///db", **secret)


def test_the_mode_of_the_settings_comes_first_then_that_of_the_url() -> None:
    assert described(f"{AWAY}?sslmode=require").tls == {}
    assert described(f"{AWAY}?sslmode=disable", DATABASE_TLS_MODE="require").tls == {"sslmode": "require"}
    assert described("postgresql://u@127.0.0.1/db", DATABASE_TLS_MODE="require").tls == {"sslmode": "require"}


def test_certificates_are_looked_for_before_anything_is_deployed_unless_they_are_elsewhere() -> None:
    with pytest.raises(SettingsError, match=r"DATABASE_TLS_ROOT_CERT='functions/nothing.pem' is no file here"):
        described(AWAY, DATABASE_TLS_ROOT_CERT="functions/nothing.pem")
    assert described(AWAY, DATABASE_TLS_ROOT_CERT="/opt/roots.pem").tls["sslrootcert"] == "/opt/roots.pem"


def test_the_login_comes_from_where_the_settings_say() -> None:
    tls = {"DATABASE_TLS_MODE": "require"}
    secret = {"DATABASE_SECRET_SOURCE": "secrets-manager", "DATABASE_SECRET_ID": "a"}
    iam = {"DATABASE_SECRET_SOURCE": "rds-iam", "DATABASE_RESOURCE_ID": "db-A1"}
    assert described(AWAY, **tls).login is None
    assert isinstance(described("postgresql://db.example/jobs", **tls, **secret).login, SecretLogin)
    assert isinstance(described("postgresql://u@db.example/jobs", **tls, **iam).login, IamLogin)


@pytest.mark.parametrize("url", ["db.example/jobs", "u@/jobs", "u@a:1,b:2/jobs", "u@a/jobs?host=b"])
def test_a_token_is_for_one_user_of_one_host(url: str) -> None:
    iam = {"DATABASE_SECRET_SOURCE": "rds-iam", "DATABASE_RESOURCE_ID": "db-A1", "DATABASE_TLS_MODE": "require"}
    with pytest.raises(SettingsError, match="one user of one host; use postgresql://user@host:5432/database"):
        described(f"postgresql://{url}", **iam)


def test_a_process_has_one_description_so_that_it_reads_a_secret_once() -> None:
    environ = {"DATABASE_URL": "postgresql:///db"}
    assert database(from_environment(environ)) is database(from_environment(environ))


def test_nothing_that_is_printed_shows_the_password() -> None:
    assert "hunter2" not in repr(described(AWAY, DATABASE_TLS_MODE="require"))
