"""While AWS runs on this machine, all sessions read botocore's data files with one loader, and moto's services too."""

from __future__ import annotations

import boto3
import botocore.session
from moto.core import utils

from infra.local.shared_loaders import shared_loaders


def test_sessions_share_one_loader_and_motos_services_another() -> None:
    with shared_loaders():
        sessions, services = _loader_of_a_session(), _loader_of_a_service()
        assert _loader_of_a_session() is sessions
        assert _loader_of_a_service() is services
        assert services is not sessions, "moto adds shapes of its own to what it reads"


def test_loaders_are_made_as_before_when_it_ends() -> None:
    before = _makers()
    with shared_loaders():
        assert _makers() != before
    assert _makers() == before


def _loader_of_a_session() -> object:
    return boto3.Session(region_name="eu-central-1")._session.get_component("data_loader")


def _loader_of_a_service() -> object:
    return vars(utils)["create_loader"]()


def _makers() -> list[object]:
    return [vars(module)["create_loader"] for module in (botocore.session, utils)]
