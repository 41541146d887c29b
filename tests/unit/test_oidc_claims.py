"""What an issuer's claims mean here."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.oidc.claims import person
from functions.oidc_settings import Oidc, oidc_from


def issuer(**variables: str) -> Oidc:
    oidc = oidc_from({"OIDC_ISSUER": "https://issuer.example.com", "OIDC_AUDIENCE": "jobs-api", **variables})
    assert oidc is not None
    return oidc


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({}, "oidc:s-1"),
        ({"email": "ada@example.com", "email_verified": True}, "oidc:ada@example.com (s-1)"),
        ({"email": "ada@example.com", "email_verified": "true"}, "oidc:ada@example.com (s-1)"),
        ({"email": "ada@example.com", "email_verified": False}, "oidc:s-1"),
        ({"email": "ada@example.com", "email_verified": False, "preferred_username": "ada"}, "oidc:ada (s-1)"),
        ({"preferred_username": "s-1"}, "oidc:s-1"),
        ({"preferred_username": "boss) (s-2"}, "oidc:s-1"),
        ({"preferred_username": "two words"}, "oidc:s-1"),
        ({"preferred_username": "a\u202eb"}, "oidc:s-1"),
        ({"preferred_username": ["ada"]}, "oidc:s-1"),
    ],
)
def test_a_name_says_where_it_is_from_and_who_it_is_whatever_people_call_themselves(
    claims: dict[str, Any], name: str
) -> None:
    assert person({"sub": "s-1", **claims}, issuer()).name == name


labels = st.text(min_size=1, max_size=300)


@given(
    subjects=st.lists(st.text(min_size=1, max_size=255).filter(str.isprintable), min_size=2, max_size=2), label=labels
)
def test_two_subjects_never_have_one_name_and_every_name_fits_where_it_is_kept(subjects: list[str], label: str) -> None:
    first, second = (
        person({"sub": subject, "email": label, "email_verified": True}, issuer()).name for subject in subjects
    )
    assert (first == second) == (subjects[0] == subjects[1])
    for name in (first, second):
        assert name.startswith("oidc:")
        assert name.isprintable()
        assert name == name.strip()
        assert len(name) <= 100


def test_a_value_nobody_mapped_grants_nothing() -> None:
    oidc = issuer(OIDC_PERMISSIONS_CLAIM="groups", OIDC_PERMISSIONS_MAP='{"ops": ["jobs.view"], "boss": "admin"}')
    who = person({"sub": "s", "groups": ["ops", "jobs.manage", "*", "admin"]}, oidc)
    assert (who.roles, who.permissions) == (frozenset(), frozenset({"jobs.view"}))
    assert person({"sub": "s", "groups": ["boss", "ops"]}, oidc).roles == {"admin"}


@pytest.mark.parametrize(
    "claims",
    [{}, {"realm_access": None}, {"realm_access": "admins"}, {"realm_access": {"roles": None}}, {"realm_access": []}],
)
def test_a_path_that_leads_nowhere_grants_nothing(claims: dict[str, Any]) -> None:
    oidc = issuer(OIDC_PERMISSIONS_CLAIM="realm_access.roles", OIDC_PERMISSIONS_MAP='{"admins": "admin"}')
    assert person({"sub": "s", **claims}, oidc).roles == frozenset()
