"""The permissions there are, as data: routes name one, tokens carry some."""

from __future__ import annotations

from collections.abc import Mapping, Set

JOBS_VIEW = "jobs.view"
JOBS_MANAGE = "jobs.manage"
EVERYTHING = "*"

DESCRIPTIONS: Mapping[str, str] = {
    JOBS_VIEW: "see jobs and their executions",
    JOBS_MANAGE: "trigger, enqueue, pause, resume, remove and restore jobs, cancel, retry and reschedule "
    "executions; not to see them",
    EVERYTHING: "everything, also what later versions add",
}


def grants(held: Set[str], needed: str) -> bool:
    """Whether somebody who holds these may do what needs this one: names match exactly, none implies another."""
    return needed in held or EVERYTHING in held
