"""`scripts/deploy down`: what it takes away and what it keeps, said before; then it does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext

from functions.errors import JobsError
from infra import bucket, deploy, stacks
from infra.aws import Aws, connect
from infra.deploying.lock import held
from infra.deploying.plan_text import Line
from infra.deploying.up import Way
from infra.deployment import Deployment


class NotConfirmed(JobsError):
    """The stage's name was not typed; nothing was changed."""

    code = "deploy_not_confirmed"


def down(deployment: Deployment, way: Way, *, confirmed: str | None) -> None:
    """Take everything away but the database. `confirmed` is the stage's name, asked for where it is None."""
    aws = connect(deployment, way.session)
    if confirmed is None:
        way.ask()
        _say(what_goes(aws, deployment))
    _require(deployment.stage, confirmed)
    has_bucket = bucket.has_bucket(aws.s3, deployment)
    lock = held(aws, deployment, command="scripts/deploy down", is_to_break=way.is_to_break_lock)
    with lock if has_bucket else nullcontext():
        deploy.tear_down(deployment, session=way.session, report=way.report, progress=way.progress)


def what_goes(aws: Aws, deployment: Deployment) -> Iterator[Line]:
    """What is taken away, and what is kept."""
    client, living = aws.cloudformation, stacks.living_stacks(aws.cloudformation)
    yield f"This takes away, in account {deployment.settings.account_id}, {deployment.settings.region}:", "bold"
    for name in deploy.stacks_of(deployment.stage, living):
        if name in living:
            yield f"  - stack {name}: {stacks.resource_count(client, name)} resources", "red"
    for name, backend in aws.backends.items():
        yield f"  - {len(backend.list())} {name}s", "red"
    yield "  - log groups with the functions, and events waiting in the dead-letter queue", "red"
    yield f"  - bucket {deployment.bucket}: packages, templates, versions", "red"
    yield "It keeps:", "bold"
    yield "  the database: definitions, history, pauses, users, audit. The next `up` goes on with them.", "green"


def _say(lines: Iterator[Line]) -> None:
    for text, _ in lines:
        print(text, file=sys.stderr)


def _require(stage: str, confirmed: str | None) -> None:
    if confirmed is None:
        if not sys.stdin.isatty():
            raise NotConfirmed(f"there is no terminal to ask on: give --confirm {stage}; nothing was changed")
        confirmed = input(f"Type the stage's name ({stage}) to take it down: ").strip()
    if confirmed != stage:
        raise NotConfirmed(f"{confirmed!r} is not this stage's name, {stage!r}: nothing was changed")
