"""One change of many jobs, each as if it were asked for by itself: counted, refused and written down one by one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from chalicelib import rate_limit
from chalicelib.refusals import NotValid, TooManyRequests
from chalicelib.services import executions, jobs
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.errors import DatabaseBusy, DatabaseUnavailable, JobsError
from functions.text import Text

Action = Literal["pause", "resume", "trigger"]
MOST = 50
# A request may work for 15 seconds (chalicelib/patience.py), and each of them may ask AWS something.
_LONGEST_S = 9


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What became of each job. left: those that were not tried, and `stopped` is why; None: there was no time."""

    done: list[str]
    refused: list[tuple[str, JobsError]]
    left: list[str]
    stopped: JobsError | None = None


def change(
    connection: Connection, job_ids: Sequence[str], action: Action, author: Author, *, now: datetime,
    until: datetime | None = None,
) -> Changes:  # fmt: skip
    """Do it to each of these jobs, in their order; each counts as one change of the actor's.

    Raises NotValid without a job or with more than MOST.
    """
    wanted = list(dict.fromkeys(job_ids))
    if not 1 <= len(wanted) <= MOST:
        raise wrong_count(len(wanted))
    done: list[str] = []
    refused: list[tuple[str, JobsError]] = []
    ends_at = time.monotonic() + _LONGEST_S
    for position, job_id in enumerate(wanted):
        if time.monotonic() > ends_at:
            return Changes(done=done, refused=refused, left=wanted[position:])
        try:
            rate_limit.count(connection, author.actor)
            _do(connection, job_id, action, author, now=now, until=until)
            done.append(job_id)
        except (TooManyRequests, DatabaseUnavailable, DatabaseBusy) as stopped:
            return Changes(done=done, refused=refused, left=wanted[position:], stopped=stopped)
        except JobsError as error:
            refused.append((job_id, error))
    return Changes(done=done, refused=refused, left=[])


def _do(
    connection: Connection, job_id: str, action: Action, author: Author, *, now: datetime, until: datetime | None
) -> None:
    if action == "pause":
        jobs.pause(connection, job_id, author, now=now, until=until)
    elif action == "resume":
        jobs.resume(connection, job_id, author)
    else:
        executions.trigger(connection, job_id, author)


def wrong_count(count: int) -> NotValid:
    """None are chosen, or more than MOST."""
    return NotValid(Text("%(count)s jobs are chosen: choose 1 to %(most)s of them", count=count, most=MOST))
