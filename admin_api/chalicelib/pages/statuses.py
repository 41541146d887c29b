"""What a status, or a job's state, looks like: its tone in the stylesheet, and its icon beside the colour."""

from __future__ import annotations

from collections.abc import Mapping

STATUSES: Mapping[str, tuple[str, str]] = {
    "succeeded": ("ok", "ok"), "running": ("run", "run"), "failed": ("bad", "bad"), "lost": ("bad", "question"),
    "missed": ("bad", "warn"), "retrying": ("warn", "retry"), "queued": ("idle", "wait"), "scheduled": ("idle", "wait"),
    "skipped": ("idle", "skip"), "cancelled": ("idle", "bad"),
}  # fmt: skip
STATES: Mapping[str, tuple[str, str]] = {
    "enabled": ("ok", "ok"), "paused": ("warn", "pause"), "manual": ("idle", "play"), "missing": ("bad", "question"),
    "overdue": ("bad", "wait"), "error": ("bad", "bad"), "removed": ("idle", "trash"), "orphan": ("warn", "question"),
}  # fmt: skip
