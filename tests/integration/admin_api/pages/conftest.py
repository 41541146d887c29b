"""Browsers in which somebody is logged in, and somebody who visits the pages."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from functions.db.connection import Connection
from infra.local.gateway_routes import RouteTable, admin_api_routes
from tests.conftest import PROJECT
from tests.integration.admin_api.api import Api
from tests.integration.admin_api.logins import add_user
from tests.integration.admin_api.pages.browser import Browser
from tests.integration.admin_api.pages.visiting import Visitor


@pytest.fixture
def visitor(api: Api) -> Visitor:
    """The app's pages, over an empty database."""
    del api  # it has made the app ready
    from app import app

    return Visitor(app, RouteTable(admin_api_routes(PROJECT)))


@pytest.fixture
def nobody(api: Api) -> Browser:
    """A browser in which nobody is logged in."""
    return Browser(api._app)


@pytest.fixture
def browser_of(api: Api, connection: Connection) -> Callable[..., Browser]:
    """browser_of("vera", "viewer"): one in which this new user is logged in."""

    def made(name: str, *roles: str) -> Browser:
        add_user(connection, name, *roles)
        return Browser(api._app).log_in(name)

    return made


@pytest.fixture
def ada(browser_of: Callable[..., Browser]) -> Browser:
    """One in which an administrator is logged in."""
    return browser_of("ada", "admin")
