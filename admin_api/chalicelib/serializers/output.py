"""What all answers are made of: their base, and how instants and durations are said."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

# A text, so that every instant of the API is said the same way: datetime.isoformat, +00:00.
Instant = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Uuid = Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
Seconds = Annotated[float, Meta(description="seconds")]


class Output(msgspec.Struct, rename="camel"):
    """What is answered: camelCase outside. Clients must not mind fields they do not know."""


def instant(at: datetime) -> str:
    """ISO 8601 with offset, in UTC, whatever zone the database's session has."""
    return at.astimezone(UTC).isoformat()


def instant_or_none(at: datetime | None) -> str | None:
    """The same, where there may be none."""
    return None if at is None else at.astimezone(UTC).isoformat()


def instants(ats: Iterable[datetime | None]) -> list[str | None]:
    """Many of them, each as instant_or_none says it, in an eighth of its time: msgspec writes them all, UTC as Z."""
    in_utc = [at if at is None or at.tzinfo is UTC else at.astimezone(UTC) for at in ats]
    written = msgspec.json.encode(in_utc).replace(b'Z"', b'+00:00"')
    return msgspec.json.decode(written, type=list[str | None])


def seconds(milliseconds: int | None) -> float | None:
    """Milliseconds as seconds."""
    return None if milliseconds is None else milliseconds / 1000
