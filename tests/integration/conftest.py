"""What many integration tests begin with: one job, deployed, and a handler on this test's database."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from functions.db.connection import Connection
from tests.integration.delivery import Deploy, define, handler_on


@pytest.fixture
def deploy(database_url: str, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deploy]:
    """Makes a function the one job there is, with a handler on this test's database."""
    with handler_on(database_url, monkeypatch):
        yield partial(define, connection, monkeypatch)
