"""A stage as pyproject.toml describes it, read into a Deployment: strictly, a typo would deploy something else."""

from __future__ import annotations

import re
import tomllib
from collections.abc import ItemsView, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args
from urllib.parse import parse_qs, urlsplit

from functions import registry
from functions.errors import JobsError
from functions.oidc_settings import oidc_from
from functions.settings import from_environment
from functions.smtp_settings import smtp_from
from infra.deployment import Architecture, Deployment, Target
from infra.local.loopback import require_loopback
from infra.options import options_from

_EXAMPLE = """
  [tool.lamplighter.stages.{stage}]
  account = "123456789012"
  region = "eu-central-1"

  [tool.lamplighter.stages.{stage}.settings]
  DATABASE_URL = "postgresql://app@db.example:5432/lamplighter"
  DATABASE_SECRET_SOURCE = "rds-iam"
  DATABASE_RESOURCE_ID = "db-ABCDEFGHIJKL01234"
  DATABASE_TLS_ROOT_CERT = "functions/rds-global-bundle.pem"
"""
_KEYS = ("account", "region", "python", "architecture", "log_retention_days", "settings", "options")
# Lambda, "Lambda runtimes": those whose Python this project supports.
_PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# PutRetentionPolicy, API reference.
_RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
_REGION = r"[a-z]{2}(-[a-z]+)+-\d"
# Said by the stage itself, or by the deployment.
_OTHERS_TO_SAY = ("STAGE", "ACCOUNT_ID", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PARTITION", "JOB_MODULE")
_SECRETS = ("AUTH_SIGNING_KEY", "AUTH_PREVIOUS_SIGNING_KEYS", "OIDC_CLIENT_SECRET", "SMTP_PASSWORD")


class StageInvalid(JobsError):
    """pyproject.toml does not describe the stage, or describes something that cannot be."""

    code = "stage_invalid"


def read_stage(
    file: Path, stage: str, *, project: Path, environ: Mapping[str, str], endpoint_url: str | None = None
) -> Deployment:
    """The deployment that `[tool.lamplighter.stages.<stage>]` of this file describes, with the jobs of this checkout.

    `environ` gives DATABASE_URL where the file has none; nothing else of it counts. With `endpoint_url` it is the AWS
    of this machine: packages are built for this machine, and `environ` gives the secrets too.
    Raises StageInvalid naming the key, or SettingsError naming the setting; NotLoopback for another endpoint.
    """
    if endpoint_url is not None:
        require_loopback(endpoint_url, what="--endpoint-url")
    table = _table(file, stage)
    where = f"[tool.lamplighter.stages.{stage}]"
    _refuse_unknown(table, _KEYS, where)
    given = _given(_of_type(table, "settings", dict, {}, where), f"[tool.lamplighter.stages.{stage}.settings]")
    _refuse_unread(given, where=f"[tool.lamplighter.stages.{stage}.settings]")
    from_environ = ("DATABASE_URL", *(_SECRETS if endpoint_url is not None else ()))
    region = _required(table, "region", _REGION, "a region such as 'eu-central-1'", where)
    settings = from_environment(
        {
            **{name: environ[name] for name in from_environ if environ.get(name)},
            **given,
            "STAGE": stage,
            "ACCOUNT_ID": _required(table, "account", r"\d{12}", "the account's 12 digits as text", where),
            "AWS_REGION": region,
            "AWS_PARTITION": _partition(region),
        }
    )
    return Deployment(
        settings=settings,
        jobs=tuple(job.definition for job in registry.collect(settings.jobs_packages)),
        project=project,
        cache=project / ".local" / "cache",
        target=_target(table, where) if endpoint_url is None else Target.host(),
        endpoint_url=endpoint_url,
        log_retention_days=_one_of(table, "log_retention_days", _RETENTIONS, 30, where),
        options=options_from(_of_type(table, "options", dict, {}, where)),
    )


def stages_in(file: Path) -> dict[str, Any]:
    """The stages this file describes, by name. Raises StageInvalid when it cannot be read."""
    try:
        content = tomllib.loads(file.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StageInvalid(f"{file} cannot be read: {error}") from None
    found = content.get("tool", {}).get("lamplighter", {}).get("stages", {})
    if not isinstance(found, dict):
        raise StageInvalid(f"tool.lamplighter.stages in {file} is {found!r}: use a table for each stage")
    return found


def _table(file: Path, stage: str) -> dict[str, Any]:
    if stage == "local":
        raise StageInvalid("stage 'local' is scripts/dev's own, on one machine: name the stage otherwise")
    stages = stages_in(file)
    if stage in stages and isinstance(stages[stage], dict):
        return dict(stages[stage])
    if stages:
        raise StageInvalid(f"there is no stage {stage!r}: use one of {', '.join(stages)}, or describe it in {file}")
    raise StageInvalid(f"{file} describes no stage yet. Write, with your own values:\n{_EXAMPLE.format(stage=stage)}")


def _given(table: Mapping[str, Any], where: str) -> dict[str, str]:
    """The settings as variables. Raises for what is a secret, or said elsewhere."""
    for name in table:
        if name in _OTHERS_TO_SAY:
            raise StageInvalid(f"{name} in {where} is not yours to set: the stage's name, account and region say it")
        if name in _SECRETS:
            raise StageInvalid(
                f"{name} in {where} is a secret, and this file is in version control: take it out, and see "
                "docs/deploy.md, 'Secrets'"
            )
    values = {name: _text(name, value, where) for name, value in table.items()}
    if _has_password(values.get("DATABASE_URL", "")):
        raise StageInvalid(
            f"DATABASE_URL in {where} holds a password, and this file is in version control: take it out, and set "
            "DATABASE_SECRET_SOURCE (docs/deploy.md, 'Secrets')"
        )
    return values


def _text(name: str, value: Any, where: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise StageInvalid(f"{name}={value!r} in {where} is invalid: use text, a number, or true or false")


def _has_password(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.password is not None or "password" in parse_qs(parts.query)
    except ValueError:
        return "@" in url


class _Recording(Mapping[str, str]):
    """The settings' own reader tells which names there are, so that no second list of them can be out of date."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self._values[name]

    def items(self) -> ItemsView[str, str]:
        """All of them, unasked."""
        return self._values.items()

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def _refuse_unread(given: Mapping[str, str], *, where: str) -> None:
    recording = _Recording(given)
    from_environment(recording)
    smtp_from(recording)
    oidc_from(recording)
    known = {name for name in recording.asked if not name.startswith("AWS_")} - set(_OTHERS_TO_SAY) - set(_SECRETS)
    for name in given:
        if name not in recording.asked:
            reason = "is no setting, or says nothing without others"
            raise StageInvalid(f"{name} in {where} {reason}: use those of docs/settings.md: {', '.join(sorted(known))}")


def _refuse_unknown(table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for name in table:
        if name not in known:
            hint = " (settings go into the table .settings below it)" if name.isupper() else ""
            raise StageInvalid(f"{name!r} in {where} is unknown: use {', '.join(known)}{hint}")


def _required(table: Mapping[str, Any], name: str, pattern: str, rule: str, where: str) -> str:
    value = table.get(name)
    if not (isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII)):
        said = "is missing from" if value is None else f"= {value!r} is invalid in"
        raise StageInvalid(f"{name} {said} {where}: use {rule}")
    return value


def _of_type(table: Mapping[str, Any], name: str, kind: type, default: Any, where: str) -> Any:
    value = table.get(name, default)
    if not isinstance(value, kind):
        raise StageInvalid(f"{name} = {value!r} is invalid in {where}: use a table")
    return value


def _one_of(table: Mapping[str, Any], name: str, choices: tuple[Any, ...], default: Any, where: str) -> Any:
    value = table.get(name, default)
    if value not in choices or isinstance(value, bool):
        raise StageInvalid(f"{name} = {value!r} is invalid in {where}: use one of {', '.join(map(str, choices))}")
    return value


def _target(table: Mapping[str, Any], where: str) -> Target:
    python = _one_of(table, "python", _PYTHONS, Target.python, where)
    architecture = _one_of(table, "architecture", get_args(Architecture), Target.architecture, where)
    return Target(python=python, architecture=architecture)


def _partition(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
