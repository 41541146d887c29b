"""Health and versions on the wire."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from chalicelib.serializers.output import Output


class Health(Output):
    """That it is well; what is not well is a problem document."""

    status: str = "ok"


class Readiness(Health):
    """That PostgreSQL and AWS answer, and whether the database has every migration this version comes with."""

    migrations: Literal["applied", "pending"] = "applied"


class Version(Output):
    """What answers here."""

    version: str
    stage: str
    region: str
    python: str
    schema: Annotated[str | None, Meta(description="the newest migration the database has")]
    pending_migrations: list[str]
