"""Somebody who visits the pages."""

from __future__ import annotations

import pytest

from infra.local.gateway_routes import RouteTable, admin_api_routes
from tests.conftest import PROJECT
from tests.integration.admin_api.api import Api
from tests.integration.admin_api.pages.visiting import Visitor


@pytest.fixture
def visitor(api: Api) -> Visitor:
    """The app's pages, over an empty database."""
    del api  # it has made the app ready
    from app import app

    return Visitor(app, RouteTable(admin_api_routes(PROJECT)))
