"""/health: whether this instance lives, and whether it can serve; /version: what it is."""

from __future__ import annotations

import platform

from chalice.app import Blueprint, Response

from chalicelib import database, outgoing
from chalicelib.callers import Caller
from chalicelib.database import connection
from chalicelib.endpoint import endpoint, open_endpoint
from chalicelib.permissions import JOBS_VIEW
from chalicelib.serializers.health import Health, Readiness, Version
from chalicelib.services import health as health_service
from chalicelib.version import VERSION
from functions.settings import settings

health = Blueprint(__name__)
version = Blueprint(__name__)


@open_endpoint(health, "/health/live", answers={200: Health})
def live() -> Response:
    """200 whenever the process runs."""
    return outgoing.as_json(Health())


@open_endpoint(
    health,
    "/health/ready",
    answers={200: Readiness},
    refusals=("database_unavailable", "database_busy", "aws_unavailable", "aws_throttled"),
)
def ready() -> Response:
    """200 when PostgreSQL and AWS answer, else 503, whose code says which does not.

    AWS is asked every five seconds at most.
    """
    database.check()
    with connection() as opened:
        _, pending = health_service.schema(opened)
    health_service.aws.check()
    return outgoing.as_json(Readiness(migrations="pending" if pending else "applied"))


@endpoint(version, "GET", "/version", permission=JOBS_VIEW, answers={200: Version})
def show_version(_: Caller) -> Response:
    """200 with the version of everything that answers here."""
    with connection() as opened:
        schema, pending = health_service.schema(opened)
    known = settings()
    return outgoing.as_json(
        Version(
            version=VERSION,
            stage=known.stage,
            region=known.region,
            python=platform.python_version(),
            schema=schema,
            pending_migrations=pending,
        )
    )
