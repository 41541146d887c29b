"""docs/deploy.md and the workflow beside it show command lines that there are, and every command."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator

import pytest
import yaml

from infra import migrate_command
from infra.deploying import command
from tests.conftest import PROJECT

PAGE = (PROJECT / "docs/deploy.md").read_text()
WORKFLOW = (PROJECT / "docs/examples/deploy.yml").read_text()
COMMANDS = {"plan", "up", "down", "status", "doctor", "rollback", "administrator"}


def command_lines(text: str) -> Iterator[list[str]]:
    for line in re.findall(r"scripts/deploy ((?:plan|up|down|status|doctor|rollback|administrator) [^\n`]*)", text):
        yield shlex.split(line.replace('"$STAGE"', "prod").split("|")[0].split(", ")[0], comments=True)


@pytest.mark.parametrize("text", [PAGE, WORKFLOW], ids=["page", "workflow"])
def test_every_command_line_shown_is_one(text: str) -> None:
    shown = list(command_lines(text))
    for line in shown:
        assert command._parse(line).stage == "prod"
    assert {line[0] for line in shown} == (COMMANDS if text is PAGE else {"plan", "up", "status", "doctor"})


def test_the_migrate_options_shown_are_its_own() -> None:
    assert migrate_command._parse(["--stage", "prod", "--plan", "--before"]).before
    assert all(f"`{option}`" in PAGE for option in ("--plan", "--before"))


def test_the_stage_shown_is_one() -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    stage = tomllib.loads(re.sub(r"(?m)^   ", "", shown))["tool"]["lamplighter"]["stages"]["prod"]
    assert set(stage) == {
        "account", "region", "python", "architecture", "log_retention_days", "settings", "options",
    }  # fmt: skip


def test_the_workflow_has_no_key_plans_on_a_pull_request_and_goes_up_on_main_alone() -> None:
    read = yaml.safe_load(WORKFLOW)  # type: ignore[no-untyped-call]
    assert read[True] == {"pull_request": None, "push": {"branches": ["main"]}}  # YAML 1.1 reads `on` as true
    plan, up = read["jobs"]["plan"], read["jobs"]["up"]
    assert "pull_request" in plan["if"]
    assert up["if"] == "github.event_name == 'push'"
    assert up["concurrency"]["cancel-in-progress"] is False
    assert all(job["permissions"] == {"contents": "read", "id-token": "write"} for job in (plan, up))
    assert "secrets." not in WORKFLOW
    assert "AWS_SECRET" not in WORKFLOW
    assert not [line for line in command_lines(str(plan)) if line[0] == "up"]
