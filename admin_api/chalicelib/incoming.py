"""What a request says, read from API Gateway's event: its id, address, bearer token, what it is about."""

from __future__ import annotations

import uuid
from urllib.parse import unquote

from chalice.app import Request

from chalicelib.refusals import NotAuthenticated
from functions.definition import is_job_id
from functions.errors import ExecutionNotFound, JobNotFound, UserNotFound
from functions.text import Text

BASE_PATH = "/api/v1/admin"


def request_id(request: Request) -> str:
    """API Gateway's id of this request: in its access log, in our log, on the audit row and in the answer."""
    return str(request.context.get("requestId", ""))


def source_ip(request: Request) -> str:
    """The address API Gateway was called from: what clients write into X-Forwarded-For does not count."""
    return str(request.context.get("identity", {}).get("sourceIp", ""))


def path(request: Request) -> str:
    """The path as the client sees it, percent-encoded, with the stage or base path API Gateway may have before ours."""
    return str(request.context.get("path") or request.path)


def link(request: Request, rest: str) -> str:
    """The address of something else in this API, as a path from the root of the host the client talks to."""
    prefix, found, _ = path(request).partition(BASE_PATH)
    return f"{prefix if found else ''}{BASE_PATH}{rest}"


def bearer_token(request: Request) -> str:
    """The token of the Authorization header (RFC 6750 §2.1). Raises NotAuthenticated when there is none."""
    scheme, _, token = str(request.headers.get("authorization", "")).partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated
    return token.strip()


def job_id(encoded: str) -> str:
    """The job id in a path: API Gateway's REST events leave it percent-encoded. JobNotFound when it cannot be one."""
    decoded = unquote(encoded)
    if not is_job_id(decoded):
        raise JobNotFound(
            Text(
                "no job has the id %(job)s: ids are 1 to 100 of a-z, 0-9, '.', '_' or '-'; list the jobs",
                job=repr(decoded[:100]),
            )
        )
    return decoded


def execution_id(text: str) -> uuid.UUID:
    """The execution's id in a path. Raises ExecutionNotFound when it cannot be one."""
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise ExecutionNotFound(Text("no execution has the id %(id)s: ids are UUIDs", id=repr(text[:100]))) from error


def user_id(text: str) -> uuid.UUID:
    """The user's id in a path. Raises UserNotFound when it cannot be one."""
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise UserNotFound(Text("no user has the id %(id)s: ids are UUIDs", id=repr(text[:100]))) from error


def role_name(encoded: str) -> str:
    """The name of a role in a path, decoded; whether there is one, the database says."""
    return unquote(encoded)
