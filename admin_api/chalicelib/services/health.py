"""Whether what this API needs answers, and which version of everything it is."""

from __future__ import annotations

import time

from functions.db.connection import Connection
from functions.db.schema import applied_migrations, pending_migrations
from functions.errors import AwsUnavailable
from functions.settings import Settings, settings

# Whoever asks without a token makes AWS hear of it at most so often.
_REMEMBERED_S = 5.0


class AwsHealth:
    """What AWS answered last, for a few seconds."""

    def __init__(self) -> None:
        self._checked_at = -_REMEMBERED_S
        self._settings: Settings | None = None
        self._error: AwsUnavailable | None = None

    def check(self) -> None:
        """Return when AWS answers, or did so a moment ago. Raises AwsUnavailable, AwsThrottled."""
        if self._settings is not settings() or time.monotonic() - self._checked_at >= _REMEMBERED_S:
            self._error = _asked()
            self._settings, self._checked_at = settings(), time.monotonic()
        if self._error is not None:
            raise self._error


aws = AwsHealth()


def schema(connection: Connection) -> tuple[str | None, list[str]]:
    """The newest migration the database has, and the names of those it lacks."""
    applied = applied_migrations(connection)
    return (applied[-1] if applied else None), pending_migrations(applied)


def _asked() -> AwsUnavailable | None:
    # Imported with the first question: boto3 takes half a second.
    from functions.scheduling import reachable

    try:
        reachable.check(settings())
    except AwsUnavailable as error:
        return error
    return None
