"""A deployment with a fake issuer, and how its tokens are sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from functions.settings import settings
from tests.integration.admin_api.api import BASE, Answer, Api
from tests.integration.admin_api.fake_issuer import (
    AUDIENCE,
    CLIENT_ID,
    CLIENT_SECRET,
    REDIRECT_URI,
    FakeIssuer,
    running,
)


@pytest.fixture
def issuer(offline: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeIssuer]:
    """The deployment's issuer, for access tokens and for logins."""
    with running() as started:
        configure(
            monkeypatch,
            OIDC_ISSUER=started.url,
            OIDC_AUDIENCE=AUDIENCE,
            OIDC_CLIENT_ID=CLIENT_ID,
            OIDC_CLIENT_SECRET=CLIENT_SECRET,
            OIDC_REDIRECT_URI=REDIRECT_URI,
        )
        yield started


def configure(monkeypatch: pytest.MonkeyPatch, **variables: str | None) -> None:
    """Set or unset these settings, and read them anew."""
    for name, value in variables.items():
        monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
    settings.cache_clear()


def send(api: Api, token: str, path: str = f"{BASE}/jobs", method: str = "GET") -> Answer:
    """One request with this token."""
    return api(method, path, headers={"Authorization": f"Bearer {token}"})
