"""`scripts/permissions` prints what a stage needs: from the file that describes it, or by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.deployer_policy import deployer_policies
from infra.permissions_command import main
from infra.planner_policy import planner_policies
from tests.iam import stage
from tests.iam.stage import ACCOUNT, REGION
from tests.unit.infra.variants import KEY

BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/lamplighter"
STAGE = f"""
[tool.lamplighter.stages.dev]
account = "{ACCOUNT}"
region = "{REGION}"
[tool.lamplighter.stages.dev.settings]
DATABASE_URL = "postgresql://app@db.example:5432/jobs"
DATABASE_SECRET_SOURCE = "rds-iam"
DATABASE_RESOURCE_ID = "db-ABC1"
DATABASE_TLS_MODE = "verify-full"
DATABASE_TLS_ROOT_CERT = "/opt/bundle.pem"
[tool.lamplighter.stages.dev.options]
kms_key_arn = "{KEY}"
permissions_boundary_arn = "{BOUNDARY}"
vpc = {{ subnet_ids = ["subnet-0aaaaaaaaaaaaaaa1"], vpc_id = "vpc-0aaaaaaaaaaaaaaa3" }}
"""


def test_the_command_writes_each_policy_to_a_file_that_is_named_after_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--stage", "dev", "--region", REGION, "--account", ACCOUNT, "--boundary", BOUNDARY]
    assert main(asked) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == deployer_policies(stage.deployment(), boundary=BOUNDARY)
    assert main([*asked, "--out", str(tmp_path / "policies")]) == 0
    assert {path.stem: json.loads(path.read_text()) for path in (tmp_path / "policies").iterdir()} == printed


def test_a_stage_that_a_file_describes_brings_its_options_and_its_boundary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(STAGE)
    asked = ["--stage", "dev", "--file", str(file)]
    assert main(asked) == 0
    described = deployer_policies(stage.deployment(), boundary=BOUNDARY, uses=["kms", "vpc"])
    assert json.loads(capsys.readouterr().out) == described
    assert main([*asked, "--uses", "waf", "--boundary", f"{BOUNDARY}-2"]) == 0
    beside = deployer_policies(stage.deployment(), boundary=f"{BOUNDARY}-2", uses=["kms", "vpc", "waf"])
    assert json.loads(capsys.readouterr().out) == beside
    assert main([*asked, "--plan-only"]) == 0
    assert json.loads(capsys.readouterr().out) == planner_policies(stage.deployment(), uses=["vpc"])


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--stage", "Prod", "STAGE='Prod' is invalid"),
        ("--account", "1234", "ACCOUNT_ID='1234' is invalid"),
        ("--boundary", "lamplighter", "--boundary='lamplighter' is invalid: use a policy's ARN"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    option: str, value: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = {"--stage": "dev", "--region": REGION, "--account": ACCOUNT, option: value}
    assert main([word for pair in asked.items() for word in pair]) == 2
    assert message in capsys.readouterr().err


def test_half_a_place_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stage", "dev", "--account", ACCOUNT]) == 2
    assert "--region is missing: give both, or neither" in capsys.readouterr().err
