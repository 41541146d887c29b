"""What the operations function says of a PostgreSQL that all is well with."""

from __future__ import annotations

from typing import Any

SERVER: dict[str, Any] = {
    "server_version": "17.2", "user": "app", "database": "jobs", "is_standby": False, "max_connections": 100,
    "connections": 10, "may_create": True, "is_encrypted": True, "owners": [], "pending": [],
}  # fmt: skip
