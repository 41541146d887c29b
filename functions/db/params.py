"""Params as PostgreSQL keeps them: exactly as given, and never shown with what is secret in them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.types.json import Jsonb

from functions.redaction import REDACTED, redacted


def as_stored(params: Mapping[str, Any]) -> Jsonb:
    """The params as a jsonb parameter, unchanged: other than a log field, what cannot be kept as it is, is an error."""
    return Jsonb(dict(params), dumps=lambda value: json.dumps(value, allow_nan=False))


def shown(params: Mapping[str, Any] | None, secret_params: Sequence[str] | None) -> dict[str, Any] | None:
    """The params as people may see them: secret fields, and whatever has a secret's name, as ***."""
    if params is None:
        return None
    secrets = set(secret_params or ())
    visible: dict[str, Any] = redacted({name: value for name, value in params.items() if name not in secrets})
    return {name: REDACTED if name in secrets else visible[name] for name in params}
