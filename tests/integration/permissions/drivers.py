"""Everything of ours that calls AWS, made to call it: the API, the operations function, jobs, a deploy."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest

from chalicelib.services import health
from functions import handler, invoker, naming, operations, registry
from functions.database import database
from functions.db import intents, jobs
from functions.db.audit import Author
from functions.db.connection import Connection, connect
from functions.db.one_time import enqueue as written
from functions.definition import JobDefinition
from functions.job import Job, JobContext, Retry, enqueue
from functions.jobs.mark_lost_executions import mark_lost_executions
from functions.logs import job_logger
from functions.scheduling import one_shot, reachable
from functions.settings import from_environment, settings
from infra.local.gateway_routes import RouteTable, admin_api_routes
from tests.conftest import PROJECT
from tests.iam.recorder import Recorder
from tests.iam.stage import API, CLOSING, EXPORT, JOBS, OPERATIONS, STAGE, VARIANTS, job_role
from tests.integration.admin_api.api import BASE, KEY, Answer, Api
from tests.integration.delivery import LambdaContext
from tests.integration.permissions.deploying import Deploying
from tests.integration.seeds import claimed
from tests.unit.infra.deployments import ENVIRONMENT

_CACHED = (settings, invoker._client, one_shot._client, reachable._client)
_HOUR = timedelta(hours=1)
Client = Callable[[Any], Any]
_PREFIX = f"lamplighter-{STAGE}-job-"


@dataclass
class Drivers:
    """One deployed stage, with its database, and who works on it."""

    recorder: Recorder
    database_url: str
    patched: pytest.MonkeyPatch
    folder: Path

    def deploy(self, endpoint_url: str) -> None:
        """Every command of scripts/deploy; what `down` finds was made by the operations function."""
        deploying = Deploying(self.recorder, self.patched, self.folder, endpoint_url)
        deploying.put_up()
        self._make_triggers(partial(deploying.session.client, endpoint_url=endpoint_url))
        deploying.take_down()

    def operate(self) -> None:
        """Every operation, on both trigger backends, with drift, an orphan and a move from one to the other."""
        _have_group(boto3.client("scheduler"))
        for backend in ("auto", "scheduler", "auto", "scheduler"):
            self._operate(backend, "plan")
            self._operate(backend, "reconcile")
            self._change_behind_our_back()
            self._operate(backend, "plan", deep=True)
            self._operate(backend, "reconcile", deep=True)
        self._operate("auto", "reconcile")
        for change in (intents.pause, intents.resume):  # and then the process died
            with connect(self.database_url) as connection:
                change(connection, EXPORT.id, Author(actor="ann"))
            self._operate("auto", "reconcile")

    def _operate(self, backend: str, operation: str, *, deep: bool = False) -> None:
        shipped = [Job(definition=each, function=print) for each in (*JOBS, EXPORT, CLOSING)]
        with self._set(TRIGGER_BACKEND=backend), self.recorder.acting(OPERATIONS):
            self.patched.setattr(registry, "all_jobs", lambda: tuple(shipped))
            operations.handle({"operation": operation, "deep": deep}, None)

    def _change_behind_our_back(self) -> None:
        self._make_triggers(boto3.client)

    def _make_triggers(self, client: Client) -> None:
        with self.recorder.acting(None):
            _change(client("events"), client("scheduler"))

    def use_the_api(self) -> None:
        """Every endpoint that asks AWS something, on both trigger backends."""
        from app import app

        call = partial(_called, Api(app, RouteTable(admin_api_routes(PROJECT))))
        for backend in ("auto", "scheduler"):
            self._operate(backend, "reconcile")
            with self._set(TRIGGER_BACKEND=backend), self.recorder.acting(API):
                _change_jobs(call)
                _look(call)
                self._change_behind_our_back()
                _apply(call)
                _run_once(call)

    def run_jobs(self) -> None:
        """A job that fails and is tried again, one that enqueues, one that others wait for, and the sweep."""
        with connect(self.database_url) as connection:
            with self._working(connection, EXPORT, _fail):
                self._start(connection, EXPORT)
            with self._working(connection, CLOSING, _enqueue_others):
                self._start(connection, CLOSING)
            with self._working(connection, EXPORT, _succeed):
                self._start(connection, EXPORT, followed=True)
            self._sweep(connection)

    @contextmanager
    def _working(self, connection: Connection, definition: JobDefinition, function: Any) -> Iterator[None]:
        retry = Retry(attempts=1, delays=[timedelta(minutes=5)])
        works = Job(definition=definition._replace(retry=retry), function=function)
        self.patched.setattr(registry, "all_jobs", lambda: (works,))
        yield

    def _start(self, connection: Connection, definition: JobDefinition, *, followed: bool = False) -> None:
        parent = written(connection, job_id=definition.id)
        if followed:
            written(connection, job_id=CLOSING.id, after=parent.execution_id)
        started = {
            "cause": "one_time",
            "job_id": definition.id,
            "execution_id": str(parent.execution_id),
            "scheduled_at": parent.scheduled_at.isoformat(),
        }
        with self.recorder.acting(job_role(definition.id)):
            context = LambdaContext(function_name=naming.job_name(STAGE, definition.id))
            handler.handle(started, context)  # type: ignore[arg-type]

    def _sweep(self, connection: Connection) -> None:
        definition, now = mark_lost_executions.definition, datetime.now(UTC) + _HOUR
        retried = {"retry": Retry(attempts=1, delays=[timedelta(minutes=5)])}
        jobs.store_definitions(connection, [EXPORT._replace(**retried), CLOSING, *JOBS])
        claimed(connection, EXPORT.id, lease=timedelta(), request_id=str(uuid.uuid4()), overlap="allow")
        ctx: JobContext[Any] = JobContext(
            execution_id=uuid.uuid4(), job_id=definition.id, attempt=1, scheduled_at=now, now=now, deadline=now + _HOUR,
            logger=job_logger(definition.id, "INFO"), connect=partial(connect, self.database_url),
        )  # fmt: skip
        with self.recorder.acting(job_role(definition.id)):
            mark_lost_executions(ctx)

    def log_in(self) -> None:
        """Get the database's login from wherever it can be kept, as every function does."""
        boto3.client("secretsmanager").create_secret(
            Name=VARIANTS["secret"]["DATABASE_SECRET_ID"], SecretString='{"username": "jobs", "password": "x"}'
        )
        for variant in ("secret", "rds-iam"):
            login = database(from_environment({**ENVIRONMENT, **VARIANTS[variant]})).login
            assert login is not None
            for role in (API, OPERATIONS, job_role(EXPORT.id)):
                with self.recorder.acting(role):
                    login(True)

    @contextmanager
    def _set(self, **variables: str) -> Iterator[None]:
        environment = {
            **ENVIRONMENT,
            "AUTH_SIGNING_KEY": KEY,
            "DATABASE_URL": self.database_url,
        }
        for name, value in (environment | variables).items():
            self.patched.setenv(name, value)
        forget()
        yield


