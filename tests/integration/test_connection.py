"""Connecting: an error that says what is wrong, and never the password."""

from __future__ import annotations

import pytest

from functions.db.connection import connect
from functions.errors import DatabaseUnavailable, SettingsError


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@hunter2@127.0.0.1/db",
        "postgresql://u:hun/ter2@127.0.0.1/db",
        "postgresql://u:hunter2?@127.0.0.1/db",
        "postgres:/u:hunter2@h/db",
        "host=h password=hunter2",
        "",
    ],
)
def test_what_is_no_url_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL is invalid: use postgresql://") as caught:
        connect(url)
    assert "ter2" not in str(caught.value)


def test_a_server_that_is_not_there_is_an_error_that_names_the_host_and_not_the_password() -> None:
    with pytest.raises(DatabaseUnavailable, match=r"cannot be reached: .*127\.0\.0\.1") as caught:
        connect("postgresql://u:hunter2@127.0.0.1:1/db")
    assert "hunter2" not in str(caught.value)


def test_a_wrong_password_is_an_error_that_does_not_show_it(server_url: str) -> None:
    wrong = server_url.replace(server_url.split(":")[2].split("@")[0], "hunter2")
    with pytest.raises(DatabaseUnavailable) as caught:
        connect(wrong)
    assert "hunter2" not in str(caught.value)
