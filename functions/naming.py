"""What our things are called in AWS: one name per job, shared by its function, rule, schedule, role and log group."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from string import ascii_lowercase, digits

from functions.settings import Settings

# Lambda, EventBridge rules, Scheduler and IAM all accept 64 characters of [A-Za-z0-9-_]; a dot only some of them do.
_LIMIT = 64
_SAFE = frozenset(f"{ascii_lowercase}{digits}_-")


def deployment(stage: str) -> str:
    """The name every resource of a deployment starts with; also its schedule group."""
    return f"lamplighter-{stage}"


def job_prefix(stage: str) -> str:
    """What the name of every job's resources starts with, and nothing else's does."""
    return f"{deployment(stage)}-job-"


def job_name(stage: str, job_id: str) -> str:
    """The name of a job's function, rule and schedule: at most 64 characters, a hash where the id does not fit."""
    prefix = job_prefix(stage)
    if _SAFE.issuperset(job_id) and len(prefix) + len(job_id) <= _LIMIT:
        return prefix + job_id
    digest = _digest(job_id)[:10]
    slug = job_id.replace(".", "_")[: _LIMIT - len(prefix) - len(digest) - 1]
    return f"{prefix}{slug}-{digest}"


def retry_prefix(stage: str) -> str:
    """What the name of every retry's one-time schedule starts with; not a job's prefix, or it would be an orphan."""
    return f"{deployment(stage)}-retry-"


def retry_schedule(stage: str, execution_id: uuid.UUID, attempt: int) -> str:
    """The name of the one-time schedule for this attempt of an execution: at most 59 characters, always the same."""
    return retry_prefix(stage) + _digest(f"{execution_id}:{attempt}")[:24]


def start_prefix(stage: str) -> str:
    """What the name of every one-time execution's schedule starts with; not a job's prefix, as for retries."""
    return f"{deployment(stage)}-start-"


def start_schedule(stage: str, execution_id: uuid.UUID, due_at: datetime) -> str:
    """The name of the schedule that starts an execution then: at most 59 characters, another one for another time."""
    return start_prefix(stage) + _digest(f"{execution_id}:{due_at.astimezone(UTC).isoformat()}")[:24]


def api_function(stage: str) -> str:
    """The admin API's function."""
    return f"{deployment(stage)}-api"


def operations_function(stage: str) -> str:
    """The function that migrates and reconciles from inside the account."""
    return f"{deployment(stage)}-operations"


def role(name: str, region: str) -> str:
    """The role of what is called so in a region: an account has its roles in no region, so their names say it.

    At most 64 characters, a hash where the two do not fit; what the name starts with stays.
    """
    full = f"{name}-{region}"
    if len(full) <= _LIMIT:
        return full
    digest = _digest(full)[:10]
    return f"{name[: _LIMIT - len(digest) - len(region) - 2]}-{digest}-{region}"


def scheduler_role(stage: str, region: str) -> str:
    """The role EventBridge Scheduler assumes to invoke jobs."""
    return role(f"{deployment(stage)}-scheduler", region)


def dead_letter_queue(stage: str) -> str:
    """The queue that receives what could not be recorded."""
    return f"{deployment(stage)}-dead-letters"


def auth_secret(stage: str) -> str:
    """The secret with the keys that sign tokens, where the deployment makes one itself."""
    return f"{deployment(stage)}/auth"


def function_arn(settings: Settings, name: str) -> str:
    """The ARN of a Lambda function of ours."""
    return f"arn:{settings.partition}:lambda:{settings.region}:{settings.account_id}:function:{name}"


def scheduler_role_arn(settings: Settings) -> str:
    """The ARN of the role EventBridge Scheduler assumes."""
    return f"arn:{settings.partition}:iam::{settings.account_id}:role/{scheduler_role(settings.stage, settings.region)}"


def dead_letter_queue_arn(settings: Settings) -> str:
    """The ARN of the dead-letter queue."""
    name = dead_letter_queue(settings.stage)
    return f"arn:{settings.partition}:sqs:{settings.region}:{settings.account_id}:{name}"


def _digest(text: str) -> str:
    import hashlib  # late: most job ids fit, and OpenSSL is a library to load

    return hashlib.sha256(text.encode()).hexdigest()
