"""The one-machine edition refuses every address that could lead elsewhere, and repeats none of its secrets."""

from __future__ import annotations

import pytest

from infra.local.loopback import NotLoopback, require_loopback, require_loopback_database


@pytest.mark.parametrize("url", ["http://127.0.0.1:4566", "http://localhost:4566", "http://[::1]:4566"])
def test_an_endpoint_on_this_machine_is_accepted(url: str) -> None:
    require_loopback(url, what="it")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@127.0.0.1:5432/d",
        "postgres://u:p%40w@127.0.0.2/d?connect_timeout=3",
        "postgresql://u:p@[::1]:5432/d",
        "postgresql://u:p@127.0.0.1:1,127.0.0.1:2/d",
        "postgresql:///d?host=/var/run/postgresql",
        "postgresql:///d",
    ],
)
def test_a_database_on_this_machine_is_accepted(url: str) -> None:
    require_loopback_database(url, what="it")


@pytest.mark.parametrize(
    "url",
    [
        "https://lambda.eu-central-1.amazonaws.com",
        "http://10.0.0.7:4566",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "http://prod.example\\@127.0.0.1",
        "http://0.0.0.0:4566",
        "http://",
        "127.0.0.1:4566",
        "http://[::1",
    ],
)
def test_any_other_endpoint_is_refused(url: str) -> None:
    with pytest.raises(NotLoopback, match="the endpoint"):
        require_loopback(url, what="the endpoint")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@db.example.com/prod",
        "postgresql://u:p@127.0.0.1,db.example.com/prod",
        "postgresql://u:p@127.0.0.1/prod?host=db.example.com",
        "postgresql://127.0.0.1%2Cdb.example.com/prod",
        "postgresql:///prod?hostaddr=10.0.0.7",
        "postgresql:///prod?service=production",
        "dbname=prod host=db.example.com",
        "postgresql://u@prod.example,x@127.0.0.1/db",
        "postgresql://127.0.0.1/db?host=/tmp,prod.example",
        "postgresql://127.0.0.1/db#?host=prod.example",
        "http://127.0.0.1/db",
    ],
)
def test_any_other_database_is_refused_wherever_its_url_hides_the_host(url: str) -> None:
    with pytest.raises(NotLoopback, match="the database"):
        require_loopback_database(url, what="the database")


def test_a_refusal_says_where_it_leads() -> None:
    with pytest.raises(NotLoopback, match=r"^it leads to db\.example\.com: .* use 127\.0\.0\.1$"):
        require_loopback_database("postgresql://u:p@127.0.0.1,db.example.com/prod", what="it")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@hunter2@127.0.0.1/db",
        "postgresql://u:p@hunter2,x@db.example.com/db",
        "postgres:/u:hunter2@db.example.com/db",
        "host=db.example.com password=hunter2",
        "postgresql://u:hunter2@db.example.com:5432/db",
        "postgresql://[u:hunter2@127.0.0.1/db",
    ],
)
def test_a_refusal_never_repeats_a_password(url: str) -> None:
    with pytest.raises(NotLoopback) as refused:
        require_loopback_database(url, what="it")
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None
