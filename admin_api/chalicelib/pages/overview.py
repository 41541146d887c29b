"""The overview: what somebody who is called at night needs first, and what AWS says beside it, asked for afterwards."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.database import connection
from chalicelib.pages.page import page
from chalicelib.pages.rendering import redirect, render
from chalicelib.pages.visit import Visit
from chalicelib.permissions import AUDIT_VIEW, JOBS_VIEW, ROLES_MANAGE, USERS_MANAGE
from chalicelib.services import aws, overview
from chalicelib.services.overview import Overview, Periods
from functions.settings import settings

overview_pages = Blueprint(__name__)

_ELSEWHERE = ((AUDIT_VIEW, "/audit"), (USERS_MANAGE, "/users"), (ROLES_MANAGE, "/roles"))


@page(overview_pages, "GET", "/", permission=None)
def show_overview(visit: Visit) -> Response:
    """How things are; who may not see jobs is led to what they may see."""
    if not visit.may(JOBS_VIEW):
        return redirect(visit.link(next((path for needed, path in _ELSEWHERE if visit.may(needed)), "/account")))
    with connection() as opened:
        shown = overview.look(opened, now=visit.now)
        # The script asks for what changes from one second to the next, and these take longer than all the rest.
        success = None if visit.is_fragment else overview.success(opened, now=visit.now)
    return render(
        visit, "overview.html", shown=shown, figures=_figures(shown), success=success,
        is_enabled=settings().jobs_enabled, has_run=_has_run(shown, success),
    )  # fmt: skip


@page(overview_pages, "GET", "/aws", permission=JOBS_VIEW)
def show_aws(visit: Visit) -> Response:
    """What AWS says: the quota and the drift; that it is away is no error here."""
    with connection() as opened:
        said = aws.ask(opened)
    return render(visit, "aws.html", said=said)


def _figures(shown: Overview) -> dict[str, int]:
    return {
        "running": shown.running[0].total if shown.running else 0,
        "bad": shown.troubles[0].executions if shown.troubles else 0,
        "waiting": sum(shown.waiting),
        **{state: shown.states.get(state, 0) for state in ("paused", "overdue", "missing")},
    }


def _has_run(shown: Overview, success: tuple[Periods, Periods] | None) -> bool:
    """Whether anything has run in these days, or does."""
    return success is None or bool(shown.running) or any(success[1].total[1:])
