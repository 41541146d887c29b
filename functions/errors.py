"""The one error tree: every failure this product raises on purpose, each with a stable code.

    JobsError
    ├── SettingsError            an environment variable is missing or wrong
    ├── InvalidJob               a job definition breaks a rule
    │   └── DuplicateJob         two definitions share an id
    ├── InvalidParams            params do not fit what the job takes
    ├── InvalidSchedule          an expression or a time zone AWS would refuse or misread
    ├── InvalidEvent             a Lambda event we cannot act on
    ├── InvalidEnqueue           a one-time execution that cannot be what it is asked to be
    ├── JobsDisabled             this deployment's jobs are switched off
    ├── JobNotFound              no such job
    ├── ExecutionNotFound        no such execution
    ├── UserNotFound             no such user
    ├── InvalidUser              a user's name or password breaks a rule
    ├── NameTaken                another user has this name
    ├── RoleNotFound             no such role
    ├── InvalidRole              a role that cannot be, or that there is not
    ├── RoleExists               another role has this name
    ├── RoleIsBuiltin            a role that comes with the product and stays
    ├── LastAdministrator        nobody would be left who may do everything
    ├── LimitExceeded            a deployment would go over a limit of AWS
    ├── DatabaseUnavailable      PostgreSQL cannot be reached
    ├── SecretUnavailable        a secret cannot be read, or is not what it must be
    ├── ClaimLost                somebody else runs this occurrence by now
    ├── OutcomeNotRecorded       the job ended, PostgreSQL does not know
    ├── DatabaseBusy             PostgreSQL answers, and could not do it in time
    ├── AwsUnavailable           an AWS call failed
    │   ├── AwsThrottled         AWS takes no more calls for the moment
    │   └── ReconcileRunning     another reconcile is at work
    ├── TriggerFailed            a job could not be invoked by hand
    └── RestoreFailed            not every definition could be brought back

A message says what, which value, the rule, and the next step. The codes are listed in docs/errors.md.
"""

from __future__ import annotations

from typing import ClassVar


class JobsError(Exception):
    """Anything this product refuses or fails at on purpose."""

    code: ClassVar[str] = "jobs_error"


class SettingsError(JobsError):
    """An environment variable is missing or holds a value we cannot use."""

    code = "settings_invalid"


class InvalidJob(JobsError):
    """A job definition breaks a rule; raised when its module is imported."""

    code = "jobs_invalid"


class DuplicateJob(InvalidJob):
    """Two job definitions share one id."""

    code = "jobs_duplicate"


class InvalidParams(JobsError):
    """Params that do not fit the dataclass a job names, or that JSON cannot carry; nothing of the job was run."""

    code = "params_invalid"


class InvalidSchedule(JobsError):
    """A schedule expression or time zone that AWS would refuse, or read differently than meant."""

    code = "schedule_invalid"


class InvalidEvent(JobsError):
    """A Lambda event that names no job, no instant, or not one we know how to read."""

    code = "event_invalid"


class InvalidEnqueue(JobsError):
    """A one-time execution was asked for with a time, key or condition there cannot be; nothing was written."""

    code = "enqueue_invalid"


class JobsDisabled(JobsError):
    """This deployment's jobs can be looked at, not changed or enqueued."""

    code = "jobs_disabled"

    def __init__(self) -> None:
        super().__init__("jobs are switched off in this deployment (JOBS_ENABLED=false): set it to true and deploy")


class JobNotFound(JobsError):
    """No job has this id."""

    code = "jobs_not_found"


class ExecutionNotFound(JobsError):
    """No execution has this id."""

    code = "executions_not_found"


class UserNotFound(JobsError):
    """No local user has this id or name."""

    code = "users_not_found"


class InvalidUser(JobsError):
    """A user's name or password that breaks a rule; no message shows a password."""

    code = "users_invalid"


class NameTaken(JobsError):
    """Another user has this name, maybe in another spelling."""

    code = "users_name_taken"


class RoleNotFound(JobsError):
    """No role has this name."""

    code = "roles_not_found"


class InvalidRole(JobsError):
    """A role's name or permissions that cannot be, or roles for a user that there are not."""

    code = "roles_invalid"


class RoleExists(JobsError):
    """Another role has this name."""

    code = "roles_name_taken"


class RoleIsBuiltin(JobsError):
    """A role that comes with the product is neither changed nor deleted."""

    code = "roles_builtin"


class LastAdministrator(JobsError):
    """The change would leave no enabled user with a password who holds `*`; nothing was changed."""

    code = "users_last_administrator"

    def __init__(self) -> None:
        super().__init__(
            "nobody would be left who holds '*' and can log in: give another enabled user with a password a role with "
            "it first, such as admin"
        )


class AdministratorExists(JobsError):
    """A first administrator was to be made where there is one; nothing was changed."""

    code = "administrator_exists"

    def __init__(self) -> None:
        super().__init__(
            "somebody who can log in holds '*' already: they make users in the UI, or scripts/users does, on a machine "
            "that reaches the database"
        )


class LimitExceeded(JobsError):
    """What would be deployed goes over a limit of AWS; nothing was changed."""

    code = "aws_limit_exceeded"


class DatabaseUnavailable(JobsError):
    """PostgreSQL cannot be reached; nothing was run or changed."""

    code = "database_unavailable"


class SecretUnavailable(JobsError):
    """A secret of Secrets Manager cannot be read or does not hold what it must; the message names it, not its value."""

    code = "secret_unavailable"


class DatabaseBusy(JobsError):
    """A statement, or its wait for a lock, was ended because its time was over; its transaction changed nothing."""

    code = "database_busy"


class ClaimLost(JobsError):
    """The claim was taken over while the job ran; what its transaction held was rolled back."""

    code = "claim_lost"


class OutcomeNotRecorded(JobsError):
    """A job ended but PostgreSQL could not be told; the Lambda invocation must fail."""

    code = "outcome_not_recorded"


class AwsUnavailable(JobsError):
    """An AWS call failed after retries; PostgreSQL already holds what was asked for."""

    code = "aws_unavailable"


class ReconcileRunning(AwsUnavailable):
    """Another reconcile is at work for longer than this one may wait."""

    code = "reconcile_running"


class AwsThrottled(AwsUnavailable):
    """AWS still refused a call for being one too many, after retries; everything else is as for AwsUnavailable."""

    code = "aws_throttled"


class TriggerFailed(JobsError):
    """A job could not be invoked by hand."""

    code = "jobs_trigger_failed"


class RestoreFailed(JobsError):
    """At least one definition could not be brought back; the message names each."""

    code = "jobs_restore_failed"
