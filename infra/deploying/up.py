"""`scripts/deploy up` and `rollback`: the code of a version, put up or put back, and noted down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from functions.db.schema import goes_after, packaged_migrations
from functions.errors import JobsError
from infra import deploy, release, stacks
from infra.aws import Aws, connect
from infra.bucket import keys, make_bucket
from infra.deploying import approval, smoke, versions
from infra.deploying.lock import held
from infra.deploying.versions import Version
from infra.deployment import Deployment
from infra.packaging import Packages
from infra.release import Release
from infra.run import Report, Run, silent

if TYPE_CHECKING:
    from boto3.session import Session


class RollbackRefused(JobsError):
    """There is no version to put back, or its code could not work; nothing was changed."""

    code = "rollback_refused"


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a deploy is done: who is told, and what it may. `ask` is called before a person is asked something."""

    session: Session
    report: Report
    progress: stacks.Progress = silent
    begins: Callable[[str], None] = lambda _step: None
    ask: Callable[[], None] = lambda: None
    is_approved: bool = False
    is_to_break_lock: bool = False


def up(deployment: Deployment, way: Way) -> Version:
    """Put this checkout's version up, or go on with it where an earlier try was interrupted.

    Raises the JobsError of the step that failed; what is done stays done, and the next `up` goes on from there.
    """
    secrets = deploy.check(deployment)
    run = _run(deployment, connect(deployment, way.session), way)
    packages = deploy.package(run)
    make_bucket(run.aws.s3, deployment)
    with held(run.aws, deployment, command="scripts/deploy up", is_to_break=way.is_to_break_lock) as lock:
        run = replace(run, begins=_both(way.begins, lambda _step: lock.renew()))
        deploy.put_into_bucket(run, packages)
        living = _settled(run)
        wanted = deploy.make_release(run, packages, living)
        new = _new_version(run, wanted, packages)
        return _put_up(
            run, wanted, new, way, secrets=secrets, living=living, job_ids=[job.id for job in deployment.jobs]
        )


def rollback(deployment: Deployment, way: Way, *, to: int | None) -> Version:
    """Put the code of an earlier version back: its packages and templates. Migrations are never undone.

    Without `to` it is the last good one before the one that is up. Raises RollbackRefused.
    """
    secrets = deploy.check(deployment, checks_limits=False)
    run = _run(deployment, connect(deployment, way.session), way)
    known = versions.read(run.aws.s3, deployment)
    target = target_of(known, to, stage=deployment.stage)
    with held(run.aws, deployment, command="scripts/deploy rollback", is_to_break=way.is_to_break_lock) as lock:
        run = replace(run, begins=_both(way.begins, lambda _step: lock.renew()))
        _require_objects(run, target)
        living = _settled(run)
        job_stacks = release.job_stack_numbers(deployment.stage, living)
        wanted = replace(target.release, emptied=tuple(name for name in job_stacks if name not in target.templates))
        new = replace(
            target, state="started", at=datetime.now(UTC), who=run.aws.caller, restores=target.restores or target.number
        )
        return _put_up(run, wanted, new, way, secrets=secrets, living=living, job_ids=None)


def target_of(known: list[Version], to: int | None, *, stage: str) -> Version:
    """The version to put back. Raises RollbackRefused."""
    if not known:
        raise RollbackRefused(f"stage {stage} has no version yet: scripts/deploy up --stage {stage} makes the first")
    current, good = known[0], [version for version in known if version.state == "finished"]
    if to is None:
        before = current.restores or current.number
        found = next((one for one in good if one.number < before and not one.is_like(current)), None)
        wish = f"before version {before}"
    else:
        found = next((one for one in good if one.number == to), None)
        wish = f"with the number {to}"
    if found is None:
        numbers = ", ".join(str(version.number) for version in good) or "none"
        raise RollbackRefused(f"there is no good version {wish}: good ones are {numbers}; nothing was changed")
    gone = [name for name in current.migrations if goes_after(name) and name not in found.migrations]
    if gone:
        raise RollbackRefused(
            f"version {found.number} still uses what {', '.join(gone)} took away, and migrations are never undone: "
            "mend the code and deploy forward; nothing was changed"
        )
    return found


def _run(deployment: Deployment, aws: Aws, way: Way) -> Run:
    return Run(deployment, aws, way.report, way.progress, way.begins)


def _both(first: Callable[[str], None], second: Callable[[str], None]) -> Callable[[str], None]:
    def call(step: str) -> None:
        first(step)
        second(step)

    return call


def _settled(run: Run) -> dict[str, str]:
    """The stacks that are there, once CloudFormation has ended what an interrupted deploy began."""
    client = run.aws.cloudformation
    living = stacks.living_stacks(client)
    ours = set(deploy.stacks_of(run.deployment.stage, living))
    busy = [name for name, status in living.items() if name in ours and status.endswith("_IN_PROGRESS")]
    if not busy:
        return living
    with run.step("wait for what was begun") as detail:
        for name in busy:
            stacks.settle(client, name, progress=run.progress)
            detail.append(name)
    return stacks.living_stacks(client)


def _new_version(run: Run, wanted: Release, packages: Packages) -> Version:
    return Version(
        number=0,
        state="started",
        at=datetime.now(UTC),
        who=run.aws.caller,
        commit=versions.commit_of(run.deployment.project),
        packages=tuple(package.key for package in packages.all),
        templates=dict(wanted.templates),
        migrations=tuple(packaged_migrations()),
    )


def _put_up(
    run: Run, wanted: Release, new: Version, way: Way, *, job_ids: list[str] | None, **known_before: Any
) -> Version:
    s3, deployment = run.aws.s3, run.deployment
    known = versions.read(s3, deployment)

    def approve(changes: Any, emptied: Any) -> None:
        way.ask()
        approval.approve(changes, emptied, is_given=way.is_approved)
        if not begun:
            begun.append(versions.begin(s3, deployment, new, known))

    begun: list[Version] = []
    deploy.roll_out(run, wanted, approve=approve, migrates=new.restores is None, **known_before)
    try:
        smoke.check(run, _job_ids(run) if job_ids is None else job_ids)
    except smoke.SmokeFailed:
        versions.end(s3, deployment, begun[0], known, "unhealthy")
        raise
    version = versions.end(s3, deployment, begun[0], known, "finished")
    with run.step("tidy the bucket") as detail:
        detail.append(f"{versions.prune(s3, deployment)} objects of older versions deleted")
    return version


def _job_ids(run: Run) -> list[str]:
    stage = run.deployment.stage
    deployed = release.deployed_jobs(run.aws, stage, stacks.living_stacks(run.aws.cloudformation))
    return sorted(job_id for ids in deployed.values() for job_id in ids)


def _require_objects(run: Run, version: Version) -> None:
    missing = sorted(version.keys.difference(keys(run.aws.s3, run.deployment)))
    if missing:
        raise RollbackRefused(
            f"version {version.number} cannot be put back: {', '.join(missing)} is not in bucket "
            f"{run.deployment.bucket} any more; nothing was changed"
        )
