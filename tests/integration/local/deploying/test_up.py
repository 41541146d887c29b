"""A version is put up, put back and noted down; whatever interrupts that, the next `up` comes to the same end."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions import naming
from functions.definition import JobDefinition
from infra import bucket, release, stacks
from infra.aws import connect
from infra.deploying import smoke, versions
from infra.deploying.approval import NotApproved
from infra.deploying.up import RollbackRefused, rollback, up
from tests.integration.local.deploying.conftest import JOBS, Stage, plain_session
from tests.integration.local.deploying.projects import change

MakeStage = Callable[..., Stage]


def state_of(stage: Stage) -> dict[str, Any]:
    """Everything a deploy leaves, without what differs from one to the next."""
    aws = connect(stage.deployment, plain_session())
    name = stage.deployment.stage
    living = stacks.living_stacks(aws.cloudformation)
    ours = {each: status for each, status in living.items() if each.startswith(naming.deployment(name))}
    found = versions.read(aws.s3, stage.deployment)
    functions = {
        each["FunctionName"]: each["CodeSha256"]
        for each in aws.functions.list_functions()["Functions"]
        if each["FunctionName"].startswith(naming.deployment(name))
    }
    state = {
        "stacks": sorted(ours),
        "jobs": release.deployed_jobs(aws, name, living),
        "functions": functions,
        "bucket": sorted(map(_without_hash_of_template, bucket.keys(aws.s3, stage.deployment))),
        "versions": [(each.number, each.state, each.packages) for each in found],
    }
    return json.loads(json.dumps(state).replace(name, "STAGE"))  # type: ignore[no-any-return]


def _without_hash_of_template(key: str) -> str:
    # The stage's name is in the template.
    return re.sub(r"(templates/.*)-[0-9a-f]{64}", r"\1", key)


def code_of(stage: Stage) -> dict[str, str]:
    return state_of(stage)["functions"]  # type: ignore[no-any-return]


def change_code(stage: Stage, text: str) -> None:
    (stage.deployment.project / "functions/jobs/cleanup.py").write_text(text)


def test_up_puts_a_version_up_in_this_order_and_notes_it_down(stage: Stage) -> None:
    version = up(stage.deployment, stage.way())
    assert stage.steps == [
        "package", "upload", "change sets", "shared stack", "migrate", "API and job stacks", "reconcile", "migrate",
        "smoke check", "tidy the bucket",
    ]  # fmt: skip
    assert (version.number, version.state, version.restores) == (1, "finished", None)
    assert "assumed-role" in version.who or ":" in version.who
    state = state_of(stage)
    assert [number for number, *_ in state["versions"]] == [1]
    assert "deploys/lock.json" not in state["bucket"]


def test_up_again_makes_no_new_version(stage: Stage) -> None:
    up(stage.deployment, stage.way())
    before = state_of(stage)
    assert up(stage.deployment, stage.way()).number == 1
    assert state_of(stage) == before


class Broken(BaseException):
    """What ends a process in the middle, in a test that goes on."""


class Breaker:
    """Ends a deploy at the first call that writes and was not broken before: in front of it, or its answer is lost."""

    def __init__(self) -> None:
        self.broken: list[str] = []
        self.is_armed = False
        self.session = plain_session()
        self.session.events.register("before-call.*.*", self._before)
        self.session.events.register("after-call.*.*", self._after)
        self._stack = ""

    def _before(self, model: Any, params: Any, context: Any, **_: Any) -> None:
        context["call"] = f"{model.name} {params['url_path']} {self._of_note(params['body'])}"
        self._break(model.name, context["call"], is_lost=False)

    def _after(self, model: Any, context: Any, **_: Any) -> None:
        self._break(model.name, context["call"], is_lost=True)

    def _break(self, operation: str, call: str, *, is_lost: bool) -> None:
        turn = len(self.broken) % 2 == 0
        if self.is_armed and turn == is_lost and call not in self.broken and not operation.startswith(_READS):
            self.is_armed = False
            self.broken.append(call)
            raise Broken

    def _of_note(self, body: Any) -> str:
        """Of a request's body, what tells it from others, and not from itself in the next deploy."""
        if isinstance(body, dict):
            self._stack = body.get("StackName", self._stack)
            return self._stack
        return str(body) if isinstance(body, bytes) and len(body) < 100 else ""


_READS = ("Get", "List", "Describe", "Head")


def test_wherever_a_deploy_is_interrupted_the_next_ones_come_to_the_same_end(make_stage: MakeStage) -> None:
    whole, broken, breaker = make_stage(jobs=JOBS[:1]), make_stage(jobs=JOBS[:1]), Breaker()
    up(whole.deployment, whole.way())
    broken.session = breaker.session
    while True:
        breaker.is_armed = True
        try:
            up(broken.deployment, broken.way(is_to_break_lock=True, is_approved=True))
            break
        except Broken:
            assert len(breaker.broken) < 60
    assert {call.split()[0] for call in breaker.broken} == {
        "CreateBucket", "PutObject", "CreateChangeSet", "ExecuteChangeSet", "DeleteChangeSet", "DeleteStack", "Invoke",
        "DeleteObjects",
    }  # fmt: skip
    assert len(breaker.broken) > 15
    assert state_of(broken) == state_of(whole)


