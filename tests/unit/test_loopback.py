"""The one-machine edition refuses every address that could lead elsewhere."""

from __future__ import annotations

import pytest

from infra.local.loopback import NotLoopback, require_loopback


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:4566",
        "http://localhost:4566",
        "http://[::1]:4566",
        "postgresql://u:p@127.0.0.1:5432/d",
        "postgresql://u:p@127.0.0.2/d",
        "postgresql:///d?host=/var/run/postgresql",
        "postgresql:///d",
    ],
)
def test_this_machine_is_accepted(url: str) -> None:
    require_loopback(url, what="it")


@pytest.mark.parametrize(
    "url",
    [
        "https://lambda.eu-central-1.amazonaws.com",
        "http://10.0.0.7:4566",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "http://0.0.0.0:4566",
        "postgresql://u:p@db.example.com/prod",
        "postgresql://u:p@127.0.0.1,db.example.com/prod",
        "postgresql://u:p@127.0.0.1/prod?host=db.example.com",
        "postgresql:///prod?hostaddr=10.0.0.7",
        "postgresql:///prod?service=production",
        "dbname=prod host=db.example.com",
    ],
)
def test_anything_else_is_refused_with_where_it_leads(url: str) -> None:
    with pytest.raises(NotLoopback, match="the endpoint"):
        require_loopback(url, what="the endpoint")
