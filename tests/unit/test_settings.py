"""Settings are read once; a wrong one is named with its value and rule."""

from __future__ import annotations

import re

import pytest

from functions.errors import SettingsError
from functions.settings import Settings, from_environment
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
        ("JOBS_CONCURRENCY", "0"),
        ("JOBS_CONCURRENCY", "1001"),
        ("JOBS_CONCURRENCY", "ten"),
        ("DATABASE_TLS_MODE", "verify_full"),
        ("DATABASE_TLS_ROOT_CERT", "global-bundle.pem"),
        ("DATABASE_TLS_ROOT_CERT", "system"),
        ("DATABASE_SECRET_SOURCE", "vault"),
        ("DATABASE_SECRET_ID", "a b"),
        ("DATABASE_SECRET_ID", "arn:aws:ssm:us-east-1:123456789012:parameter/a"),
        ("DATABASE_RESOURCE_ID", "instance-A1"),
        ("CORS_ALLOWED_ORIGINS", "*"),
        ("CORS_ALLOWED_ORIGINS", "null"),
        ("CORS_ALLOWED_ORIGINS", "ops.example.com"),
        ("CORS_ALLOWED_ORIGINS", "https://"),
        ("CORS_ALLOWED_ORIGINS", "https://ops.example.com/"),
        ("CORS_ALLOWED_ORIGINS", "https://Ops.example.com"),
        ("CORS_ALLOWED_ORIGINS", "https://*.example.com"),
        ("CORS_ALLOWED_ORIGINS", "ftp://a"),
        ("CORS_ALLOWED_ORIGINS", "https://u@a"),
        ("CORS_ALLOWED_ORIGINS", "https://a:"),
        ("CORS_ALLOWED_ORIGINS", "https://a,"),
        ("CORS_ALLOWED_ORIGINS", "https://a b"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"{name}='{value}' is invalid: ")):
        from_environment({name: value})


