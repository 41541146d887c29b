"""The permissions there are, as data: routes name one, roles and tokens hold some."""

from __future__ import annotations

from collections.abc import Mapping, Set

JOBS_VIEW = "jobs.view"
JOBS_MANAGE = "jobs.manage"
JOBS_TRIGGER = "jobs.trigger"
JOBS_PAUSE = "jobs.pause"
JOBS_DELETE = "jobs.delete"
AUDIT_VIEW = "audit.view"
USERS_MANAGE = "users.manage"
ROLES_MANAGE = "roles.manage"
EVERYTHING = "*"

DESCRIPTIONS: Mapping[str, str] = {
    JOBS_VIEW: "see jobs, their executions and what AWS has of them",
    JOBS_MANAGE: "all that is done with jobs: the three below; cancel and reschedule executions, restore jobs, "
    "apply the plan; not to see them",
    JOBS_TRIGGER: "trigger and enqueue jobs, retry executions",
    JOBS_PAUSE: "pause and resume jobs",
    JOBS_DELETE: "take jobs off the list",
    AUDIT_VIEW: "see who changed what",
    USERS_MANAGE: "create, change and delete users, and give them roles one's own permissions cover",
    ROLES_MANAGE: "create, change and delete roles, of permissions one holds oneself",
    EVERYTHING: "everything, also what later versions add",
}
# What holds the key holds the values too; nothing else implies anything.
IMPLIES: Mapping[str, frozenset[str]] = {JOBS_MANAGE: frozenset({JOBS_TRIGGER, JOBS_PAUSE, JOBS_DELETE})}


def grants(held: Set[str], needed: str) -> bool:
    """Whether somebody who holds these may do what needs this one: by its exact name, by what implies it, or by `*`."""
    return needed in held or EVERYTHING in held or any(needed in IMPLIES.get(name, ()) for name in held)
