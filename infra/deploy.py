"""The order in which a deployment is put up and taken down, on AWS and on this machine alike."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from troposphere import Template

from functions import naming
from functions.scheduling import limits
from functions.scheduling.backends import all_backends
from functions.scheduling.trigger import TriggerBackend
from functions.scheduling.wanted import wanted_of_definitions
from infra import job_stacks, stacks
from infra.aws import Aws, connect
from infra.bucket import delete_bucket, make_bucket, template_url, upload
from infra.certificates import check_certificates
from infra.deployment import Deployment
from infra.operations import lines, run_operation
from infra.option_fit import check_options
from infra.packaging import Packages, build_packages
from infra.resources.api import api_template
from infra.resources.jobs import JOB_ID, jobs_template
from infra.resources.shared import shared_template
from infra.secret_values import secret_values
from infra.templates import template_text

if TYPE_CHECKING:
    from boto3.session import Session

# Step, seconds it took, lines of detail; called when the step has ended.
Report = Callable[[str, float, str], None]


@dataclass(frozen=True)
class Summary:
    """What one deploy did: the packages it shipped, the stacks it touched, what the operations function answered."""

    packages: Packages
    changed_stacks: tuple[str, ...]
    deleted_stacks: tuple[str, ...]
    operations: Mapping[str, Any]


@dataclass(frozen=True)
class _Run:
    """One deploy or tear-down: where it goes, and who is told about it."""

    deployment: Deployment
    aws: Aws
    report: Report
    progress: stacks.Progress

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Time a step; what is put into the list is its detail."""
        begun, detail = time.monotonic(), list[str]()
        yield detail
        self.report(name, time.monotonic() - begun, "\n".join(detail))


def _silent(name: str, status: str) -> None:
    pass


def deploy(deployment: Deployment, *, session: Session, report: Report, progress: stacks.Progress = _silent) -> Summary:
    """Put the deployment up, or bring it up to date; the same call twice changes nothing the second time.

    Order: limits, packages, bucket, shared stack, migrations, API and job stacks, rules. So what AWS would refuse
    changes nothing, new code never meets the old schema, and a rule is only made for a function that exists.
    `progress` hears each stack's status while it changes. Raises LimitExceeded with everything AWS would refuse, or the
    JobsError of the step that failed; the steps before it stay done, and the next deploy goes on from there.
    """
    secrets = secret_values(deployment)
    check_certificates(deployment, now=datetime.now(UTC))
    _check_limits(deployment)
    check_options(deployment)
    run = _Run(deployment, connect(deployment, session), report, progress)
    packages = _package(run)
    _upload(run, packages)
    shared = {naming.deployment(deployment.stage): shared_template(deployment, packages)}
    changed = _apply(run, "shared stack", shared, secrets=secrets)
    answers = {"migrate": _operate(run, "migrate")}
    templates, emptied = _job_templates(run, packages)
    templates[naming.api_function(deployment.stage)] = api_template(deployment, packages)
    changed += _apply(run, "API and job stacks", templates, secrets=secrets)
    answers["reconcile"] = _operate(run, "reconcile")
    # Last, when reconcile has removed the rules that would otherwise fire a function that is gone.
    _delete_stacks(run, emptied)
    return Summary(packages, tuple(changed), tuple(emptied), answers)


def tear_down(deployment: Deployment, *, session: Session, report: Report, progress: stacks.Progress = _silent) -> None:
    """Remove all that `deploy` and reconcile made: triggers, stacks, bucket. The database and its history stay.

    Triggers go first: none is left to fire a function that is gone.
    """
    run = _Run(deployment, connect(deployment, session), report, progress)
    with run.step("triggers") as detail:
        detail += [f"{_remove_all(backend)} {name}s removed" for name, backend in run.aws.backends.items()]
    stage = deployment.stage
    _delete_stacks(run, [*_deployed_job_stacks(run), naming.api_function(stage), naming.deployment(stage)])
    with run.step("bucket") as detail:
        detail.append(deployment.bucket)
        delete_bucket(run.aws.s3, deployment)


