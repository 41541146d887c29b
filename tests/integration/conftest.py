"""What many integration tests begin with: one job with a handler on this test's database, and AWS around it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import boto3
import pytest
from moto import mock_aws

from functions.db.connection import Connection
from tests.integration.accepting_lambda import Lambda, accepting_lambda, used_by_this_process
from tests.integration.delivery import Deploy, define, handler_on


@pytest.fixture
def deploy(database_url: str, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deploy]:
    """Makes a function the one job there is, with a handler on this test's database."""
    with handler_on(database_url, monkeypatch):
        yield partial(define, connection, monkeypatch)


@pytest.fixture
def aws(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lambda]:
    """A Lambda that accepts events and the deployment's group of schedules, for this process on this database."""
    with accepting_lambda() as there, used_by_this_process(there, database_url, monkeypatch), mock_aws():
        boto3.client("scheduler", region_name="us-east-1").create_schedule_group(Name="lamplighter-local")
        yield there