CLIENT = {
    "OIDC_ISSUER": "https://issuer.example.com", "OIDC_CLIENT_ID": "web",
    "OIDC_REDIRECT_URI": "https://jobs.example.com/api/v1/auth/oidc/callback",
}  # fmt: skip
MAIL = {"SMTP_HOST": "mail.example.com", "SMTP_FROM": "jobs@example.com"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_HOST", "mail example"),
        ("SMTP_HOST", "smtp://mail"),
        ("SMTP_PORT", "0"),
        ("SMTP_PORT", "65536"),
        ("SMTP_PORT", "smtp"),
        ("SMTP_TLS", "ssl"),
        ("SMTP_FROM", "jobs"),
        ("SMTP_FROM", "jobs@example.com, eve@example.com"),
        ("SMTP_FROM", "jobs@example.com\nBcc: eve@example.com"),
        ("SMTP_FROM", "Jobs\r\nBcc: eve@example.com <jobs@example.com>"),
    ],
)
def test_a_wrong_value_of_the_mail_server_is_named_too(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"{name}={value!r} is invalid: ")):
        _ = from_environment(MAIL | {name: value}).smtp


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"SMTP_FROM": ""}, "SMTP_FROM is not set: with SMTP_HOST"),
        ({"SMTP_USERNAME": "jobs"}, "SMTP_USERNAME and SMTP_PASSWORD belong together"),
        ({"SMTP_PASSWORD": "hunter2"}, "SMTP_USERNAME and SMTP_PASSWORD belong together"),
        (
            {"SMTP_USERNAME": "jobs", "SMTP_PASSWORD": "hunter2", "SMTP_TLS": "none"},
            "the password would cross the network",
        ),
    ],
)
def test_a_mail_server_whose_settings_do_not_fit_together_is_refused(environ: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        _ = from_environment(MAIL | environ).smtp
    assert "hunter2" not in str(caught.value)


def test_without_a_host_e_mail_is_off_and_the_rest_of_it_is_not_looked_at() -> None:
    assert from_environment({"SMTP_TLS": "nonsense"}).smtp is None
    assert from_environment({"SMTP_HOST": ""}).smtp is None


def test_a_mail_server_is_spoken_to_over_starttls_unless_something_else_is_said() -> None:
    ports = {tls: from_environment(MAIL | {"SMTP_TLS": tls}).smtp for tls in ("", "starttls", "tls", "none")}
    assert {name: (smtp.tls, smtp.port) for name, smtp in ports.items() if smtp} == {
        "": ("starttls", 587), "starttls": ("starttls", 587), "tls": ("tls", 465), "none": ("none", 25),
    }  # fmt: skip


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_a_login_may_go_unencrypted_to_this_machine_only(host: str) -> None:
    environ = MAIL | {"SMTP_HOST": host, "SMTP_TLS": "none", "SMTP_USERNAME": "jobs", "SMTP_PASSWORD": "hunter2"}
    smtp = from_environment(environ).smtp
    assert smtp is not None
    assert "hunter2" not in repr(from_environment(environ))


@pytest.mark.parametrize("sender", ["jobs@example.com", "Úlohy & co. <jobs@example.com>"])
def test_a_sender_is_an_address_with_or_without_a_name(sender: str) -> None:
    smtp = from_environment(MAIL | {"SMTP_FROM": sender}).smtp
    assert smtp is not None
    assert (smtp.sender, smtp.sender_address) == (sender, "jobs@example.com")


def test_a_missing_required_variable_is_named_when_it_is_needed() -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL is not set: set it to postgresql://"):
        _ = from_environment({}).database_url
    with pytest.raises(SettingsError, match="AUTH_SIGNING_KEY is not set"):
        _ = from_environment({}).auth_signing_key


def test_a_short_signing_key_is_refused() -> None:
    with pytest.raises(SettingsError, match="at least 32 bytes"):
        _ = from_environment({"AUTH_SIGNING_KEY": "short"}).auth_signing_key


def test_previous_signing_keys_are_separated_by_commas_and_long_enough_too() -> None:
    assert from_environment({}).auth_previous_signing_keys == ()
    given = from_environment({"AUTH_PREVIOUS_SIGNING_KEYS": f"{'a' * 32}, {'b' * 40},"})
    assert given.auth_previous_signing_keys == ("a" * 32, "b" * 40)
    with pytest.raises(SettingsError, match="a key of AUTH_PREVIOUS_SIGNING_KEYS is too short") as raised:
        _ = from_environment({"AUTH_PREVIOUS_SIGNING_KEYS": f"{'a' * 32},hunter2"}).auth_previous_signing_keys
    assert "hunter2" not in str(raised.value)


def test_secrets_are_not_shown() -> None:
    secrets = {"AUTH_SIGNING_KEY": "k" * 32, "AUTH_PREVIOUS_SIGNING_KEYS": "k" * 33}
    shown = repr(from_environment({"DATABASE_URL": "postgresql://u:hunter2@h/d", **secrets}))
    assert "hunter2" not in shown
    assert "kkk" not in shown


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"DATABASE_TLS_MODE": "verify-full"}, "DATABASE_TLS_MODE='verify-full' needs DATABASE_TLS_ROOT_CERT"),
        ({"DATABASE_TLS_MODE": "verify-ca"}, "DATABASE_TLS_MODE='verify-ca' needs DATABASE_TLS_ROOT_CERT"),
        ({"DATABASE_SECRET_SOURCE": "secrets-manager"}, "DATABASE_SECRET_ID is not set: set it to the secret's name"),
        ({"DATABASE_SECRET_SOURCE": "rds-iam"}, "DATABASE_RESOURCE_ID is not set: set it to the id in"),
        (
            {"DATABASE_SECRET_SOURCE": "rds-iam", "DATABASE_RESOURCE_ID": "db-A1", "DATABASE_TLS_MODE": "prefer"},
            "DATABASE_TLS_MODE='prefer' is invalid with DATABASE_SECRET_SOURCE='rds-iam'",
        ),
    ],
)
def test_settings_that_do_not_fit_together_are_named(environ: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        from_environment(environ)


@pytest.mark.parametrize("url", ["postgresql://u:hunter2@h/d", "postgresql://h/d?user=u&password=hunter2"])
def test_a_password_in_the_url_is_refused_where_another_source_brings_it(url: str) -> None:
    environ = {"DATABASE_SECRET_SOURCE": "secrets-manager", "DATABASE_SECRET_ID": "prod/jobs", "DATABASE_URL": url}
    with pytest.raises(SettingsError, match="take the password out of DATABASE_URL") as caught:
        _ = from_environment(environ).database_url
    assert "hunter2" not in str(caught.value)
    without = environ | {"DATABASE_URL": "postgresql://u@h:5432/d"}
    assert from_environment(without).database_url == "postgresql://u@h:5432/d"


@pytest.mark.parametrize(
    "secret_id", ["prod/jobs", "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:a-AbCdEf"]
)
def test_what_is_set_is_passed_to_functions_as_it_is_read(secret_id: str) -> None:
    settings = from_environment(
        {
            "DATABASE_TLS_MODE": "verify-full",
            "DATABASE_TLS_ROOT_CERT": "functions/roots.pem",
            "DATABASE_SECRET_SOURCE": "secrets-manager",
            "DATABASE_SECRET_ID": secret_id,
            "DATABASE_RESOURCE_ID": "cluster-A1",
            "JOBS_CONCURRENCY": "7",
            "CORS_ALLOWED_ORIGINS": "https://ops.example.com, http://localhost:3000,http://[::1]:3000",
        }
    )
    passed = {name: value for name, value in environment(settings).items() if isinstance(value, str)}
    assert from_environment(passed) == settings
    assert settings.jobs_concurrency == 7
    assert settings.cors_allowed_origins == (
        "https://ops.example.com", "http://localhost:3000", "http://[::1]:3000",
    )  # fmt: skip


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


def read_all(environ: dict[str, str]) -> Settings:
    found = from_environment(environ)
    _ = found.smtp, found.oidc
    return found


@pytest.mark.parametrize(
    ("secret_id", "variable"),
    [
        ("AUTH_SECRET_ID", "AUTH_SIGNING_KEY"),
        ("AUTH_SECRET_ID", "AUTH_PREVIOUS_SIGNING_KEYS"),
        ("OIDC_SECRET_ID", "OIDC_CLIENT_SECRET"),
        ("SMTP_SECRET_ID", "SMTP_PASSWORD"),
    ],
)
def test_a_secret_and_where_it_is_kept_are_not_both_set(secret_id: str, variable: str) -> None:
    environ = MAIL | CLIENT | {secret_id: "prod/secret", variable: "hunter2" * 5}
    with pytest.raises(SettingsError, match=f"{variable} and {secret_id} are both set.*take {variable} away") as caught:
        read_all(environ)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", ["AUTH_SECRET_ID", "OIDC_SECRET_ID", "SMTP_SECRET_ID"])
def test_the_name_of_a_secret_is_one(name: str) -> None:
    arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/jobs-AbCdEf"
    for good in ("prod/jobs", arn):
        found = read_all(MAIL | CLIENT | {name: good})
        ids = (found.auth_secret_id, found.oidc and found.oidc.client and found.oidc.client.secret_id)
        assert good in (*ids, found.smtp and found.smtp.secret_id)
    with pytest.raises(SettingsError, match=f"{name}='a b' is invalid: use a secret's name or whole ARN"):
        read_all(MAIL | CLIENT | {name: "a b"})


def test_variables_that_hold_a_secret_are_told_from_those_that_say_where_it_is_kept() -> None:
    kept = {"AUTH_SECRET_ID": "auth", "OIDC_SECRET_ID": "oidc", "SMTP_SECRET_ID": "smtp", "SMTP_USERNAME": "jobs"}
    url = "postgresql://jobs@db.example/jobs"
    assert from_environment(MAIL | CLIENT | kept | {"DATABASE_URL": url}).plain_secrets == ()
    held = ("AUTH_SIGNING_KEY", "AUTH_PREVIOUS_SIGNING_KEYS", "OIDC_CLIENT_SECRET", "SMTP_PASSWORD")
    assert from_environment(dict.fromkeys(held, "hunter2")).plain_secrets == held
    for shown in ("postgresql://jobs:hunter2@db.example/jobs", f"{url}?password=hunter2", f"{url}?sslpassword=hunter2"):
        assert from_environment({"DATABASE_URL": shown}).plain_secrets == ("DATABASE_URL",)


def test_a_login_that_is_a_secret_does_not_go_unencrypted_to_another_machine_either() -> None:
    with pytest.raises(SettingsError, match="the password would cross the network"):
        _ = from_environment(MAIL | {"SMTP_TLS": "none", "SMTP_SECRET_ID": "prod/smtp"}).smtp
