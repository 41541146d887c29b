"""Every setting, read once from the environment into one frozen object. The list for people: docs/settings.md."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qs

from functions.errors import SettingsError
from functions.record import Record

if TYPE_CHECKING:
    from functions.oidc_settings import Oidc
    from functions.smtp_settings import Smtp

Default = TypeVar("Default", str, None)
# Patterns as text: a function's start compiles those of what is set, and most need no secret and no resource.
_STAGE = r"[a-z][a-z0-9]{0,15}"
_ACCOUNT = r"[0-9]{12}"
_DECIMAL = r"[0-9]{1,4}(\.[0-9]{1,3})?"
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
TRIGGER_BACKENDS = ("auto", "scheduler")
ENVIRONMENT, SECRETS_MANAGER, RDS_IAM = SECRET_SOURCES = ("environment", "secrets-manager", "rds-iam")
# libpq, "SSL Mode Descriptions". The first three may end up without encryption, only the last two know who answers.
TLS_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_ENCRYPTED = ("require", "verify-ca", "verify-full")
VERIFIED = ("verify-ca", "verify-full")
# Secrets Manager, CreateSecret; the name of a secret that RDS manages has a '!'.
_SECRET_ID = r"(?a)arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@!-]+|[\w/+=.@!-]{1,512}"  # noqa: S105
# libpq, "Parameter Key Words": of the login, and of the key of a client's certificate.
_PASSWORDS = {"password", "sslpassword"}
# RFC 6454 §6.2: scheme, host, and the port unless it is the scheme's own; http only makes sense on one machine.
_ORIGIN = r"https?://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?<!\.)(:[0-9]{1,5})?"
# RDS, "Creating and using an IAM policy for IAM database access": an instance, a cluster or a proxy.
_RESOURCE_ID = r"(db|cluster|prx)-[A-Za-z0-9]+"
# Lambda, "Configuring reserved concurrency": 0 would be off, and an account has 1,000 unless AWS raised it.
CONCURRENCY = (1, 1_000)
# The statuses an execution ends with: lamplighter.execution's CHECK has the same list.
FINAL_STATUSES = ("succeeded", "failed", "skipped", "cancelled", "lost", "missed")
_RETENTION_DAYS = 90
# EventBridge delivers an event for up to 24 hours, and its execution's row is what makes a second one a duplicate.
_RETENTION_BOUNDS = (2, 36_500)


class Settings(Record):
    """What the environment says. A missing optional value is its default; required ones are checked where used."""

    stage: str
    region: str
    partition: str
    account_id: str
    jobs_packages: tuple[str, ...]
    job_module: str | None
    jobs_enabled: bool
    jobs_concurrency: int | None
    cors_allowed_origins: tuple[str, ...]
    trigger_backend: str
    rules_limit: int
    log_level: str
    _retention_days: tuple[tuple[str, int], ...]
    log_flush_s: float
    log_max_lines: int
    log_max_line_bytes: int
    log_max_bytes: int
    database_tls_mode: str | None
    database_tls_root_cert: str | None
    database_secret_source: str
    database_secret_id: str | None
    database_resource_id: str | None
    auth_secret_id: str | None = None
    _smtp: tuple[tuple[str, str], ...] = ()
    _oidc: tuple[tuple[str, str], ...] = ()
    _database_url: str | None = None
    _auth_signing_key: str | None = None
    _auth_previous_signing_keys: str | None = None

    @property
    def retention_days(self) -> dict[str, int]:
        """How many days an execution is kept once it has ended, by each final status."""
        return dict(self._retention_days)

    @property
    def smtp(self) -> Smtp | None:
        """The mail server, None where e-mail is off. Raises SettingsError, as a deploy does before all else."""
        from functions.smtp_settings import smtp_from  # late: nearly every job starts without it

        return smtp_from(dict(self._smtp))

    @property
    def has_oidc(self) -> bool:
        """Whether anything is set about an OIDC issuer, right or wrong."""
        return bool(self._oidc)

    @property
    def oidc(self) -> Oidc | None:
        """The OIDC issuer, None where there is none. Raises SettingsError, as a deploy does before all else."""
        from functions.oidc_settings import oidc_from  # late: no job needs it, and the API not with every request

        return oidc_from(dict(self._oidc))

    @property
    def database_url(self) -> str:
        """The PostgreSQL URL. Raises SettingsError when it is not set, or holds a password that is not to be there."""
        url = _required("DATABASE_URL", self._database_url, "set it to postgresql://user:password@host:5432/database")
        if self.database_secret_source != ENVIRONMENT and _has_password(url):
            raise SettingsError(
                f"DATABASE_URL holds a password while DATABASE_SECRET_SOURCE={self.database_secret_source!r} brings "
                "it: take the password out of DATABASE_URL"
            )
        return url

    @property
    def plain_secrets(self) -> tuple[str, ...]:
        """The variables that hold a secret themselves, instead of naming where it is kept."""
        given = {**dict(self._smtp), **dict(self._oidc)}
        held = {
            "DATABASE_URL": _has_password(self._database_url or ""),
            "AUTH_SIGNING_KEY": self._auth_signing_key,
            "AUTH_PREVIOUS_SIGNING_KEYS": self._auth_previous_signing_keys,
            "OIDC_CLIENT_SECRET": given.get("OIDC_CLIENT_SECRET"),
            "SMTP_PASSWORD": given.get("SMTP_PASSWORD"),
        }
        return tuple(name for name, is_held in held.items() if is_held)

    @property
    def auth_signing_key(self) -> str:
        """The key that signs bearer tokens. Raises SettingsError when AUTH_SIGNING_KEY is not set or under 32 bytes.

        With an `auth_secret_id` it is in that secret instead: chalicelib/signing_keys.py.
        """
        next_step = "set it to at least 32 random characters, or AUTH_SECRET_ID to the secret that has them"
        return _long_enough("AUTH_SIGNING_KEY", _required("AUTH_SIGNING_KEY", self._auth_signing_key, next_step))

    @property
    def auth_previous_signing_keys(self) -> tuple[str, ...]:
        """Keys that signed before, whose tokens are still good. Raises SettingsError for one under 32 bytes."""
        keys = [key.strip() for key in (self._auth_previous_signing_keys or "").split(",")]
        return tuple(_long_enough("a key of AUTH_PREVIOUS_SIGNING_KEYS", key) for key in keys if key)


@cache
def settings() -> Settings:
    """The settings of this process. Raises SettingsError naming the first variable that is wrong."""
    return from_environment(os.environ)


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Settings from any mapping of variables. Raises SettingsError naming the first variable that is wrong."""
    settings = Settings(
        stage=_matching(environ, "STAGE", "local", _STAGE, "a lower-case letter, then letters or digits, at most 16"),
        region=environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1",
        partition=environ.get("AWS_PARTITION") or "aws",
        account_id=_matching(environ, "ACCOUNT_ID", "000000000000", _ACCOUNT, "12 digits"),
        jobs_packages=_packages(environ),
        job_module=_job_module(environ),
        jobs_enabled=_one_of(environ, "JOBS_ENABLED", "true", ("true", "false")) == "true",
        jobs_concurrency=_concurrency(environ),
        cors_allowed_origins=_origins(environ),
        trigger_backend=_one_of(environ, "TRIGGER_BACKEND", "auto", TRIGGER_BACKENDS),
        rules_limit=_positive(environ, "RULES_LIMIT", 300),
        log_level=_one_of(environ, "LOG_LEVEL", "INFO", _LOG_LEVELS),
        _retention_days=_days_by_status(environ),
        log_flush_s=_seconds(environ, "LOG_FLUSH_S", 3),
        log_max_lines=_positive(environ, "LOG_MAX_LINES", 10_000),
        log_max_line_bytes=_positive(environ, "LOG_MAX_LINE_BYTES", 16_384),
        log_max_bytes=_positive(environ, "LOG_MAX_BYTES", 5_000_000),
        database_tls_mode=_one_of(environ, "DATABASE_TLS_MODE", None, TLS_MODES),
        database_tls_root_cert=environ.get("DATABASE_TLS_ROOT_CERT") or None,
        database_secret_source=_one_of(environ, "DATABASE_SECRET_SOURCE", ENVIRONMENT, SECRET_SOURCES),
        database_secret_id=_optional(environ, "DATABASE_SECRET_ID", _SECRET_ID, "a secret's name or whole ARN"),
        database_resource_id=_optional(environ, "DATABASE_RESOURCE_ID", _RESOURCE_ID, "db-…, cluster-… or prx-…"),
        auth_secret_id=secret_id(environ, "AUTH_SECRET_ID", "AUTH_SIGNING_KEY", "AUTH_PREVIOUS_SIGNING_KEYS"),
        _smtp=tuple(sorted(item for item in environ.items() if item[0].startswith("SMTP_"))),
        _oidc=tuple(sorted(item for item in environ.items() if item[0].startswith("OIDC_"))),
        _database_url=environ.get("DATABASE_URL") or None,
        _auth_signing_key=environ.get("AUTH_SIGNING_KEY") or None,
        _auth_previous_signing_keys=environ.get("AUTH_PREVIOUS_SIGNING_KEYS") or None,
    )
    _check_tls(settings)
    _check_secret_source(settings)
    return settings


