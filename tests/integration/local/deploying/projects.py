"""A project of the shape of ours, quick to package and to start: its parts answer what a deploy asks, and remember."""

from __future__ import annotations

from pathlib import Path

from tests.integration.infra.projects import make_project

_OPERATIONS = """
def handle(event, context):
    name = event["operation"]
    if name == "doctor":
        return {"now": "2026-11-28T12:00:00+00:00", "connect_ms": 5, "clock_ahead_s": 0.0, "database": DATABASE}
    if name == "plan":
        steps = [{"action": "create", "name": "x", "job_id": "x", "reason": "new"}] if PENDING else []
        return {"pending": PENDING, "plan": {"steps": steps}, "lines": [f"pending migration {p}" for p in PENDING]}
    return {"applied": [], "left": LEFT if event.get("before") else [], "lines": [f"did {name}"]}

PENDING, LEFT = [], ["0002_tidy.after"]
DATABASE = {
    "server_version": "18.0", "user": "app", "database": "jobs", "is_standby": False, "max_connections": 100,
    "connections": 3, "may_create": True, "is_encrypted": True, "owners": [], "pending": PENDING,
    "now": "2026-11-28T12:00:00+00:00",
}
"""
_HANDLER = """
def handle(event, context):
    return {"job_id": event["probe"], "probe": "ok"}
"""
_API = """
def app(event, context):
    return {"statusCode": 200, "body": "{}"}
"""


def answering_project(root: Path) -> Path:
    """Write it below root; returns root."""
    make_project(root)
    write(root, "functions/operations.py", _OPERATIONS)
    write(root, "functions/handler.py", _HANDLER)
    write(root, "admin_api/app.py", _API)
    return root


def write(root: Path, name: str, text: str) -> None:
    """Another text in this file."""
    (root / name).write_text(text)


def change(root: Path, name: str, old: str, new: str) -> None:
    """Replace a piece of this file's text, which is there."""
    text = (root / name).read_text()
    assert old in text
    write(root, name, text.replace(old, new))
