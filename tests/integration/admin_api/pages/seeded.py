"""The words on pages that are nobody's to translate: of jobs, people and logs, names, and times as Babel says them."""

from __future__ import annotations

import re

from babel import Locale

from chalicelib.pages.words import PERMISSIONS
from functions.db.connection import Connection
from functions.definition import JobDefinition
from tests.integration.admin_api.pages.unmarked import LANGUAGE

_THEIRS = """
SELECT message FROM lamplighter.job_log UNION SELECT name FROM lamplighter.user UNION SELECT name FROM lamplighter.role
UNION SELECT permission FROM lamplighter.role_permission UNION SELECT pause_reason FROM lamplighter.job
UNION SELECT error_message FROM lamplighter.execution UNION SELECT error_type FROM lamplighter.execution
UNION SELECT key FROM lamplighter.execution UNION SELECT reason FROM lamplighter.audit
UNION SELECT actor FROM lamplighter.audit
"""
# Names, units and what a machine says: the same in every language.
_NAMES = (
    *("Lamplighter", "AWS", "API", "UTC", "English", "Deutsch", "local", "DEBUG", "INFO", "WARNING", "ERROR"),
    *("orders", "customers", "ms", "min", "rows", "seconds", *PERMISSIONS),
    # What the test sends.
    *("nobody", "nothing.there"),
)
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# What somebody sent, which refusals quote; schedules.
_QUOTED, _EXPRESSION = r"'[^']*'", r"(?:rate|at|cron)\([^()]*\)|MONL|[-\d*?/,LW#]+(?: [-\w*?/,#]+){4,5}"
# What botocore says: AWS's own words.
_AWS_SAID = r"Could not connect to the endpoint URL: \S+"
_ZONE = r"[A-Z][a-z]+/[A-Z][A-Za-z_]+"


def theirs(connection: Connection, definitions: list[JobDefinition]) -> re.Pattern[str]:
    """Each of them, the longest first."""
    rows = connection.execute(_THEIRS).fetchall()
    said = {str(row[0]) for row in rows if row[0]} | set(_NAMES)
    for each in definitions:
        said |= {each.id, each.description or "", *each.tags, *_about(each)}
    said |= _times()
    words = "|".join(re.escape(each) for each in sorted(filter(None, said), key=len, reverse=True))
    return re.compile(rf"{_UUID}|{_AWS_SAID}|{_QUOTED}|{_EXPRESSION}|{_ZONE}|(?<!\w)(?:{words})(?!\w)")


def _about(definition: JobDefinition) -> set[str]:
    """What the author of its params has written about them."""
    return {(getattr(definition.params, "__doc__", "") or "").strip()}


def _times() -> set[str]:
    """Dates and time spans, by their words."""
    locale = Locale.parse(LANGUAGE)
    names = {
        name for table in (locale.months, locale.days) for widths in table.values()
        for width in widths.values() for name in width.values()
    }  # fmt: skip
    spans = ("Sekunde", "Minute", "Stunde", "Tag", "Woche", "Monat", "Jahr")
    return names | {"in", "vor"} | {f"{each}{ending}" for each in spans for ending in ("", "n", "en", "e")}
