"""A small project with the shape of ours, quick to package: real sources, no dependencies."""

from __future__ import annotations

from pathlib import Path

_SOURCES = {
    "functions/__init__.py": "",
    "functions/requirements.txt": "",
    "functions/handler.py": "def handle(event, context): ...\n",
    "functions/jobs/__init__.py": "",
    "functions/jobs/cleanup.py": "CLEANED = True\n",
    "functions/jobs/__pycache__/cleanup.cpython-311.pyc": "stale",
    "functions/jobs/removed.pyc": "stale",
    "functions/db/migrations/0001_jobs.sql": "CREATE TABLE job ();\n",
    "functions/.env": "SECRET=1\n",
    "admin_api/app.py": "app = None\n",
    "admin_api/requirements.txt": "",
    "admin_api/chalicelib/__init__.py": "",
    "admin_api/chalicelib/templates/jobs.html": "<h1>Jobs</h1>\n",
    "admin_api/.chalice/config.json": "{}",
    "README.md": "not shipped\n",
}


def make_project(root: Path) -> Path:
    """Write the project below root; returns root."""
    for name, text in _SOURCES.items():
        write(root / name, text)
    return root


def write(file: Path, text: str) -> None:
    """Write the file, and make the directory it is in."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
