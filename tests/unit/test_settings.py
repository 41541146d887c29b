"""Settings are read once; a wrong one is named with its value and rule."""

from __future__ import annotations

import pytest

from functions.errors import SettingsError
from functions.settings import from_environment


def test_an_empty_environment_is_the_defaults() -> None:
    settings = from_environment({})
    assert (settings.stage, settings.jobs_packages, settings.trigger_backend, settings.rules_limit) == (
        "local", ("functions.jobs",), "auto", 300,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STAGE", "Prod"),
        ("STAGE", "a-b"),
        ("ACCOUNT_ID", "12"),
        ("JOBS_PACKAGES", "a,,b"),
        ("JOBS_PACKAGES", "a/b"),
        ("TRIGGER_BACKEND", "cron"),
        ("RULES_LIMIT", "0"),
        ("RULES_LIMIT", "many"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FLUSH_S", "0"),
        ("LOG_FLUSH_S", "-1"),
        ("LOG_FLUSH_S", "nan"),
        ("LOG_MAX_LINES", "0"),
        ("LOG_MAX_LINE_BYTES", "1.5"),
        ("LOG_MAX_BYTES", "lots"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}='{value}' is invalid: "):
        from_environment({name: value})


def test_a_missing_required_variable_is_named_when_it_is_needed() -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL is not set: set it to postgresql://"):
        _ = from_environment({}).database_url
    with pytest.raises(SettingsError, match="AUTH_SIGNING_KEY is not set"):
        _ = from_environment({}).auth_signing_key


def test_a_short_signing_key_is_refused() -> None:
    with pytest.raises(SettingsError, match="at least 32 bytes"):
        _ = from_environment({"AUTH_SIGNING_KEY": "short"}).auth_signing_key


def test_secrets_are_not_shown() -> None:
    shown = repr(from_environment({"DATABASE_URL": "postgresql://u:secret@h/d", "AUTH_SIGNING_KEY": "k" * 32}))
    assert "secret" not in shown
    assert "kkk" not in shown
