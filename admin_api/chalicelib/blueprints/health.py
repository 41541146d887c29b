"""/health: whether this instance lives, and whether it can serve."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib import database, outgoing
from chalicelib.endpoint import open_endpoint

health = Blueprint(__name__)


@open_endpoint(health, "/health/live")
def live() -> Response:
    """200 whenever the process runs."""
    return outgoing.as_json({"status": "ok"})


@open_endpoint(health, "/health/ready")
def ready() -> Response:
    """200 when PostgreSQL answers, else 503."""
    database.check()
    return outgoing.as_json({"status": "ok"})