def _check_limits(deployment: Deployment) -> None:
    settings = deployment.settings
    wanted = wanted_of_definitions(deployment.jobs, all_backends(settings), settings)
    limits.check(wanted, rules_limit=settings.rules_limit)


def _remove_all(backend: TriggerBackend) -> int:
    names = sorted(backend.list())
    for name in names:
        backend.remove(name)
    return len(names)


def _package(run: _Run) -> Packages:
    with run.step("package") as detail:
        packages = build_packages(run.deployment)
        detail += [f"{zip_.name}.zip {zip_.size / 1e6:.1f} MB" for zip_ in packages.all]
        detail += [f"note: {note}" for note in packages.notes]
    return packages


def _upload(run: _Run, packages: Packages) -> None:
    with run.step("upload") as detail:
        make_bucket(run.aws.s3, run.deployment)
        for zip_ in packages.all:
            if upload(run.aws.s3, run.deployment, zip_.key, zip_.path.read_bytes()):
                detail.append(f"{zip_.name}.zip")
        detail += [] if detail else ["nothing new"]


def _job_templates(run: _Run, packages: Packages) -> tuple[dict[str, Template], list[str]]:
    """The template of each job stack by its name, and the names of the stacks that no job is left in."""
    stage, jobs = run.deployment.stage, {job.id: job for job in run.deployment.jobs}
    assigned = job_stacks.assign(jobs, _deployed_jobs(run))
    by_name = {job_stacks.stack_name(stage, number): ids for number, ids in assigned.items()}
    definitions = {name: [jobs[job_id] for job_id in ids] for name, ids in by_name.items() if ids}
    templates = {name: jobs_template(run.deployment, packages, some) for name, some in definitions.items()}
    return templates, [name for name in by_name if name not in templates]


def _deployed_jobs(run: _Run) -> dict[int, list[str]]:
    cloudformation = run.aws.cloudformation
    return {
        number: stacks.resource_metadata(cloudformation, name, JOB_ID)
        for name, number in _deployed_job_stacks(run).items()
    }


def _deployed_job_stacks(run: _Run) -> dict[str, int]:
    stage = run.deployment.stage
    names = stacks.living_stacks(run.aws.cloudformation)
    numbers = {name: job_stacks.stack_number(stage, name) for name in names}
    return {name: number for name, number in numbers.items() if number is not None}


def _apply(run: _Run, step: str, templates: Mapping[str, Template], *, secrets: Mapping[str, str]) -> list[str]:
    """Start every change, then wait for each: CloudFormation works on several stacks at once."""
    client = run.aws.cloudformation
    with run.step(step) as detail:
        wanted = [_stored(run, name, template, secrets) for name, template in templates.items()]
        started = [stacks.start_apply(client, stack, progress=run.progress) for stack in wanted]
        changes = [change for change in started if change is not None]
        for change in changes:
            stacks.wait(client, change, progress=run.progress)
        detail.append(f"{len(changes)} of {len(wanted)} changed")
    return [change.name for change in changes]


def _stored(run: _Run, name: str, template: Template, secrets: Mapping[str, str]) -> stacks.Stack:
    text = template_text(template).encode()
    key = f"templates/{name}-{hashlib.sha256(text).hexdigest()}.json"
    upload(run.aws.s3, run.deployment, key, text)
    # One with a default is looked up by CloudFormation itself (infra/resources/shared_values.py).
    given = [title for title, parameter in template.parameters.items() if "Default" not in parameter.properties]
    parameters = {title: secrets[title] for title in given}
    return stacks.Stack(name, template_url(run.deployment, key), parameters)


def _delete_stacks(run: _Run, names: list[str]) -> None:
    for name in names:
        with run.step("delete stack") as detail:
            detail.append(name)
            stacks.delete(run.aws.cloudformation, name, progress=run.progress)


def _operate(run: _Run, operation: str) -> Any:
    with run.step(operation) as detail:
        answer = run_operation(run.aws.functions, run.deployment.stage, operation)
        detail += lines(answer)
    return answer
