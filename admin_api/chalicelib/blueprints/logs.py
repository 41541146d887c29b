"""/executions/{id}/logs: what an execution said."""

from __future__ import annotations

from typing import Annotated, Literal

from chalice.app import Blueprint, Response
from msgspec import Meta

from chalicelib import incoming, outgoing
from chalicelib.callers import Caller
from chalicelib.database import connection
from chalicelib.endpoint import endpoint
from chalicelib.inputs import Input, Search
from chalicelib.permissions import JOBS_VIEW
from chalicelib.refusals import NotValid
from chalicelib.serializers.logs import LogLines, log_lines
from chalicelib.services.logs import log_page

logs = Blueprint(__name__)

LineNumber = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class LogsQuery(Input):
    """Which lines: the newest, or the first after a line, or the last before one; of the newest attempt or another."""

    after: LineNumber | None = None
    before: LineNumber | None = None
    attempt: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] | None = None
    q: Search | None = None
    limit: Annotated[int, Meta(ge=1, le=1_000, description="how many at most; fewer where lines are long")] = 200


@endpoint(
    logs,
    "GET",
    "/executions/{execution_id}/logs",
    permission=JOBS_VIEW,
    query=LogsQuery,
    answers={200: LogLines},
    refusals=("executions_not_found",),
)
def show_logs(_: Caller, execution_id: str, query: LogsQuery) -> Response:
    """200 with log lines, also while it runs: ask again with `after` the last line's number."""
    if query.after is not None and query.before is not None:
        raise NotValid("after and before exclude each other: give one of them, or none for the newest lines")
    with connection() as opened:
        page = log_page(
            opened,
            incoming.execution_id(execution_id),
            attempt=query.attempt,
            after=query.after,
            before=query.before,
            level=query.level,
            text=query.q,
            limit=query.limit,
        )
    return outgoing.as_json(log_lines(page))
