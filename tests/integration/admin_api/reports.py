"""A job that takes params, one of them a secret and one that leads to a secret; for the tests of enqueueing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from functions import naming
from functions.db import jobs
from functions.db.connection import Connection
from functions.definition import JobDefinition
from functions.redaction import Secret
from tests.integration.admin_api.aws import Aws

PATH = "/api/v1/admin/jobs/report/executions"
JSON = {"Content-Type": "application/json"}


@dataclass
class Card:
    """Holds a secret."""

    number: Secret[str]
    holder: str = ""


@dataclass
class ReportParams:
    """What a report is about."""

    to: str
    pages: int = 1
    day: date | None = None
    pin: Secret[str] = ""
    card: Card | None = None
    cards: list[Card] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class PlainParams:
    """All of it has a default."""

    pages: int = 1


DEFINITIONS = [
    JobDefinition(id="report", params=ReportParams),
    JobDefinition(id="plain", params=PlainParams),
    JobDefinition(id="cleanup", schedule="@hourly"),
    JobDefinition(id="removed"),
]


def deploy(connection: Connection, aws: Aws) -> None:
    """Store the jobs, and have AWS know what invokes and schedules them."""
    jobs.store_definitions(connection, DEFINITIONS)
    connection.execute("UPDATE lamplighter.job SET removed_at = now(), removed_by = 'ann' WHERE id = 'removed'")
    for definition in DEFINITIONS:
        aws.create_function(naming.job_name("local", definition.id))
    aws.client("scheduler").create_schedule_group(Name=naming.deployment("local"))


def start_schedules(aws: Aws) -> list[Mapping[str, Any]]:
    """The one-time schedules there are, whole."""
    scheduler, group = aws.client("scheduler"), naming.deployment("local")
    listed = scheduler.list_schedules(GroupName=group, NamePrefix=naming.start_prefix("local"))["Schedules"]
    return [scheduler.get_schedule(GroupName=group, Name=each["Name"]) for each in listed]


def audit_of(connection: Connection, action: str) -> list[tuple[Any, ...]]:
    """Actor, job, before, after and request id of each audit row of an action, oldest first."""
    query = "SELECT actor, job_id, before, after, request_id FROM lamplighter.audit WHERE action = %s ORDER BY id"
    return connection.execute(query, (action,)).fetchall()
