"""Settings are read once; a wrong one is named with its value and rule."""

from __future__ import annotations

import pytest

from functions.errors import SettingsError
from functions.settings import from_environment
from infra.resources.environment import environment


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
        ("JOBS_ENABLED", "no"),
        ("TRIGGER_BACKEND", "cron"),
        ("RULES_LIMIT", "0"),
        ("RULES_LIMIT", "many"),
        ("LOG_LEVEL", "LOUD"),
        ("RETENTION_DAYS", "1"),
        ("RETENTION_DAYS", "90d"),
        ("RETENTION_DAYS", "36501"),
        ("RETENTION_DAYS", "9" * 5000),
        ("RETENTION_DAYS", "90,running=5"),
        ("RETENTION_DAYS", "90,skipped"),
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


def test_jobs_are_enabled_unless_the_environment_says_false() -> None:
    values: tuple[dict[str, str], ...] = ({}, {"JOBS_ENABLED": "true"}, {"JOBS_ENABLED": "false"})
    assert [from_environment(environ).jobs_enabled for environ in values] == [True, True, False]


def test_retention_is_days_for_all_with_exceptions_by_status() -> None:
    assert set(from_environment({}).retention_days.values()) == {90}
    kept = from_environment({"RETENTION_DAYS": "60, skipped=14,lost=365"}).retention_days
    assert kept == {"succeeded": 60, "failed": 60, "skipped": 14, "cancelled": 60, "lost": 365, "missed": 60}


def test_retention_is_passed_to_functions_as_it_is_read() -> None:
    settings = from_environment({"RETENTION_DAYS": "60,skipped=14"})
    assert from_environment({"RETENTION_DAYS": environment(settings)["RETENTION_DAYS"]}) == settings
