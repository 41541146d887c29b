"""The issuer's settings: what a deploy refuses before it touches anything."""

from __future__ import annotations

import pytest

from functions.errors import SettingsError
from functions.oidc_settings import Oidc
from functions.settings import from_environment

ISSUER = {"OIDC_ISSUER": "https://issuer.example.com/realms/jobs", "OIDC_AUDIENCE": "jobs-api"}
CLIENT = {"OIDC_CLIENT_ID": "web", "OIDC_REDIRECT_URI": "https://jobs.example.com/api/v1/auth/oidc/callback"}


def read(**changes: str) -> Oidc:
    oidc = from_environment(ISSUER | CLIENT | changes).oidc
    assert oidc is not None
    return oidc


def test_without_an_issuer_the_rest_counts_for_nothing() -> None:
    assert from_environment({"OIDC_PERMISSIONS_MAP": "nonsense", "OIDC_AUDIENCE": "x"}).oidc is None
    assert from_environment({"OIDC_ISSUER": ""}).oidc is None


def test_an_issuer_is_for_access_tokens_for_logins_or_for_both() -> None:
    tokens = from_environment(ISSUER).oidc
    logins = from_environment({"OIDC_ISSUER": ISSUER["OIDC_ISSUER"], **CLIENT}).oidc
    assert tokens is not None
    assert tokens.client is None
    assert tokens.audiences == {"jobs-api"}
    assert logins is not None
    assert logins.client is not None
    assert logins.audiences == frozenset()
    assert logins.client.secret is None
    with pytest.raises(SettingsError, match="nothing it is for: set OIDC_AUDIENCE"):
        _ = from_environment({"OIDC_ISSUER": ISSUER["OIDC_ISSUER"]}).oidc


def test_what_is_not_said_has_a_default() -> None:
    assert read().permissions_claim == "permissions"
    assert read().grants is None
    client = read().client
    assert client is not None
    assert client.scopes == "openid email profile"
    assert read(OIDC_AUDIENCE="a, b,").audiences == {"a", "b"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OIDC_ISSUER", "http://issuer.example.com"),
        ("OIDC_ISSUER", "http://127.0.0.1.example.com"),
        ("OIDC_ISSUER", "http://localhost@issuer.example.com"),
        ("OIDC_ISSUER", "https://user:password@issuer.example.com"),
        ("OIDC_ISSUER", "https://issuer.example.com?tenant=1"),
        ("OIDC_ISSUER", "https://issuer.example.com#x"),
        ("OIDC_ISSUER", "https://issuer.example.com:port"),
        ("OIDC_ISSUER", "https://"),
        ("OIDC_ISSUER", "issuer.example.com"),
        ("OIDC_ISSUER", "file:///etc/passwd"),
        ("OIDC_ISSUER", "https://issuer.example.com/\n"),
        ("OIDC_REDIRECT_URI", "http://jobs.example.com/callback"),
        ("OIDC_REDIRECT_URI", "/callback"),
        ("OIDC_AUDIENCE", "two words"),
        ("OIDC_CLIENT_ID", "two words"),
        ("OIDC_SCOPES", "email profile"),
        ("OIDC_SCOPES", 'openid "quoted"'),
        ("OIDC_PERMISSIONS_CLAIM", "two words"),
        ("OIDC_PERMISSIONS_MAP", "admins"),
        ("OIDC_PERMISSIONS_MAP", "[]"),
        ("OIDC_PERMISSIONS_MAP", "{}"),
        ("OIDC_PERMISSIONS_MAP", '{"admins": 1}'),
        ("OIDC_PERMISSIONS_MAP", '{"admins": "No Role"}'),
        ("OIDC_PERMISSIONS_MAP", '{"admins": ["jobs.*"]}'),
        ("OIDC_PERMISSIONS_MAP", '{"admins": [1]}'),
        ("OIDC_PERMISSIONS_MAP", '{"admins": "' + "a" * 2_000 + '"}'),
        ("OIDC_PERMISSIONS_MAP", "[" * 100_000),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        read(**{name: value})


@pytest.mark.parametrize("name", list(CLIENT))
def test_half_a_client_is_none(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is not set"):
        read(**{name: ""})


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:8080"])
def test_without_tls_an_issuer_is_on_this_machine(host: str) -> None:
    assert read(OIDC_ISSUER=f"http://{host}/realms/jobs").issuer == f"http://{host}/realms/jobs"


def test_a_claims_value_leads_to_a_role_or_to_permissions() -> None:
    oidc = read(OIDC_PERMISSIONS_MAP='{"Jobs Admins": "admin", "ops": ["jobs.view", "*"], "nobody": []}')
    assert oidc.grants == {
        "Jobs Admins": "admin",
        "ops": frozenset({"jobs.view", "*"}),
        "nobody": frozenset(),
    }


def test_no_secret_is_in_what_settings_show() -> None:
    settings = from_environment(ISSUER | CLIENT | {"OIDC_CLIENT_SECRET": "hunter2"})
    assert "hunter2" not in repr(settings) + repr(settings.oidc)
