"""What each alarm says to whom it wakes: what happened, and what to do now. docs/infrastructure.md has more."""

from __future__ import annotations

from collections.abc import Mapping

# CloudWatch shows at most 1,024 characters (PutMetricAlarm, API reference). {name} is lamplighter-<stage>.
TEXTS: Mapping[str, str] = {
    "failed": (
        "An execution failed and will not be tried again. Open its job in the UI: the error and the log lines are "
        "there. Mend the cause, then retry the execution there; nothing else has stopped."
    ),
    "lost": (
        "An execution was killed or fell silent: out of memory, past its timeout, or without its database. The UI says "
        "which under the execution's reason. Give the job more memory or time, or retry it."
    ),
    "missed": (
        "An expected execution never arrived. Is the job's rule there and on (scripts/reconcile)? Does the throttles "
        "alarm ring, too? Does AWS report trouble with EventBridge? Then start the job by hand in the UI."
    ),
    "near-timeout": (
        "An execution took more than 80 % of its time and still ended well. Nothing is broken: in the morning raise "
        "the job's timeout, or make it do less. The dashboard {name} shows which job."
    ),
    "dead-letters": (
        "An event could not be recorded in PostgreSQL, or waited an hour for a free instance: it is in the queue "
        "{name}-dead-letters. Can PostgreSQL be reached? Then the log of the function that the message names. What was "
        "due is found as missed by itself; delete the message, and the alarm ends."
    ),
    "errors": (
        "The admin API's or the operations function crashed, or ran out of time or memory. The log groups "
        "/aws/lambda/{name}-api and /aws/lambda/{name}-operations have the reason. Jobs go on without them."
    ),
    "throttles": (
        "Lambda has no instance free for the admin API, the operations function or the sweep: the account's "
        "concurrency is used up, by whatever runs in it. Jobs wait up to an hour, then go to the dead letters. Stop "
        "what takes so much, or ask AWS for more (Service Quotas, Lambda, Concurrent executions)."
    ),
    "sweep-silent": (
        "The job mark-lost-executions did not succeed once in 15 minutes: nobody finds lost and missed executions, and "
        "retries and one-time jobs may wait. Is it paused or removed in the UI? Does its log say that PostgreSQL "
        "cannot be reached? A stage's first deploy sets this off, until its rules are made."
    ),
    "api-errors": (
        "Five requests or more to the admin API failed within five minutes. Does /health answer? If it says that "
        "PostgreSQL cannot be reached, that comes first. Else the log group /aws/lambda/{name}-api has the error, by "
        "the request's id. Jobs go on without the API."
    ),
}
