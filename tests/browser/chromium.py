"""Which Chromium the tests drive, and how it is started."""

from __future__ import annotations

import os
import shutil

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = "no Chromium on PATH: install one (Debian: apt-get install chromium), scripts/test does so as root"


def find() -> str | None:
    """The path of an installed one; None without."""
    return next((found for found in map(shutil.which, _NAMES) if found is not None), None)


def arguments() -> list[str]:
    """Quiet and self-contained; Chromium refuses its sandbox to root."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return [
        *sandbox, "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--no-first-run", "--disable-dev-shm-usage",
    ]  # fmt: skip
