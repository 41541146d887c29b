"""Which execution an answer leads to."""

from __future__ import annotations

import uuid

import requests

from lamplighter_cli.exit_codes import ExitCode
from lamplighter_cli.failures import Failure


def execution_id(response: requests.Response) -> str:
    """The id at the end of the answer's Location; the rest of it is not used. Raises Failure when it names none."""
    location = response.headers.get("Location", "")
    try:
        return str(uuid.UUID(location.rpartition("/")[2]))
    except ValueError:
        raise Failure(
            ExitCode.UNEXPECTED, f"the API's answer names no execution (Location: {location[:200]!r})"
        ) from None
