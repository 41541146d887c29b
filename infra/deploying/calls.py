"""How many calls to AWS a command makes, by operation."""

from __future__ import annotations

from collections import Counter
from typing import Any

from boto3.session import Session


class Calls:
    """Counts those of the sessions it watches, a retry as one of its own."""

    def __init__(self) -> None:
        self.by_name: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """All of them."""
        return self.by_name.total()

    def watch(self, session: Session) -> Session:
        """Count the calls of every client this session makes from now on; gives the session back."""
        session.events.register("before-send.*.*", self._count)
        return session

    def _count(self, event_name: str, **_: Any) -> None:
        self.by_name[event_name.removeprefix("before-send.").replace(".", ":")] += 1
