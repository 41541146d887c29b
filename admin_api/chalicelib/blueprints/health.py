"""/health: whether this instance lives, and whether it can serve."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib import database, outgoing
from chalicelib.endpoint import open_endpoint
from chalicelib.serializers.output import Output

health = Blueprint(__name__)


class Health(Output):
    """That it is well; what is not well is a problem document."""

    status: str = "ok"


@open_endpoint(health, "/health/live", answers={200: Health})
def live() -> Response:
    """200 whenever the process runs."""
    return outgoing.as_json(Health())


@open_endpoint(health, "/health/ready", answers={200: Health}, refusals=("database_unavailable",))
def ready() -> Response:
    """200 when PostgreSQL answers, else 503."""
    database.check()
    return outgoing.as_json(Health())
