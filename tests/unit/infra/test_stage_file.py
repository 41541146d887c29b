"""A stage is read from pyproject.toml strictly: what is wrong is named, with the rule and the next step."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from functions.errors import JobsError
from infra.deployment import Deployment, Target
from infra.local.loopback import NotLoopback
from infra.stage_file import StageInvalid, read_stage
from tests.conftest import PROJECT

_STAGE = '[tool.lamplighter.stages.prod]\naccount = "123456789012"\nregion = "eu-central-1"\n'
_SETTINGS = f'{_STAGE}[tool.lamplighter.stages.prod.settings]\nDATABASE_URL = "postgresql://app@db.example/jobs"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pyproject.toml"


def read(file: Path, text: str, stage: str = "prod", endpoint_url: str | None = None, **environ: str) -> Deployment:
    file.write_text(text)
    return read_stage(file, stage, project=PROJECT, environ=environ, endpoint_url=endpoint_url)


def test_a_stage_says_where_it_goes_and_what_its_functions_are_told(file: Path) -> None:
    found = read(
        file,
        '[tool.lamplighter.stages.prod]\naccount = "123456789012"\nregion = "cn-north-1"\npython = "3.12"\n'
        'architecture = "x86_64"\nlog_retention_days = 14\n[tool.lamplighter.stages.prod.settings]\n'
        'DATABASE_URL = "postgresql://app@db.example/jobs"\nJOBS_ENABLED = false\nRULES_LIMIT = 250\n'
        'LOG_FLUSH_S = 2\n',
        AUTH_SIGNING_KEY="x" * 32, LOG_LEVEL="DEBUG", ACCOUNT_ID="999999999999",  # not the file's, so not the stage's
    )  # fmt: skip
    settings = found.settings
    assert (settings.stage, settings.account_id, settings.region, settings.partition) == (
        "prod", "123456789012", "cn-north-1", "aws-cn",
    )  # fmt: skip
    assert (settings.jobs_enabled, settings.rules_limit, settings.log_flush_s) == (False, 250, 2)
    assert settings.plain_secrets == ()
    assert settings.log_level == "INFO"
    assert (found.target, found.log_retention_days) == (Target(python="3.12", architecture="x86_64"), 14)
    assert "expired-refresh-token-cleanup" in {job.id for job in found.jobs}


def test_on_this_machine_packages_are_for_this_machine_and_nowhere_else(file: Path) -> None:
    local = read(file, _STAGE, endpoint_url="http://127.0.0.1:4566", AUTH_SIGNING_KEY="x" * 32)
    assert (local.target, local.settings.auth_signing_key) == (Target.host(), "x" * 32)
    with pytest.raises(NotLoopback, match=r"--endpoint-url leads to sts.example.com"):
        read(file, _STAGE, endpoint_url="http://sts.example.com")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"describes no stage yet. Write, with your own values:\n\n  \[tool.lamplighter.stages.prod\]\n  account"),
        (_STAGE.replace("prod", "test"), "there is no stage 'prod': use one of test, or describe it"),
        ("[tool.lamplighter]\nstages = 1\n", "stages in .* is 1: use a table for each stage"),
        ("[[", "cannot be read"),
        (f"{_STAGE}colour = 1\n", "'colour' in .*prod.* is unknown: use account, region"),
        (f"{_STAGE}LOG_LEVEL = 'INFO'\n", r"'LOG_LEVEL' .* \(settings go into the table .settings below it\)"),
        (_STAGE.replace('"123456789012"', "123456789012"), "account = 123456789012 is invalid .* 12 digits as text"),
        (_STAGE.replace("eu-central-1", "Frankfurt"), "region = 'Frankfurt' is invalid .* such as 'eu-central-1'"),
        (_STAGE.splitlines()[0], "region is missing from"),
        (f"{_STAGE}python = 3.13\n", "python = 3.13 is invalid .* use one of 3.11, 3.12, 3.13, 3.14"),
        (f"{_STAGE}architecture = 'arm'\n", "architecture = 'arm' is invalid .* use one of x86_64, arm64"),
        (f"{_STAGE}log_retention_days = 31\n", "log_retention_days = 31 is invalid"),
        (f"{_STAGE}log_retention_days = true\n", "log_retention_days = True is invalid"),
        (f"{_STAGE}settings = 1\n", "settings = 1 is invalid .* use a table"),
        (f"{_SETTINGS}LOG_LEVLE = 'INFO'\n", "LOG_LEVLE in .* is no setting.*: use .*LOG_LEVEL"),
        (f"{_SETTINGS}SMTP_FROM = 'a@b.example'\n", "SMTP_FROM in .* says nothing without others"),
        (f"{_SETTINGS}STAGE = 'prod'\n", "STAGE in .* is not yours to set"),
        (f"{_SETTINGS}LOG_LEVEL = ['INFO']\n", r"LOG_LEVEL=\['INFO'\] .* use text, a number, or true or false"),
        (f"{_SETTINGS}LOG_LEVEL = 'LOUD'\n", "LOG_LEVEL='LOUD' is invalid"),
        (f"{_STAGE}[tool.lamplighter.stages.prod.options]\nspeed = 1\n", "option speed is unknown"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_the_rule(file: Path, text: str, message: str) -> None:
    with pytest.raises(JobsError, match=re.compile(message, re.DOTALL)):
        read(file, text)


@pytest.mark.parametrize(
    "line",
    [
        "AUTH_SIGNING_KEY = 'hunter2hunter2hunter2hunter2hunter2'",
        "SMTP_PASSWORD = 'hunter2'",
        "DATABASE_URL = 'postgresql://app:hunter2@db.example/jobs'",
        "DATABASE_URL = 'postgresql://db.example/jobs?user=app&password=hunter2'",
    ],
)
def test_a_secret_is_refused_and_not_shown(file: Path, line: str) -> None:
    with pytest.raises(StageInvalid, match="version control: take it out") as caught:
        read(file, f"{_STAGE}[tool.lamplighter.stages.prod.settings]\n{line}\n")
    assert "hunter2" not in str(caught.value)


def test_the_one_machine_editions_name_is_taken(file: Path) -> None:
    with pytest.raises(StageInvalid, match="stage 'local' is scripts/dev's own"):
        read(file, _STAGE.replace("prod", "local"), "local")