def secret_id(environ: Mapping[str, str], name: str, *variables: str) -> str | None:
    """The secret this setting names, None where it is not set. Raises SettingsError, also where one of these is set."""
    value = _optional(environ, name, _SECRET_ID, "a secret's name or whole ARN")
    for variable in variables:
        if value is not None and environ.get(variable):
            raise SettingsError(f"{variable} and {name} are both set, and only one can count: take {variable} away")
    return value


def _check_tls(settings: Settings) -> None:
    mode, path = settings.database_tls_mode, settings.database_tls_root_cert
    if mode in VERIFIED and path is None:
        raise SettingsError(
            f"DATABASE_TLS_MODE={mode!r} needs DATABASE_TLS_ROOT_CERT: set it to the file of certificates to trust, "
            "such as functions/rds-global-bundle.pem"
        )
    if path is not None and not path.startswith(("/", "functions/")):
        raise SettingsError(
            f"DATABASE_TLS_ROOT_CERT={path!r} is invalid: use a path that begins with functions/, which is in every "
            "package, or an absolute one"
        )


def _check_secret_source(settings: Settings) -> None:
    source, mode = settings.database_secret_source, settings.database_tls_mode
    if source == SECRETS_MANAGER:
        _required("DATABASE_SECRET_ID", settings.database_secret_id, "set it to the secret's name or whole ARN")
    if source == RDS_IAM:
        next_step = "set it to the id in the database's ARN for rds-db:connect, such as db-ABCDEFGHIJKL01234"
        _required("DATABASE_RESOURCE_ID", settings.database_resource_id, next_step)
        if mode is not None and mode not in _ENCRYPTED:
            raise SettingsError(
                f"DATABASE_TLS_MODE={mode!r} is invalid with DATABASE_SECRET_SOURCE='rds-iam': the token crosses the "
                f"network as it is; use one of {', '.join(_ENCRYPTED)}"
            )


