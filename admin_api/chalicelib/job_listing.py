"""Which jobs a list asks for, and the link to its next page."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from chalice.app import MultiDict, Request
from msgspec import Meta

from chalicelib import cursors, incoming
from chalicelib.inputs import Cursor, Input, Search
from chalicelib.listing import Status
from chalicelib.serializers.jobs import State
from functions.db.job_list import LISTED_STATES, After, Wanted
from functions.definition import is_job_id

Sort = Literal[
    "id", "-id", "nextExecution", "-nextExecution", "lastExecution", "-lastExecution", "lastStatus", "-lastStatus",
    "lastDuration", "-lastDuration",
]  # fmt: skip
Tag = Annotated[str, Meta(pattern="^[a-z0-9._-]{1,50}$")]
_LARGEST = 2**63 - 1


class JobsQuery(Input):
    """Which jobs, in which order; `search` looks in id, description and tags, `tag` wants all of them."""

    search: Search | None = None
    sort: Sort = "id"
    state: tuple[State, ...] = ()
    last_status: tuple[Status, ...] = ()
    tag: tuple[Tag, ...] = ()
    limit: Annotated[int, Meta(ge=1, le=1000, description="how many at most")] = 1000
    cursor: Cursor | None = None


def wanted(query: JobsQuery, *, is_enabled: bool) -> Wanted:
    """What this query asks for. Raises NotValid for a cursor that is not of this order."""
    sort = query.sort.removeprefix("-")

    def place(of: Any, key: Any, job_id: Any) -> After:
        if of != query.sort or not is_job_id(job_id):
            raise ValueError("a cursor of another list")
        return After(_key(sort, key), job_id)

    return Wanted(
        is_enabled=is_enabled,
        limit=query.limit,
        search=query.search or None,
        states=query.state or LISTED_STATES,
        last_statuses=query.last_status or None,
        tags=query.tag,
        sort=sort,
        is_descending=query.sort.startswith("-"),
        after=None if query.cursor is None else cursors.decode(query.cursor, place),
    )


def cursor(query: JobsQuery, place: After) -> str:
    """The cursor of the page that begins after a place of this list."""
    return cursors.encode(query.sort, place.key, place.job_id)


def next_link(request: Request, query: JobsQuery, place: After) -> str:
    """The Link header of the next page (RFC 8288): the same question with a cursor."""
    asked = request.query_params or MultiDict(None)
    kept = [(name, str(value)) for name in asked if name != "cursor" for value in asked.getlist(name)]
    return f'<{incoming.link(request, "/jobs")}?{urlencode([*kept, ("cursor", cursor(query, place))])}>; rel="next"'


def _key(sort: str, key: Any) -> Any:
    if key is None:
        return None
    if sort in ("nextExecution", "lastExecution"):
        return cursors.aware(key)
    if sort == "lastDuration" and (type(key) is not int or not 0 <= key <= _LARGEST):
        raise ValueError("a duration is a number of milliseconds")
    if sort == "lastStatus" and (not isinstance(key, str) or not key.isalpha()):
        raise ValueError("a status is a word")
    if sort == "id":
        raise ValueError("an id is all there is")
    return key
