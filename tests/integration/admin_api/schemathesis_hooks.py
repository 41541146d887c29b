"""What Schemathesis sends as its token: each request is another actor's, or all but 30 a minute would be refused."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import schemathesis

from chalicelib import tokens

_numbers = count()
# The ids there are, by the parameter's name.
_KNOWN: dict[str, list[str]] = json.loads(os.environ["KNOWN_IDS"])


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: Any) -> None:
    """Leave cursors out: made-up ones fit the schema and are refused, as they should be; each list has its own test."""
    for operations in raw_schema["paths"].values():
        for operation in operations.values():
            operation["parameters"] = [each for each in operation["parameters"] if each["name"] != "cursor"]


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: Any) -> Any:
    """Every other time, an id there is instead of one made up."""
    for name, known in _KNOWN.items():
        if path_parameters and name in path_parameters and next(_numbers) % 2:
            path_parameters[name] = known[next(_numbers) % len(known)]
    return path_parameters


@schemathesis.auth(refresh_interval=None)
class EachAnother:
    """A valid token of an actor nobody was before, who may do everything."""

    def get(self, case: Any, context: Any) -> str:
        """The token."""
        identity = tokens.Identity(actor=f"schemathesis-{next(_numbers)}", permissions=frozenset({"*"}))
        return tokens.sign(os.environ["AUTH_SIGNING_KEY"], identity, now=datetime.now(UTC), lifetime=timedelta(hours=1))

    def set(self, case: Any, data: str, context: Any) -> None:
        """Send it."""
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}
