"""Where a token may go."""

from __future__ import annotations

import pytest

from lamplighter_cli.addresses import base_url
from lamplighter_cli.exit_codes import ExitCode
from lamplighter_cli.failures import Failure


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("https://jobs.example.com", "https://jobs.example.com"),
        ("https://Jobs.Example.com:8443/prod/", "https://jobs.example.com:8443/prod"),
        (" https://jobs.example.com/Stage ", "https://jobs.example.com/Stage"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_address_is_used_without_its_last_slash(text: str, wanted: str) -> None:
    assert base_url(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "http://jobs.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://10.0.0.1",
        "http://0.0.0.0:8080",
        "HTTP://jobs.example.com",
    ],
)
def test_plain_http_leads_nowhere_but_to_this_machine(text: str) -> None:
    with pytest.raises(Failure, match="is not encrypted") as refused:
        base_url(text)
    assert refused.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    "text",
    ["", "jobs.example.com", "ftp://jobs.example.com", "https://", "https://h:port", "https://h?x=1", "https://h#x",
     "https://[::1", "file:///etc/passwd"],
)  # fmt: skip
def test_what_is_no_address_of_an_api_is_refused(text: str) -> None:
    with pytest.raises(Failure, match="is invalid: use the address"):
        base_url(text)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(Failure, match="name or password") as refused:
        base_url("https://ada:hunter2@jobs.example.com")
    assert "hunter2" not in refused.value.line
