"""`scripts/deploy plan`: what `up` would do, as CloudFormation and the operations function say; changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from troposphere import Template

from functions import naming
from functions.db.schema import goes_after, packaged_migrations
from functions.scheduling.plan import Plan as TriggerPlan
from functions.scheduling.plan import Step
from functions.scheduling.wanted import WantedTrigger, wanted_of_definitions
from infra import deploy, release, stacks
from infra.aws import connect
from infra.bucket import delete, has_bucket, template_url, upload
from infra.deploying import approval, lock, versions
from infra.deploying.up import Way
from infra.deployment import Deployment
from infra.operations import OperationFailed, run_operation
from infra.run import Run
from infra.stacks import ChangeSet
from infra.templates import all_templates, template_text, write_templates

# Of a change to a resource, what is shown: never a value.
_SHOWN = ("Action", "LogicalResourceId", "ResourceType", "Replacement")


@dataclass(frozen=True, kw_only=True)
class StackPlan:
    """What becomes of a stack. `action`: create, update, delete or none; `note`: where this is not CloudFormation's."""

    name: str
    action: str
    resources: Sequence[Mapping[str, Any]] = ()
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class DeployPlan:
    """Everything `up` would do. `triggers` is None where it cannot be known yet; `trigger_note` says who says so."""

    stage: str
    account: str
    region: str
    version: int | None
    stacks: Sequence[StackPlan]
    destroyed: Sequence[str]
    migrations_before: Sequence[str]
    migrations_after: Sequence[str]
    triggers: Mapping[str, Any] | None
    trigger_lines: Sequence[str]
    trigger_note: str
    templates: str

    @property
    def has_changes(self) -> bool:
        """Whether `up` would change anything."""
        steps = (self.triggers or {}).get("steps", [])
        return (
            any(stack.action != "none" for stack in self.stacks)
            or bool(self.migrations_before or self.migrations_after)
            or any(step["action"] not in ("record", "leave") for step in steps)
        )

    def to_json(self) -> dict[str, Any]:
        """It as JSON values."""
        return {**asdict(self), "has_changes": self.has_changes}


def make_plan(deployment: Deployment, way: Way, *, dist: Path) -> DeployPlan:
    """The plan; the templates are written to `dist` to be read.

    CloudFormation is asked by change sets that are deleted again, with the empty stacks they came with. Raises
    DeployLocked while somebody deploys: their stacks are no safe ground to ask on.
    """
    secrets = deploy.check(deployment)
    run = Run(deployment, connect(deployment, way.session), way.report, way.progress, way.begins)
    lock.refuse_if_held(run.aws.s3, deployment, now=datetime.now(UTC))
    packages = deploy.package(run)
    living = stacks.living_stacks(run.aws.cloudformation)
    deployed = release.deployed_jobs(run.aws, deployment.stage, living)
    templates = all_templates(deployment, packages, deployed=deployed)
    emptied = release.emptied(deployment.stage, deployed, templates)
    write_templates(dist, templates)
    asked, changes = _ask_cloudformation(run, templates, living, secrets)
    pending, triggers, lines, note = _ask_operations(run, living)
    known = versions.read(run.aws.s3, deployment)
    return DeployPlan(
        stage=deployment.stage,
        account=deployment.settings.account_id,
        region=deployment.settings.region,
        version=known[0].number if known else None,
        stacks=[*asked, *(StackPlan(name=name, action="delete", note="no job is left in it") for name in emptied)],
        destroyed=approval.destroyed(changes, emptied),
        migrations_before=[name for name in pending if not goes_after(name)],
        migrations_after=[name for name in pending if goes_after(name)],
        triggers=triggers,
        trigger_lines=lines,
        trigger_note=note,
        templates=str(dist),
    )


def _ask_cloudformation(
    run: Run, templates: Mapping[str, Template], living: Mapping[str, str], secrets: Mapping[str, str]
) -> tuple[list[StackPlan], list[ChangeSet]]:
    plans, changes = [], []
    with run.step("change sets") as detail, ExitStack() as tidy:
        in_bucket = has_bucket(run.aws.s3, run.deployment)
        for name, template in templates.items():
            is_there = name in living and stacks.can_be_updated(living[name])
            # As it is stored, where there is one to compare with; else short, to go without a bucket.
            text = (
                template_text(template)
                if is_there
                else json.dumps(template.to_dict(), separators=(",", ":"), sort_keys=True)
            )
            reason = _cannot_be_asked(run, template, text, living, in_bucket=in_bucket)
            if reason and not is_there:
                plans.append(_all_new(name, template, reason))
                continue
            stack = tidy.enter_context(
                _sendable(run, name, text, {each: secrets[each] for each in release.given_parameters(template)})
            )
            found = tidy.enter_context(_change_set(run, stack, creating=not is_there))
            plans.append(_stack_plan(name, found, is_there=is_there))
            changes += [found] if found is not None else []
        detail.append(f"{sum(plan.action != 'none' for plan in plans)} of {len(plans)} stacks change")
    return plans, changes