def test_what_takes_functions_away_is_approved_first_or_nothing_changes(stage: Stage) -> None:
    up(stage.deployment, stage.way())
    before = state_of(stage)
    fewer = dataclasses.replace(stage.deployment, jobs=JOBS[:1])
    with pytest.raises(NotApproved, match=r"jobs-01: removed Export\w+Function (?s:.*)\ngive --yes"):
        up(fewer, stage.way())
    after = state_of(stage)
    assert {name: after[name] for name in ("stacks", "jobs", "functions", "versions")} == {
        name: before[name] for name in ("stacks", "jobs", "functions", "versions")
    }
    assert up(fewer, stage.way(is_approved=True)).number == 2
    assert state_of(stage)["jobs"] == {"1": ["cleanup"]}


def test_what_does_not_work_is_said_and_is_not_a_version_to_go_back_to(stage: Stage) -> None:
    up(stage.deployment, stage.way())
    good = code_of(stage)
    change(stage.deployment.project, "functions/handler.py", "return", "raise ValueError('no package xyz') #")
    with pytest.raises(smoke.SmokeFailed, match=r"(?s)job cleanup: .*no package xyz.*job export.*rollback --stage"):
        up(stage.deployment, stage.way())
    assert [(number, state) for number, state, _ in state_of(stage)["versions"]] == [(2, "unhealthy"), (1, "finished")]
    assert rollback(stage.deployment, stage.way(), to=None).restores == 1
    assert code_of(stage) == good
    with pytest.raises(RollbackRefused, match="no good version before version 1: good ones are 3, 1"):
        rollback(stage.deployment, stage.way(), to=None)


def test_a_rollback_puts_code_and_jobs_back_and_migrates_nothing(stage: Stage) -> None:
    up(stage.deployment, stage.way())
    first = state_of(stage)
    change_code(stage, "CLEANED = 'more'\n")
    more = dataclasses.replace(stage.deployment, jobs=(*JOBS, JobDefinition(id="third")))
    up(more, stage.way())
    stage.steps.clear()
    version = rollback(more, stage.way(is_approved=True), to=1)
    assert "migrate" not in stage.steps
    assert "reconcile" in stage.steps
    assert (version.number, version.restores) == (3, 1)
    now = state_of(stage)
    assert (now["functions"], now["jobs"]) == (first["functions"], first["jobs"])


@pytest.fixture
def two_versions(stage: Stage) -> Iterator[Stage]:
    up(stage.deployment, stage.way())
    change_code(stage, "CLEANED = 'twice'\n")
    up(stage.deployment, stage.way())
    return stage  # type: ignore[return-value]


def rewrite(stage: Stage, edit: Callable[[list[Any]], None]) -> None:
    s3, where = stage.client("s3"), {"Bucket": stage.deployment.bucket, "Key": versions.KEY}
    found = json.loads(s3.get_object(**where)["Body"].read())
    edit(found)
    s3.put_object(**where, Body=json.dumps(found).encode())


def test_code_that_uses_what_a_migration_took_away_is_not_put_back(two_versions: Stage) -> None:
    rewrite(two_versions, lambda found: found[0]["migrations"].append("0099_tidy.after"))
    with pytest.raises(RollbackRefused, match=r"version 1 still uses what 0099_tidy.after took away"):
        rollback(two_versions.deployment, two_versions.way(), to=None)


def test_a_version_that_is_not_there_any_more_is_not_put_back(two_versions: Stage) -> None:
    before = code_of(two_versions)
    with pytest.raises(RollbackRefused, match="no good version with the number 7: good ones are 2, 1"):
        rollback(two_versions.deployment, two_versions.way(), to=7)
    aws = connect(two_versions.deployment, plain_session())
    gone = versions.read(aws.s3, two_versions.deployment)[1].packages[0]
    bucket.delete(aws.s3, two_versions.deployment, [gone])
    with pytest.raises(RollbackRefused, match=f"version 1 cannot be put back: {gone} is not in bucket"):
        rollback(two_versions.deployment, two_versions.way(), to=None)
    assert code_of(two_versions) == before


def test_only_what_the_last_versions_need_is_kept(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "KEPT", 2)
    for number in range(3):
        change_code(stage, f"CLEANED = {number}\n")
        up(stage.deployment, stage.way())
    aws = connect(stage.deployment, plain_session())
    known = versions.read(aws.s3, stage.deployment)
    assert [version.number for version in known] == [3, 2]
    assert bucket.keys(aws.s3, stage.deployment) == sorted({versions.KEY}.union(*(each.keys for each in known)))
