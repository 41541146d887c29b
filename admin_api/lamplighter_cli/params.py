"""Params of an execution, as they are typed: JSON, or a file that holds it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from lamplighter_cli.exit_codes import ExitCode
from lamplighter_cli.failures import Failure


def read(text: str | None) -> dict[str, Any] | None:
    """The JSON object in this text, in the file after an `@`, or on standard input for `@-`. Raises Failure."""
    if text is None:
        return None
    source = _file(text[1:]) if text.startswith("@") else text
    try:
        value = json.loads(source)
    except (ValueError, RecursionError) as error:
        raise Failure(ExitCode.USAGE, f"--params is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise Failure(ExitCode.USAGE, '--params must be an object, such as {"to": "ann"}, or @FILE')
    return value


def _file(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Failure(ExitCode.USAGE, f"--params @{name} cannot be read: {reason}") from error
