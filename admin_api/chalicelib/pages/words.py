"""Words of the product that pages show and code holds as data: listed here for the catalogues."""

from __future__ import annotations

from collections.abc import Mapping


def N_(message: str) -> str:
    """The message itself: it is translated where it is shown."""
    return message


STATUSES: Mapping[str, str] = {
    "succeeded": N_("succeeded"), "running": N_("running"), "failed": N_("failed"), "lost": N_("lost"),
    "missed": N_("missed"), "retrying": N_("retrying"), "queued": N_("queued"), "scheduled": N_("scheduled"),
    "skipped": N_("skipped"), "cancelled": N_("cancelled"),
}  # fmt: skip
STATES: Mapping[str, str] = {
    "enabled": N_("enabled"), "paused": N_("paused"), "manual": N_("by hand"), "missing": N_("missing in AWS"),
    "overdue": N_("overdue"), "error": N_("last run failed"), "removed": N_("deleted"), "orphan": N_("not in code"),
}  # fmt: skip
CAUSES: Mapping[str, str] = {
    "schedule": N_("by schedule"), "manual": N_("by hand"), "one_time": N_("enqueued"), "retry": N_("retry"),
    "backfill": N_("backfill"), "catch_up": N_("catching up"),
}  # fmt: skip
# What is said after a change, by the code the redirect carries.
DONE: Mapping[str, str] = {
    "paused": N_("Paused: nothing of this job starts any more."),
    "resumed": N_("Resumed: it runs again at its next occurrence."),
    "triggered": N_("Triggered."),
    "removed": N_("Removed: its history stays, and Restore brings it back."),
    "restored": N_("Restored: every definition is back."),
    "cancelled": N_("Cancelled: it will not run."),
    "asked": N_("Asked to stop: it ends when its code looks."),
    "retried": N_("Running again, as a new execution."),
    "retried_all": N_("Running again: each as a new execution."),
    "enqueued": N_("Enqueued: it is written down and will run."),
    "known": N_("Not enqueued again: this one has the same key and has not ended."),
    "rescheduled": N_("It starts at the new time."),
    "logged_out": N_("Logged out."),
}
PROBLEMS: Mapping[int, str] = {
    400: N_("That cannot be done as asked"), 403: N_("Not permitted"), 404: N_("Not there"), 409: N_("Not now"),
    412: N_("Somebody else was faster"), 429: N_("Too many changes"), 503: N_("Not available at the moment"),
}  # fmt: skip
