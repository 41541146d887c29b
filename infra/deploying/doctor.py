"""`scripts/deploy doctor`: everything a deployment rests on, looked at one by one, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from functions import naming
from functions.errors import JobsError
from functions.scheduling.wanted import wanted_of_definitions
from infra import bucket, deploy, stacks
from infra.aws import Aws, connect
from infra.deploying import drift, lock, permissions, versions
from infra.deploying.findings import Finding, fail, ok, warn
from infra.deploying.status import trigger_drift
from infra.deploying.up import Way
from infra.deployment import Deployment
from infra.operations import run_operation

# Lambda, "Configuring reserved concurrency": so many stay for functions without a reservation.
_LEFT_UNRESERVED = 100
# AWS refuses a signed request whose clock is five minutes off; ours begins to matter for leases long before.
_CLOCK_S = 30
_NEARLY = 0.8


@dataclass(frozen=True)
class Patient:
    """What is looked at."""

    deployment: Deployment
    aws: Aws
    living: dict[str, str]

    @property
    def is_up(self) -> bool:
        """Whether there is an operations function to ask."""
        return naming.deployment(self.deployment.stage) in self.living


def examine(deployment: Deployment, way: Way) -> Iterator[Finding]:
    """Look at everything; what cannot be looked at is a finding too. Changes nothing."""
    try:
        aws = connect(deployment, way.session)
        living = stacks.living_stacks(aws.cloudformation)
    except (JobsError, ClientError, BotoCoreError) as error:
        yield fail("credentials", str(error), "log in to the account (aws sts get-caller-identity shows where you are)")
        return
    settings = deployment.settings
    yield ok("credentials", f"{aws.caller}, account {settings.account_id}, region {settings.region}")
    patient = Patient(deployment, aws, living)
    for subject, look in _LOOKS.items():
        way.begins(f"looking at {subject}")
        try:
            yield from look(patient)
        except (JobsError, ClientError, BotoCoreError, ResponseParserError) as error:
            yield warn(
                subject, f"could not be looked at: {_first_line(error)}", "allow the deployer what docs/deploy.md lists"
            )


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:300]


def _definitions(patient: Patient) -> Iterator[Finding]:
    try:
        deploy.check(patient.deployment)
    except JobsError as error:
        yield fail("stage", str(error), "mend it before the next deploy")
        return
    yield ok("stage", f"{len(patient.deployment.jobs)} jobs, and all of its settings fit together")


def _stacks(patient: Patient) -> Iterator[Finding]:
    ours = [name for name in deploy.stacks_of(patient.deployment.stage, patient.living) if name in patient.living]
    if not ours:
        yield warn("stacks", "nothing is deployed", f"scripts/deploy up --stage {patient.deployment.stage}")
    for name in ours:
        status = patient.living[name]
        if status.endswith("_IN_PROGRESS"):
            yield warn("stacks", f"{name} is {status}", "wait: CloudFormation is at work")
        elif not stacks.can_be_updated(status) or "FAILED" in status:
            yield fail("stacks", f"{name} is {status}", "scripts/deploy up makes it anew, or says what AWS needs first")
        else:
            yield ok("stacks", f"{name} is {status}")


def _bucket(patient: Patient) -> Iterator[Finding]:
    aws, deployment = patient.aws, patient.deployment
    if not bucket.has_bucket(aws.s3, deployment):
        yield ok("bucket", f"{deployment.bucket} is free to be made")
        return
    known, holder = versions.read(aws.s3, deployment), lock.read(aws.s3, deployment)
    yield ok("bucket", f"{deployment.bucket} is ours, with {len(known)} versions")
    if holder is not None:
        yield warn("lock", f"held by {holder}", "wait for it, or --break-lock when you know that it is dead")
    if known and known[0].state != "finished":
        yield warn("version", f"version {known[0].number} is {known[0].state}", "scripts/deploy up goes on with it")


def _rules(patient: Patient) -> Iterator[Finding]:
    deployment, limit = patient.deployment, patient.deployment.settings.rules_limit
    wanted = wanted_of_definitions(deployment.jobs, deploy.backends_of(deployment), deployment.settings)
    ours = sum(one.backend == "rule" for one in wanted)
    pages = patient.aws.client("events").get_paginator("list_rules").paginate()
    names = [rule["Name"] for page in pages for rule in page["Rules"]]
    others = sum(not name.startswith(naming.job_prefix(deployment.stage)) for name in names)
    said = f"{ours} of this stage and {others} others, of {limit} (RULES_LIMIT)"
    if ours + others > limit:
        yield fail("rules", said, "raise the quota and RULES_LIMIT, or set TRIGGER_BACKEND to 'scheduler'")
    elif ours + others > _NEARLY * limit:
        yield warn("rules", said, "the rest will go to EventBridge Scheduler by itself; or raise the quota")
    else:
        yield ok("rules", said)


def _lambda(patient: Patient) -> Iterator[Finding]:
    found = patient.aws.functions.get_account_settings()
    limit, usage = found["AccountLimit"], found["AccountUsage"]
    total, jobs = limit.get("ConcurrentExecutions", 0), patient.deployment.jobs
    default = patient.deployment.settings.jobs_concurrency
    reserved = sum(job.concurrency or default or 0 for job in jobs)
    said = f"{reserved} reserved for jobs of {total} in the account"
    if reserved > total - _LEFT_UNRESERVED:
        advice = f"{_LEFT_UNRESERVED} must stay unreserved: lower `concurrency` or JOBS_CONCURRENCY, or raise the quota"
        yield fail("concurrency", said, advice)
    else:
        yield ok("concurrency", said)
    used, most = usage.get("TotalCodeSize", 0), limit.get("TotalCodeSize", 0)
    said = f"{used / 1e9:.2f} of {most / 1e9:.0f} GB"
    if used > _NEARLY * most:
        yield warn("code storage", said, "delete functions nobody needs, or raise the quota")
    else:
        yield ok("code storage", said)


def _gateway(patient: Patient) -> Iterator[Finding]:
    role = patient.aws.client("apigateway").get_account().get("cloudwatchRoleArn")
    if role:
        yield ok("API Gateway's log role", role)
    else:
        advice = "needed for the API's access logs: docs/deploy.md, 'API Gateway's log role'"
        yield warn("API Gateway's log role", "none is set in this account and region", advice)


def _database(patient: Patient) -> Iterator[Finding]:
    """Everything only Lambda can see: it may be in a network that this machine is not in."""
    if not patient.is_up:
        yield warn("database", "nothing is deployed that could look at it from Lambda", "ask again after the first up")
        return
    asked = datetime.now(UTC)
    answer = run_operation(patient.aws.functions, patient.deployment.stage, "doctor")
    answered = datetime.now(UTC)
    if answer.get("database") is None:
        advice = "check security groups, the host name, TLS and the login: docs/deploy.md, 'The database from Lambda'"
        yield fail("database from Lambda", answer.get("error", "no answer"), advice)
        return
    yield from _server(answer, answer["database"])
    yield from _clocks(answer, asked, answered)


def _server(answer: dict[str, Any], found: dict[str, Any]) -> Iterator[Finding]:
    who = f"PostgreSQL {found['server_version']} as {found['user']}, connected in {answer['connect_ms']} ms"
    if int(found["server_version"].split(".")[0]) < 15:
        yield fail("database from Lambda", who, "use PostgreSQL 15 or newer")
    else:
        yield ok("database from Lambda", who)
    if found["is_standby"]:
        yield fail("database", "it is a standby, which takes no writes", "point DATABASE_URL at the primary")
    if found["is_encrypted"]:
        yield ok("TLS", "the connection is encrypted")
    else:
        yield warn(
            "TLS", "the connection is not encrypted", "set DATABASE_TLS_MODE to 'verify-full' (docs/settings.md)"
        )
    if found["owners"]:
        owners = ", ".join(found["owners"])
        advice = f"GRANT {found['owners'][0]} TO {found['user']}, or deploy as the owner"
        yield fail("rights", f"tables belong to {owners}, so {found['user']} cannot migrate them", advice)
    elif not found["may_create"] and found["pending"]:
        advice = f"GRANT CREATE ON DATABASE {found['database']} TO {found['user']}"
        yield fail("rights", f"{found['user']} may not create in database {found['database']}", advice)
    else:
        yield ok("rights", f"{found['user']} may migrate")
    said = f"{found['connections']} of {found['max_connections']} connections are in use"
    nearly = found["connections"] > _NEARLY * found["max_connections"]
    yield warn("connections", said, "use a pooler, or a larger server") if nearly else ok("connections", said)
    pending = ", ".join(found["pending"])
    yield (
        warn("migrations", f"pending: {pending}", "scripts/deploy up applies them")
        if pending
        else ok("migrations", "none is pending")
    )


def _clocks(answer: dict[str, Any], asked: datetime, answered: datetime) -> Iterator[Finding]:
    there, ahead = datetime.fromisoformat(answer["now"]), answer["clock_ahead_s"]
    # It looked somewhere between the question and the answer; a cold start makes that wide.
    off = max((asked - there).total_seconds(), (there - answered).total_seconds(), 0)
    said = f"Lambda and PostgreSQL differ by {abs(ahead):.1f} s, this machine and Lambda by {off:.1f} s or less"
    if abs(ahead) > _CLOCK_S or off > _CLOCK_S:
        yield warn("clocks", said, "let the machine, or the database server, take its time from NTP")
    else:
        yield ok("clocks", said)


def _drift(patient: Patient) -> Iterator[Finding]:
    if not patient.is_up:
        return
    aws, stage = patient.aws, patient.deployment.stage
    known, there = versions.read(aws.s3, patient.deployment), drift.functions_there(aws, stage)
    version = known[0] if known and known[0].state != "started" else None
    lines = drift.drifted_functions(aws, stage, version=version, living=patient.living, there=there)
    for line in [*lines, *trigger_drift(aws, stage, deep=True)]:
        yield warn("drift", line, f"scripts/deploy up --stage {stage} puts it right")
    if not lines:
        yield ok("drift", f"{len(there)} functions run what was deployed")


def _permissions(patient: Patient) -> Iterator[Finding]:
    if patient.deployment.endpoint_url is not None:
        return  # the one-machine edition lets everybody do everything
    denied = permissions.denied(patient.aws, patient.deployment)
    for actions in denied:
        advice = f"allow what scripts/permissions --stage {patient.deployment.stage} prints"
        yield fail("permissions", f"{patient.aws.caller} may not {actions}", advice)
    if not denied:
        count = sum(len(statement["Action"]) for statement in permissions.needed(patient.deployment))
        yield ok("permissions", f"{count} actions a deploy needs are allowed")


_LOOKS: dict[str, Callable[[Patient], Iterator[Finding]]] = {
    "stage": _definitions,
    "permissions": _permissions,
    "rules": _rules,
    "Lambda": _lambda,
    "API Gateway": _gateway,
    "bucket": _bucket,
    "stacks": _stacks,
    "database": _database,
    "drift": _drift,
}