def _stack_plan(name: str, found: ChangeSet | None, *, is_there: bool) -> StackPlan:
    if found is None:
        return StackPlan(name=name, action="none")
    resources = [_shown(change) for change in found.changes]
    return StackPlan(name=name, action="update" if is_there else "create", resources=resources)


def _shown(change: Mapping[str, Any]) -> dict[str, Any]:
    shown = {key: change[key] for key in _SHOWN if key in change}
    changed = sorted({detail.get("Target", {}).get("Name") or "" for detail in change.get("Details", [])} - {""})
    return {**shown, "Properties": changed} if changed else shown


def _cannot_be_asked(
    run: Run, template: Template, text: str, living: Mapping[str, str], *, in_bucket: bool
) -> str | None:
    """Why CloudFormation cannot be asked about a stack that is not there; None where it can."""
    if len(text.encode()) > stacks.LONGEST_BODY and not in_bucket:
        return "it is too long to ask CloudFormation without the bucket that `up` makes"
    if release.looked_up(template) and naming.deployment(run.deployment.stage) not in living:
        return "it needs what the shared stack stores, which is not there yet"
    return None


def _all_new(name: str, template: Template, reason: str) -> StackPlan:
    resources = [
        {"Action": "Add", "LogicalResourceId": title, "ResourceType": resource.resource_type}
        for title, resource in template.resources.items()
    ]
    return StackPlan(name=name, action="create", resources=resources, note=f"said by the template: {reason}")


@contextmanager
def _sendable(run: Run, name: str, text: str, parameters: Mapping[str, str]) -> Iterator[stacks.Stack]:
    """A stack with its template in the request, or for the time of the block in the bucket."""
    key = release.template_key(name, text.encode())
    is_long = len(text.encode()) > stacks.LONGEST_BODY
    is_new = is_long and upload(run.aws.s3, run.deployment, key, text.encode())
    try:
        yield stacks.Stack(name, template_url(run.deployment, key), parameters, body=text)
    finally:
        if is_new:
            delete(run.aws.s3, run.deployment, [key])


@contextmanager
def _change_set(run: Run, stack: stacks.Stack, *, creating: bool) -> Iterator[ChangeSet | None]:
    """A change set that is never executed, gone with the empty stack it may have come with."""
    client = run.aws.cloudformation
    found = stacks.create_change_set(client, stack, creating=creating)
    try:
        yield found
    finally:
        if found is not None:
            stacks.discard(client, found)
            if creating:
                client.delete_stack(StackName=found.stack_id)


def _ask_operations(run: Run, living: Mapping[str, str]) -> tuple[list[str], Mapping[str, Any] | None, list[str], str]:
    """Pending migrations, the plan of the triggers, lines that say it, and who says so."""
    deployment, shared = run.deployment, naming.deployment(run.deployment.stage)
    if shared not in living or not stacks.can_be_updated(living[shared]):
        steps = _first_steps(deployment)
        note = (
            "said by the definitions: nothing is deployed yet that could look at the database or at what is left in AWS"
        )
        return packaged_migrations(), steps.to_json(), steps.lines(), note
    settings = {name: getattr(deployment.settings, name) for name in ("jobs_enabled", "trigger_backend", "rules_limit")}
    with run.step("plan of the triggers"):
        try:
            answer = run_operation(
                run.aws.functions,
                deployment.stage,
                "plan",
                definitions=[job.to_json() for job in deployment.jobs],
                migrations=packaged_migrations(),
                settings=settings,
            )
        except OperationFailed as error:
            return [], None, [], f"not known, and neither are pending migrations: {error}"
    if answer.get("plan") is None:
        steps = _first_steps(deployment)
        note = "said by the definitions: the database has no schema yet"
        return answer.get("pending", []), steps.to_json(), steps.lines(), note
    lines = [line for line in answer["lines"] if not line.startswith("pending migration ")]
    return answer["pending"], answer["plan"], lines, "said by the operations function"


def _first_steps(deployment: Deployment) -> TriggerPlan:
    backends = deploy.backends_of(deployment)
    wanted = wanted_of_definitions(deployment.jobs, backends, deployment.settings)
    return TriggerPlan(planned_at=datetime.now(UTC), steps=tuple(_first_step(one) for one in wanted))


def _first_step(wanted: WantedTrigger) -> Step:
    return Step(
        action="leave" if wanted.backend is None else "create",
        name=wanted.name,
        job_id=wanted.job_id,
        reason=wanted.reason,
        backend=wanted.backend,
    )