def _required(name: str, value: str | None, next_step: str) -> str:
    if not value:
        raise SettingsError(f"{name} is not set: {next_step}")
    return value


def _long_enough(name: str, key: str) -> str:
    if len(key.encode()) < 32:
        raise SettingsError(f"{name} is too short: HS256 needs at least 32 bytes (RFC 7518 §3.2)")
    return key


def _matching(environ: Mapping[str, str], name: str, default: str, pattern: str, rule: str) -> str:
    value = environ.get(name) or default
    if not re.fullmatch(pattern, value):
        raise SettingsError(f"{name}={value!r} is invalid: use {rule}")
    return value


def _optional(environ: Mapping[str, str], name: str, pattern: str, rule: str) -> str | None:
    return _matching(environ, name, "", pattern, rule) if environ.get(name) else None


def _one_of(environ: Mapping[str, str], name: str, default: Default, choices: tuple[str, ...]) -> str | Default:
    value = environ.get(name)
    if not value:
        return default
    if value not in choices:
        raise SettingsError(f"{name}={value!r} is invalid: use one of {', '.join(choices)}")
    return value


def _positive(environ: Mapping[str, str], name: str, default: int) -> int:
    value = environ.get(name) or str(default)
    if not (value.isascii() and value.isdigit() and int(value) > 0):
        raise SettingsError(f"{name}={value!r} is invalid: use a whole number above 0")
    return int(value)


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    value = environ.get(name) or str(default)
    if not re.fullmatch(_DECIMAL, value) or float(value) == 0:
        raise SettingsError(f"{name}={value!r} is invalid: use a number of seconds above 0, such as 3 or 0.5")
    return float(value)


