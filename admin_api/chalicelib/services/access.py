"""What callers may give and take: nobody more than they hold themselves, by what the database says now."""

from __future__ import annotations

from collections.abc import Collection

from chalicelib.callers import Caller
from chalicelib.permissions import grants
from chalicelib.refusals import BeyondOwnPermissions
from functions.db import access
from functions.db.connection import Connection


def check_covers(connection: Connection, caller: Caller, permissions: Collection[str]) -> None:
    """Raise BeyondOwnPermissions, which names what is missing, unless the caller holds all of these.

    Call it in `functions.db.access.changing`: there what it finds stays so until the commit. A user holds what both
    their token carries and their roles and login's claims give at this moment; a token of no user counts by itself.
    """
    held = [caller.permissions]
    if caller.user_id is not None:
        held.append(access.held_by(connection, caller.user_id, caller.session_id))
    missing = sorted({name for name in permissions if not all(grants(each, name) for each in held)})
    if missing:
        raise BeyondOwnPermissions(missing)
