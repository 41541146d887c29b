"""The order in which a deployment is put up and taken down, on AWS and on this machine alike."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from functions import naming
from functions.scheduling import limits
from functions.scheduling.backends import all_backends
from functions.scheduling.trigger import TriggerBackend
from functions.scheduling.wanted import wanted_of_definitions
from infra import release, stacks
from infra.aws import connect
from infra.bucket import delete_bucket, make_bucket, upload
from infra.certificates import check_certificates
from infra.deployment import Deployment
from infra.operations import lines, run_operation
from infra.option_fit import check_options
from infra.packaging import Packages, build_packages
from infra.release import Release
from infra.run import Report, Run, silent
from infra.secret_values import secret_values
from infra.templates import all_templates

if TYPE_CHECKING:
    from boto3.session import Session

# Raises when what the change sets and the deletions would do is not to be done.
Approve = Callable[[Sequence[stacks.ChangeSet], Sequence[str]], None]


@dataclass(frozen=True)
class Summary:
    """What one deploy did: the packages it shipped, the stacks it touched, what the operations function answered."""

    packages: Packages
    changed_stacks: tuple[str, ...]
    deleted_stacks: tuple[str, ...]
    operations: Mapping[str, Any]


@dataclass(frozen=True)
class RolledOut:
    """The stacks that were changed, and what the operations function answered to each operation."""

    changed_stacks: tuple[str, ...]
    answers: Mapping[str, Any]


def deploy(deployment: Deployment, *, session: Session, report: Report, progress: stacks.Progress = silent) -> Summary:
    """Put the deployment up, or bring it up to date; the same call twice changes nothing the second time.

    `progress` hears each stack's status while it changes. Raises LimitExceeded with everything AWS would refuse, or the
    JobsError of the step that failed; the steps before it stay done, and the next deploy goes on from there.
    """
    secrets = check(deployment)
    run = Run(deployment, connect(deployment, session), report, progress)
    packages = package(run)
    put_into_bucket(run, packages)
    living = stacks.living_stacks(run.aws.cloudformation)
    wanted = make_release(run, packages, living)
    done = roll_out(run, wanted, secrets=secrets, living=living)
    return Summary(packages, done.changed_stacks, wanted.emptied, done.answers)


def check(deployment: Deployment, *, checks_limits: bool = True) -> dict[str, str]:
    """The value of each stack parameter. Raises SettingsError or LimitExceeded, before anything is touched."""
    secrets = secret_values(deployment)
    check_certificates(deployment, now=datetime.now(UTC))
    check_options(deployment)
    if checks_limits:
        _check_limits(deployment)
    return secrets


def make_release(run: Run, packages: Packages, living: Collection[str]) -> Release:
    """The templates of these packages, in the bucket."""
    stage = run.deployment.stage
    deployed = release.deployed_jobs(run.aws, stage, living)
    templates = all_templates(run.deployment, packages, deployed=deployed)
    return release.store(run.aws, run.deployment, templates, release.emptied(stage, deployed, templates))


def roll_out(
    run: Run,
    wanted: Release,
    *,
    secrets: Mapping[str, str],
    living: Mapping[str, str],
    migrates: bool = True,
    approve: Approve | None = None,
) -> RolledOut:
    """Make the stacks this release's.

    Order: shared stack, migrations, API and job stacks, rules, the migrations that old code could not do without,
    emptied stacks. So new code never meets the old schema, a rule is only made for a function that exists, and none is
    left to fire a function that is gone. What would become of a stack that is there is known, and approved, before it
    is touched: of all of them before the first, but for those that look up what the shared stack stores. CloudFormation
    looks that up when it is asked, so they are asked about once the shared stack is as it should be.
    """
    shared = naming.deployment(run.deployment.stage)
    others = [name for name in wanted.templates if name != shared]
    late = [name for name in others if wanted.templates[name].looked_up]
    early = [name for name in wanted.templates if name not in late]
    prepared: dict[str, stacks.ChangeSet | None] = {}

    def ask(names: Collection[str], emptied: Sequence[str]) -> None:
        if approve is not None:
            prepared.update(_prepare(run, wanted.stacks(run.deployment, names, secrets), living))
            approve([change for name in names if (change := prepared.get(name)) is not None], emptied)

    try:
        ask(early, wanted.emptied)
        changed = _apply(run, "shared stack", wanted.stacks(run.deployment, [shared], secrets), prepared)
        if late:
            ask(late, ())
        answers = {"migrate": _operate(run, "migrate", before=True)} if migrates else {}
        changed += _apply(run, "API and job stacks", wanted.stacks(run.deployment, others, secrets), prepared)
        answers["reconcile"] = _operate(run, "reconcile")
        if migrates and _is_left(answers["migrate"]):
            answers["migrate after"] = _operate(run, "migrate")
        _delete_stacks(run, wanted.emptied)
    finally:
        for change in prepared.values():
            if change is not None:
                stacks.discard(run.aws.cloudformation, change)
    return RolledOut(tuple(changed), answers)


def tear_down(deployment: Deployment, *, session: Session, report: Report, progress: stacks.Progress = silent) -> None:
    """Remove all that `deploy` and reconcile made: triggers, stacks, bucket. The database and its history stay.

    Triggers go first: none is left to fire a function that is gone.
    """
    run = Run(deployment, connect(deployment, session), report, progress)
    with run.step("triggers") as detail:
        detail += [f"{_remove_all(backend)} {name}s removed" for name, backend in run.aws.backends.items()]
    _delete_stacks(run, stacks_of(deployment.stage, stacks.living_stacks(run.aws.cloudformation)))
    with run.step("bucket") as detail:
        detail.append(deployment.bucket)
        delete_bucket(run.aws.s3, deployment)


def stacks_of(stage: str, living: Collection[str]) -> list[str]:
    """Every stack this stage has or may have, in the order they are deleted."""
    return [*release.job_stack_numbers(stage, living), naming.api_function(stage), naming.deployment(stage)]


def backends_of(deployment: Deployment) -> dict[str, TriggerBackend]:
    """The trigger backends, to know what they would want: they connect to nothing before they are asked."""
    return all_backends(deployment.settings)


def _check_limits(deployment: Deployment) -> None:
    settings = deployment.settings
    wanted = wanted_of_definitions(deployment.jobs, backends_of(deployment), settings)
    limits.check(wanted, rules_limit=settings.rules_limit)


def _remove_all(backend: TriggerBackend) -> int:
    names = sorted(backend.list())
    for name in names:
        backend.remove(name)
    return len(names)


def package(run: Run) -> Packages:
    """Build the packages."""
    with run.step("package") as detail:
        packages = build_packages(run.deployment)
        detail += [f"{zip_.name}.zip {zip_.size / 1e6:.1f} MB" for zip_ in packages.all]
        detail += [f"note: {note}" for note in packages.notes]
    return packages


def put_into_bucket(run: Run, packages: Packages) -> None:
    """Make the bucket if there is none, and send what it does not have."""
    with run.step("upload") as detail:
        make_bucket(run.aws.s3, run.deployment)
        for zip_ in packages.all:
            if upload(run.aws.s3, run.deployment, zip_.key, zip_.path.read_bytes()):
                detail.append(f"{zip_.name}.zip")
        detail += [] if detail else ["nothing new"]


def _prepare(run: Run, wanted: Sequence[stacks.Stack], living: Mapping[str, str]) -> dict[str, stacks.ChangeSet | None]:
    """A change set for each of these stacks that is there; None where nothing changes."""
    there = [stack for stack in wanted if stack.name in living and stacks.can_be_updated(living[stack.name])]
    with run.step("change sets") as detail:
        prepared = {stack.name: stacks.prepare(run.aws.cloudformation, stack, progress=run.progress) for stack in there}
        detail.append(f"{sum(change is not None for change in prepared.values())} of {len(prepared)} stacks change")
    return prepared


def _apply(
    run: Run, step: str, wanted: Sequence[stacks.Stack], prepared: dict[str, stacks.ChangeSet | None]
) -> list[str]:
    """Start every change, then wait for each: CloudFormation works on several stacks at once."""
    client = run.aws.cloudformation
    with run.step(step) as detail:
        changes = []
        for stack in wanted:
            change = (
                prepared.get(stack.name)
                if stack.name in prepared
                else stacks.prepare(client, stack, progress=run.progress)
            )
            if change is None:
                run.progress(stack.name, "UNCHANGED")
                continue
            changes.append(stacks.execute(client, change))
            prepared.pop(stack.name, None)  # executed: there is nothing left to discard
        for begun in changes:
            stacks.wait(client, begun, progress=run.progress)
        detail.append(f"{len(changes)} of {len(wanted)} changed")
    return [change.name for change in changes]


def _delete_stacks(run: Run, names: Sequence[str]) -> None:
    for name in names:
        with run.step("delete stack") as detail:
            detail.append(name)
            stacks.delete(run.aws.cloudformation, name, progress=run.progress)


def _operate(run: Run, operation: str, **options: Any) -> Any:
    with run.step(operation) as detail:
        answer = run_operation(run.aws.functions, run.deployment.stage, operation, **options)
        detail += lines(answer)
    return answer


def _is_left(answer: Any) -> bool:
    return isinstance(answer, dict) and bool(answer.get("left"))
