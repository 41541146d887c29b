"""The overview: what somebody who is called at night needs first, and what AWS says beside it, asked for afterwards."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.database import connection
from chalicelib.pages.page import page
from chalicelib.pages.rendering import redirect, render
from chalicelib.pages.visit import Visit
from chalicelib.permissions import AUDIT_VIEW, JOBS_VIEW, ROLES_MANAGE, USERS_MANAGE
from chalicelib.services import aws, overview
from chalicelib.services.overview import Overview
from chalicelib.services.stats import Stats
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
    return render(
        visit, "overview.html", shown=shown, figures=_figures(shown), is_enabled=settings().jobs_enabled,
        hours=[_cell(each) for each in shown.hours.periods], days=[_cell(each) for each in shown.days.periods],
    )  # fmt: skip


@page(overview_pages, "GET", "/aws", permission=JOBS_VIEW)
def show_aws(visit: Visit) -> Response:
    """What AWS says: the quota and the drift; that it is away is no error here."""
    with connection() as opened:
        said = aws.ask(opened)
    return render(visit, "aws.html", said=said)


def _figures(shown: Overview) -> dict[str, int]:
    total = shown.hours.total
    return {
        "running": shown.running[0].total if shown.running else 0,
        "bad": total.failed + total.lost + total.missed,
        "waiting": sum(shown.waiting),
        "paused": shown.states.get("paused", 0),
        "overdue": shown.states.get("overdue", 0),
        "missing": shown.states.get("missing", 0),
    }


def _cell(stats: Stats) -> tuple[float | None, Stats]:
    """How good a period was; one in which something was missed was not good, whatever else ran."""
    ran = stats.succeeded + stats.failed + stats.lost + stats.missed
    return (stats.succeeded / ran if ran else None), stats
