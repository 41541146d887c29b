"""A plan is CloudFormation's and the deployed function's word, and nothing is there afterwards that was not before."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from functions import naming
from infra import bucket, stacks
from infra.aws import connect
from infra.deploying import lock, plan_text
from infra.deploying.lock import DeployLocked, held
from infra.deploying.plan import DeployPlan, make_plan
from infra.deploying.up import up
from tests.integration.local.deploying.conftest import JOBS, Stage, plain_session
from tests.integration.local.deploying.projects import change


def plan_of(stage: Stage, tmp_path: Path, **changes: Any) -> DeployPlan:
    return make_plan(dataclasses.replace(stage.deployment, **changes), stage.way(), dist=tmp_path / "dist")


def all_stacks(stage: Stage) -> list[str]:
    found = stage.client("cloudformation").describe_stacks()["Stacks"]
    return sorted(each["StackName"] for each in found if stage.deployment.stage in each["StackName"])


def text_of(plan: DeployPlan) -> str:
    return "\n".join(text for text, _ in plan_text.lines_of(plan))


def test_a_first_plan_of_a_long_template_is_the_templates_word_and_says_so(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stacks, "LONGEST_BODY", 4_000)
    plan = plan_of(stage, tmp_path)
    notes = {each.name.removeprefix(naming.deployment(stage.deployment.stage)): each.note for each in plan.stacks}
    assert "without the bucket that `up` makes" in str(notes["-jobs-01"])
    assert all(each.action == "create" and each.resources for each in plan.stacks)
    assert plan.trigger_note.startswith("said by the definitions")
    assert [step["action"] for step in (plan.triggers or {})["steps"]] == ["create", "leave"]
    assert all_stacks(stage) == []
    assert not bucket.has_bucket(connect(stage.deployment, plain_session()).s3, stage.deployment)


def test_what_goes_is_said_and_long_templates_leave_nothing_in_the_bucket(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    up(stage.deployment, stage.way())
    aws = connect(stage.deployment, plain_session())
    before = (bucket.keys(aws.s3, stage.deployment), all_stacks(stage))
    monkeypatch.setattr(stacks, "LONGEST_BODY", 4_000)
    fewer, none = plan_of(stage, tmp_path, jobs=JOBS[:1]), plan_of(stage, tmp_path, jobs=())
    assert "jobs-01: removed Exportd46aeeFunction (AWS::Lambda::Function)" in fewer.destroyed[0]
    assert "- AWS::Lambda::Function            Exportd46aeeFunction" in text_of(fewer)
    assert [each.action for each in none.stacks if each.name.endswith("jobs-01")] == ["delete"]
    assert not list((tmp_path / "dist").glob("*jobs-01*"))
    assert (bucket.keys(aws.s3, stage.deployment), all_stacks(stage)) == before


def test_pending_migrations_and_triggers_are_the_deployed_functions_word(stage: Stage, tmp_path: Path) -> None:
    waiting = 'PENDING, LEFT = ["0098_then.after", "0099_more"], []'
    change(stage.deployment.project, "functions/operations.py", 'PENDING, LEFT = [], ["0002_tidy.after"]', waiting)
    change(stage.deployment.project, "functions/operations.py", '"pending": PENDING,\n', '"pending": [],\n')
    up(stage.deployment, stage.way())
    plan = plan_of(stage, tmp_path)
    assert (plan.migrations_before, plan.migrations_after) == (["0099_more"], ["0098_then.after"])
    assert plan.has_changes
    assert "+ 0098_then.after (after the code)" in text_of(plan)


def test_a_function_that_cannot_say_is_not_guessed_for(stage: Stage, tmp_path: Path) -> None:
    change(
        stage.deployment.project, "functions/operations.py", 'if name == "plan":', 'if name == "plan":\n        1 / 0'
    )
    up(stage.deployment, stage.way())
    plan = plan_of(stage, tmp_path)
    assert plan.triggers is None
    assert "not known, and neither are pending migrations: operation 'plan' failed" in plan.trigger_note


def test_no_plan_is_made_while_somebody_deploys(stage: Stage, tmp_path: Path) -> None:
    up(stage.deployment, stage.way())
    aws = connect(stage.deployment, plain_session())
    with held(aws, stage.deployment, command="scripts/deploy up"), pytest.raises(DeployLocked):
        plan_of(stage, tmp_path)
    assert lock.read(aws.s3, stage.deployment) is None