def _concurrency(environ: Mapping[str, str]) -> int | None:
    value = environ.get("JOBS_CONCURRENCY")
    if not value:
        return None
    low, high = CONCURRENCY
    if not _is_within(value, low, high):
        raise SettingsError(f"JOBS_CONCURRENCY={value!r} is invalid: use a whole number from {low} to {high:,}")
    return int(value)


def _has_password(url: str) -> bool:
    authority, _, query = url.partition("://")[2].partition("?")
    return ":" in authority.partition("/")[0].rpartition("@")[0] or not _PASSWORDS.isdisjoint(parse_qs(query))


def _packages(environ: Mapping[str, str]) -> tuple[str, ...]:
    value = environ.get("JOBS_PACKAGES") or "functions.jobs"
    packages = tuple(part.strip() for part in value.split(","))
    for package in packages:
        if not _is_dotted_name(package):
            raise SettingsError(f"JOBS_PACKAGES={value!r} is invalid: {package!r} is not a dotted package name")
    return packages


def _origins(environ: Mapping[str, str]) -> tuple[str, ...]:
    value = environ.get("CORS_ALLOWED_ORIGINS")
    if not value:
        return ()
    origins = tuple(part.strip() for part in value.split(","))
    for origin in origins:
        if not re.fullmatch(_ORIGIN, origin):
            raise SettingsError(
                f"CORS_ALLOWED_ORIGINS={value!r} is invalid: {origin!r} is no origin; use https://host or "
                "https://host:port as a browser sends it, in lower case, without '*' and without a path, with commas"
            )
    return origins


def _job_module(environ: Mapping[str, str]) -> str | None:
    value = environ.get("JOB_MODULE") or None
    if value is not None and not _is_dotted_name(value):
        rule = "use a dotted module name such as functions.jobs.retention"
        raise SettingsError(f"JOB_MODULE={value!r} is invalid: {rule}")
    return value


def _is_dotted_name(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def _days_by_status(environ: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    value = environ.get("RETENTION_DAYS") or str(_RETENTION_DAYS)
    default, by_status = _RETENTION_DAYS, {}
    for part in value.split(","):
        status, _, days = part.strip().rpartition("=")
        if status not in ("", *FINAL_STATUSES) or not _is_retention(days):
            low, high = _RETENTION_BOUNDS
            raise SettingsError(
                f"RETENTION_DAYS={value!r} is invalid: {part.strip()!r} is not {low} to {high} days; use a number for "
                f"all, then exceptions, such as 90,skipped=14, for {', '.join(FINAL_STATUSES)}"
            )
        if status:
            by_status[status] = int(days)
        else:
            default = int(days)
    return tuple((status, by_status.get(status, default)) for status in FINAL_STATUSES)


def _is_retention(days: str) -> bool:
    return _is_within(days, *_RETENTION_BOUNDS)


def _is_within(value: str, low: int, high: int) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= len(str(high)) and low <= int(value) <= high
