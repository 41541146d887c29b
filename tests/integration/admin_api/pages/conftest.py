"""Browsers in which somebody is logged in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from functions.db.connection import Connection
from tests.integration.admin_api.api import Api
from tests.integration.admin_api.logins import add_user
from tests.integration.admin_api.pages.browser import Browser


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
