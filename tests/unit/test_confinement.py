"""The one-machine edition's own processes find no account and no server, and go round every proxy."""

from __future__ import annotations

import os
import urllib.request

import pytest
from botocore.utils import get_environ_proxies

from infra.local.confinement import confine

HERE = "http://127.0.0.1:4566/"
ELSEWHERE = "https://wheels.example/simple/"


def confined(monkeypatch: pytest.MonkeyPatch, **environment: str) -> dict[str, str]:
    monkeypatch.setattr(os, "environ", environment)
    confine(os.environ, region="us-east-1")
    return environment


def test_what_names_an_account_or_a_server_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    left = confined(monkeypatch, AWS_PROFILE="prod", AWS_SESSION_TOKEN="real", PGHOST="db.example.com", HOME="/home/me")
    assert left.keys().isdisjoint({"AWS_PROFILE", "AWS_SESSION_TOKEN", "PGHOST"})
    assert left["HOME"] == "/home/me"
    assert left["AWS_ACCESS_KEY_ID"] == "local"


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize("exempt", [{}, {"NO_PROXY": "intra.example"}, {"no_proxy": "*"}])
def test_no_proxy_is_asked_for_what_is_on_this_machine(
    monkeypatch: pytest.MonkeyPatch, name: str, exempt: dict[str, str]
) -> None:
    confined(monkeypatch, **{name: "http://proxy.example:3128"}, **exempt)
    assert urllib.request.proxy_bypass("127.0.0.1:4566")
    assert get_environ_proxies(HERE) == {}


def test_a_proxy_and_its_exceptions_stay_for_what_pip_fetches(monkeypatch: pytest.MonkeyPatch) -> None:
    confined(monkeypatch, https_proxy="http://proxy.example:3128", NO_PROXY="intra.example")
    assert get_environ_proxies(ELSEWHERE)["https"] == "http://proxy.example:3128"
    assert get_environ_proxies("https://intra.example/simple/") == {}
