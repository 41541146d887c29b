"""`scripts/deploy` as it is called: what it prints, its JSON and exit codes; it never shows a secret."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from functions import naming
from infra.deploying import command
from infra.local.moto_server import ACCOUNT_ID
from tests.conftest import PROJECT
from tests.integration.local.account import REGION, Gate
from tests.integration.local.deploying.conftest import Stage
from tests.integration.local.deploying.projects import change

Run = Callable[..., int]
SECRETS = {"DATABASE_URL": "postgresql://app:hunter2@127.0.0.1:5432/jobs", "AUTH_SIGNING_KEY": "hunter2" * 6}


@pytest.fixture
def run(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command of scripts/deploy on the stage; the exit code."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    name, file = stage.deployment.stage, tmp_path / "stages.toml"
    file.write_text(
        f'[tool.lamplighter.stages.{name}]\naccount = "{ACCOUNT_ID}"\nregion = "{REGION}"\n'
        f'[tool.lamplighter.stages.{name}.settings]\nJOBS_PACKAGES = "functions.demo_jobs"\n'
    )
    common = ["--stage", name, "--file", str(file), "--endpoint-url", str(stage.deployment.endpoint_url)]
    common += ["--project", str(stage.deployment.project)]

    def run_command(what: str, *more: str) -> int:
        return command.main([what, *common, *more])

    run_command.common = common  # type: ignore[attr-defined]
    return run_command


@pytest.fixture
def json_of(run: Run, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """The JSON a command prints."""

    def read(*arguments: str) -> Any:
        capsys.readouterr()
        run(*arguments, "--json")
        printed = capsys.readouterr().out
        assert printed.startswith("{"), printed
        return json.loads(printed)

    return read


def test_from_nothing_to_a_first_version_and_back_to_nothing(
    run: Run, json_of: Callable[..., Any], stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, dist = stage.deployment.stage, tmp_path / "dist"
    assert run("status") == 0
    assert f"stage {name}: nothing is deployed" in capsys.readouterr().out

    assert run("plan", "--dist", str(dist), "--detailed-exitcode") == 2
    printed = capsys.readouterr()
    assert f"  + lamplighter-{name}: create" in printed.out
    assert "      + AWS::Lambda::Function            OperationsFunction" in printed.out
    assert "  + 0001_first_tables" in printed.out
    assert "  + create  rule      demo-heartbeat" in printed.out
    assert "3 of 3 stacks change" in printed.out
    assert stage.client("s3").list_buckets()["Buckets"] == []
    assert not ours(stage)
    templates = {file.name: file.read_text() for file in (dist / name).iterdir()}
    assert set(templates) == {f"lamplighter-{name}{end}.json" for end in ("", "-api", "-jobs-01")}
    assert "hunter2" not in "".join([*templates.values(), *printed])

    assert run("up") == 0
    printed = capsys.readouterr()
    assert f"stage {name}: version 1 is up" in printed.out
    assert "hunter2" not in "".join(printed)

    plan = json_of("plan", "--dist", str(dist))
    assert "has_changes" in plan, plan
    assert (plan["has_changes"], [each["action"] for each in plan["stacks"]]) == (False, ["none"] * 3)
    status = json_of("status")
    assert (status["version"], status["functions"], status["drift"], status["lock"]) == (1, 3, [], None)
    findings = json_of("doctor")
    assert findings["worst"] != "fail", findings
    assert {each["subject"] for each in findings["findings"]} >= {
        "credentials", "stage", "rules", "Lambda", "bucket", "stacks", "database from Lambda", "clocks", "rights",
        "migrations", "drift",
    }  # fmt: skip

    assert run("down", "--confirm", "another") == 1
    assert "'another' is not this stage's name" in capsys.readouterr().err
    assert len(ours(stage)) == 3
    assert run("down", "--confirm", name) == 0
    assert not ours(stage)
    assert stage.client("s3").list_buckets()["Buckets"] == []


def test_an_administrator_needs_a_stage_that_is_up_a_name_and_a_good_password(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("administrator", "ada", "--generate") == 1
    assert "put the stage up first, scripts/deploy up --stage" in capsys.readouterr().err
    assert run("administrator", " ", "--generate") == 2
    assert "user name ' ' is invalid" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", io.StringIO("short\n"))
    assert run("administrator", "ada", "--password-stdin") == 2
    assert "short" not in "".join(capsys.readouterr())


def ours(stage: Stage) -> list[str]:
    found = stage.client("cloudformation").describe_stacks()["Stacks"]
    return [
        each["StackName"] for each in found if each["StackName"].startswith(naming.deployment(stage.deployment.stage))
    ]


def test_a_plan_of_new_code_asks_cloudformation_and_leaves_nothing_behind(
    run: Run, json_of: Callable[..., Any], stage: Stage, tmp_path: Path
) -> None:
    assert run("up") == 0
    before = stage.client("s3").list_objects_v2(Bucket=stage.deployment.bucket)["Contents"]
    project = stage.deployment.project
    change(project, "functions/jobs/cleanup.py", "True", "False")
    plan = json_of("plan", "--dist", str(tmp_path / "dist"))
    assert plan["has_changes"]
    assert {each["name"]: each["action"] for each in plan["stacks"]} == {
        f"lamplighter-{stage.deployment.stage}{end}": "update" for end in ("", "-jobs-01", "-api")
    }
    assert plan["trigger_note"] == "said by the operations function"
    assert stage.client("s3").list_objects_v2(Bucket=stage.deployment.bucket)["Contents"] == before


def test_somebody_elses_changes_are_drift_and_put_right(run: Run, json_of: Callable[..., Any], stage: Stage) -> None:
    assert run("up") == 0
    functions, name = stage.client("lambda"), stage.deployment.stage
    api = naming.api_function(name)
    key = next(
        each["Key"]
        for each in stage.client("s3").list_objects_v2(Bucket=stage.deployment.bucket)["Contents"]
        if each["Key"].startswith("functions/")
    )
    functions.update_function_code(FunctionName=api, S3Bucket=stage.deployment.bucket, S3Key=key)
    assert json_of("status")["drift"] == [f"function {api} runs other code than version 1"]
    findings = json_of("doctor")["findings"]
    assert [each["level"] for each in findings if each["subject"] == "drift"] == ["warn"]


def test_what_is_wrong_is_said_with_a_code_and_an_exit_code(
    run: Run, stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = ["--stage", "prod", "--endpoint-url", str(stage.deployment.endpoint_url)]
    assert command.main(["plan", *missing, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["code"] == "stage_invalid"
    assert run("rollback") == 1
    assert "has no version yet: scripts/deploy up --stage" in capsys.readouterr().err
    assert run("down") == 1
    printed = capsys.readouterr().err
    assert "It keeps:" in printed
    assert f"give --confirm {stage.deployment.stage}; nothing was changed" in printed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_deploy_that_is_ended_gives_the_lock_back_and_says_how_to_go_on(
    run: Run, stage: Stage, gate: Gate, number: signal.Signals
) -> None:
    wait = f"import socket\n    gate = socket.create_connection(('127.0.0.1', {gate.event['gate']}))\n"
    wait += "    gate.sendall(b'1')\n    gate.recv(1)\n"
    change(stage.deployment.project, "functions/operations.py", 'name = event["operation"]\n', f"{wait}    name = ''\n")
    command_line = [sys.executable, "-m", "infra.deploying.command", "up", *run.common]  # type: ignore[attr-defined]
    with subprocess.Popen(command_line, cwd=PROJECT, stderr=subprocess.PIPE, text=True) as deploying:
        try:
            gate.arrival()  # the migration is under way
            deploying.send_signal(number)
            _, said = deploying.communicate(timeout=30)
        finally:
            deploying.kill()
    assert deploying.returncode == 130, said
    assert f"Run `scripts/deploy up --stage {stage.deployment.stage}` again" in said
    keys = [each["Key"] for each in stage.client("s3").list_objects_v2(Bucket=stage.deployment.bucket)["Contents"]]
    assert "deploys/lock.json" not in keys
    assert "deploys/versions.json" in keys