def forget() -> None:
    """Let no client and no setting of another test be used."""
    for cached in _CACHED:
        cached.cache_clear()


def _change(events: Any, scheduler: Any) -> None:
    """A rule whose target is another, a schedule that is off, and one of each that no job has."""
    _have_group(scheduler)
    target: Any = {"Arn": "arn:aws:lambda:eu-central-1:123456789012:function:x", "RoleArn": "arn:aws:iam::1:role/x"}
    for name in (f"{_PREFIX}{EXPORT.id}", f"{_PREFIX}of-yesterday"):
        events.put_rule(Name=name, ScheduleExpression="rate(1 hour)", State="DISABLED")
        events.put_targets(Rule=name, Targets=[{"Id": "other", "Arn": target["Arn"]}])
    for name in (f"{_PREFIX}{CLOSING.id}", f"{_PREFIX}of-yesterday"):
        whole: Any = {
            "GroupName": f"lamplighter-{STAGE}", "Name": name, "ScheduleExpression": "rate(1 hour)",
            "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target,
        }  # fmt: skip
        scheduler.delete_schedule(GroupName=whole["GroupName"], Name=name) if _is_there(scheduler, whole) else None
        scheduler.create_schedule(**whole)


def _have_group(scheduler: Any) -> None:
    # The group is CloudFormation's, and what makes it in moto is the one-machine edition's.
    with suppress(scheduler.exceptions.ConflictException):
        scheduler.create_schedule_group(Name=naming.deployment(STAGE))


def _is_there(scheduler: Any, whole: Mapping[str, Any]) -> bool:
    listed = scheduler.list_schedules(GroupName=whole["GroupName"])["Schedules"]
    return whole["Name"] in {each["Name"] for each in listed}


def _called(api: Api, method: str, path: str, expected: int, body: object = None, *, base: str = BASE) -> Answer:
    answer = api(method, base + path, json_body=body, actor=str(uuid.uuid4()))
    assert answer.status == expected, (method, path, answer.status, answer.body)
    return answer


def _change_jobs(call: Any) -> None:
    job = f"/jobs/{EXPORT.id}"
    for action in ("trigger", "pause", "resume"):
        call("POST", f"{job}/{action}", 204)
    call("DELETE", job, 204)
    call("POST", "/jobs/restore", 204)


def _look(call: Any) -> None:
    health.aws = health.AwsHealth()
    call("GET", "/health/ready", 200, base="")
    for path in ("/plan", "/plan?deep=true", "/quota"):
        call("GET", path, 200)


def _apply(call: Any) -> None:
    etag = call("GET", "/plan", 200).headers["ETag"]
    call("POST", "/plan/apply", 200, {"etag": etag})


def _run_once(call: Any) -> None:
    executions = f"/jobs/{EXPORT.id}/executions"
    call("POST", executions, 201, {})
    later = call("POST", executions, 201, {"delay": 7200}).headers["Location"]
    path = later.partition(BASE)[2]
    call("POST", f"{path}/reschedule", 204, {"at": (datetime.now(UTC) + 3 * _HOUR).isoformat()})
    call("POST", f"{path}/cancel", 204)
    call("POST", f"{path}/retry", 204)
    call("POST", "/executions/retry", 200, {"jobId": EXPORT.id, "status": ["cancelled"]})


def _fail(_ctx: JobContext[Any]) -> None:
    raise ValueError("no")


def _succeed(_ctx: JobContext[Any]) -> None:
    pass


def _enqueue_others(_ctx: JobContext[Any]) -> None:
    other = Job(definition=EXPORT, function=print)
    enqueue(other)
    enqueue(other, delay=_HOUR)
