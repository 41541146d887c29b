"""What the command's exit code says: one meaning each, the same for all commands, and they never change."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """docs/command-line.md says for people what each means."""

    OK = 0
    EXECUTION_FAILED = 1
    USAGE = 2
    NOT_LOGGED_IN = 3
    NOT_PERMITTED = 4
    NOT_FOUND = 5
    REFUSED = 6
    RATE_LIMITED = 7
    UNAVAILABLE = 8
    UNEXPECTED = 9
    STOPPED = 130
    NOBODY_READS = 141
