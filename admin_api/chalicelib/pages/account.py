"""One's own account: who one is, what one may do, and another password."""

from __future__ import annotations

from typing import Annotated

from chalice.app import Blueprint, Response
from msgspec import Meta

from chalicelib import incoming, passwords
from chalicelib.database import connection
from chalicelib.inputs import Input
from chalicelib.pages.page import page
from chalicelib.pages.rendering import redirect, render
from chalicelib.pages.visit import Visit
from chalicelib.permissions import DESCRIPTIONS
from chalicelib.refusals import NotValid
from chalicelib.services import users as user_service
from functions.db import sessions
from functions.db import users as user_rows
from functions.text import Text

account_pages = Blueprint(__name__)

Typed = Annotated[str, Meta(min_length=1, max_length=passwords.LONGEST)]


class OwnPasswordForm(Input, kw_only=True):
    """The password there is, and the one there shall be."""

    current: Typed
    password: Typed


@page(account_pages, "GET", "/account", permission=None)
def show_account(visit: Visit) -> Response:
    """Who one is; a password only local users have."""
    caller = visit.caller
    assert caller is not None
    user = session = None
    with connection() as opened:
        if caller.user_id is not None:
            user = user_rows.get(opened, caller.user_id)
        if caller.session_id is not None:
            session = sessions.live(opened, caller.session_id)
    held = [name for name in DESCRIPTIONS if visit.may(name)]
    return render(visit, "account.html", user=user, session=session, held=held)


@page(account_pages, "POST", "/account/password", permission=None, form=OwnPasswordForm, again=show_account)
def change_password(visit: Visit, form: OwnPasswordForm) -> Response:
    """Changed, and back."""
    assert visit.caller is not None
    if visit.caller.user_id is None:
        raise NotValid(Text("a token that belongs to no user has no password"))
    with connection() as opened:
        user_service.change_own_password(
            opened, visit.caller, current=form.current, password=form.password,
            source_ip=incoming.source_ip(visit.request), unchanged=lambda _: None,
        )  # fmt: skip
    return redirect(visit.link("/account", done="own_password_set"))
