"""One deploy of a stage at a time: an object in its bucket, which only one of two can be first to write."""

from __future__ import annotations

import getpass
import json
import os
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from functions.errors import JobsError
from infra import bucket
from infra.aws import Aws
from infra.deployment import Deployment

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "deploys/lock.json"
# CloudFormation may work on one step for an hour. Whoever was killed is in nobody's way for longer than this.
LEASE = timedelta(hours=2)
_RENEWED_AFTER = timedelta(minutes=10)
# A holder of ours whose answer got lost is met as somebody else; S3: PutObject, "Conditional writes".
_TAKEN = ("PreconditionFailed", "ConditionalRequestConflict")

Clock = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


class DeployLocked(JobsError):
    """Somebody else deploys this stage now, or their lock was left behind; nothing was changed."""

    code = "deploy_locked"


@dataclass(frozen=True)
class Holder:
    """Who holds the lock, and until when."""

    command: str
    who: str
    host: str
    user: str
    pid: int
    since: datetime
    until: datetime
    token: str

    def to_json(self) -> str:
        """It as JSON."""
        return json.dumps({**asdict(self), "since": self.since.isoformat(), "until": self.until.isoformat()}, indent=1)

    @classmethod
    def from_json(cls, text: bytes) -> Holder:
        """What to_json() wrote."""
        value: dict[str, Any] = json.loads(text)
        instants = {name: datetime.fromisoformat(value[name]) for name in ("since", "until")}
        return cls(**{**value, **instants})

    def __str__(self) -> str:
        return f"{self.user}@{self.host} ({self.who}) with `{self.command}`, since {self.since:%Y-%m-%d %H:%M:%S} UTC"


class Lock:
    """The lock while it is held."""

    def __init__(self, s3: S3Client, deployment: Deployment, holder: Holder, *, clock: Clock) -> None:
        self._s3 = s3
        self._deployment = deployment
        self._holder = holder
        self._clock = clock

    def renew(self) -> None:
        """Hold it for longer. Raises DeployLocked when somebody has taken it away."""
        now = self._clock()
        if now - (self._holder.until - LEASE) < _RENEWED_AFTER:
            return
        self._require_ours()
        self._holder = replace(self._holder, until=now + LEASE)
        _write(self._s3, self._deployment, self._holder)

    def release(self) -> None:
        """Give it back; nothing when it is another's by now, or its bucket is gone."""
        if (found := read(self._s3, self._deployment)) and found.token == self._holder.token:
            bucket.delete(self._s3, self._deployment, [KEY])

    def _require_ours(self) -> None:
        found = read(self._s3, self._deployment)
        if found is None or found.token != self._holder.token:
            taker = f"by {found}" if found else "and let go"
            raise DeployLocked(f"the lock on this stage was taken away {taker}: stopped; run the command again")


@contextmanager
def held(
    aws: Aws,
    deployment: Deployment,
    *,
    command: str,
    is_to_break: bool = False,
    clock: Clock = _now,
) -> Iterator[Lock]:
    """Hold the lock for the time of the block; whatever ends it gives the lock back.

    `is_to_break` takes it from whoever holds it. So is taken what has run out, and what a process of this machine held
    that is no more. Raises DeployLocked otherwise.
    """
    now = clock()
    holder = Holder(
        command, aws.caller, socket.gethostname(), _user(), os.getpid(), now, now + LEASE, token=uuid.uuid4().hex
    )
    lock = Lock(aws.s3, deployment, holder, clock=clock)
    try:
        _take(aws.s3, deployment, holder, is_to_break=is_to_break)
        yield lock
    finally:
        lock.release()


def read(s3: S3Client, deployment: Deployment) -> Holder | None:
    """Who holds it; None when nobody does."""
    if not bucket.has_bucket(s3, deployment):
        return None
    text = bucket.read(s3, deployment, KEY)
    return None if text is None else Holder.from_json(text)


def refuse_if_held(s3: S3Client, deployment: Deployment, *, now: datetime) -> None:
    """Raise DeployLocked while somebody deploys."""
    if (found := read(s3, deployment)) and found.until > now and not _is_gone(found):
        raise _locked(found)


def _take(s3: S3Client, deployment: Deployment, holder: Holder, *, is_to_break: bool) -> None:
    try:
        _write(s3, deployment, holder, IfNoneMatch="*")
        return
    except ClientError as error:
        if error.response["Error"]["Code"] not in _TAKEN:
            raise
    found = s3.get_object(Bucket=deployment.bucket, Key=KEY, ExpectedBucketOwner=deployment.settings.account_id)
    other = Holder.from_json(found["Body"].read())
    if other.token == holder.token:
        return  # an answer was lost, and the SDK asked again
    if not (is_to_break or other.until <= holder.since or _is_gone(other)):
        raise _locked(other)
    try:
        _write(s3, deployment, holder, IfMatch=found["ETag"])
    except ClientError as error:
        if error.response["Error"]["Code"] not in _TAKEN:
            raise
        raise _locked(other) from None  # two saw that it had run out, and the other was first


def _locked(other: Holder) -> DeployLocked:
    return DeployLocked(
        f"this stage is being deployed by {other}: wait for it to end. If it was killed, its lock ends by itself at "
        f"{other.until:%H:%M} UTC, or give --break-lock; nothing was changed"
    )


def _write(s3: S3Client, deployment: Deployment, holder: Holder, **condition: Any) -> None:
    s3.put_object(
        Bucket=deployment.bucket,
        Key=KEY,
        Body=holder.to_json().encode(),
        ExpectedBucketOwner=deployment.settings.account_id,
        **condition,
    )


def _is_gone(holder: Holder) -> bool:
    """Whether it was a process of this machine and user's that has ended."""
    if holder.host != socket.gethostname() or holder.pid == os.getpid():
        return False
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"user {os.getuid()}"
