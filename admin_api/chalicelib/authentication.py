"""Who sends a request: the one place that turns a token into a Caller."""

from __future__ import annotations

from chalice.app import Request

from chalicelib import incoming, tokens
from chalicelib.callers import Caller
from functions.settings import settings


def caller(request: Request) -> Caller:
    """Who sent this request. Raises NotAuthenticated, always the same, whatever is wrong."""
    identity = tokens.verify(settings().auth_signing_key, incoming.bearer_token(request))
    return Caller(actor=identity.actor, request_id=incoming.request_id(request), permissions=identity.permissions)
