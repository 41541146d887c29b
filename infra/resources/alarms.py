"""Which alarms a stage has. What each says stands in alarm_texts.py, what to do then in docs/infrastructure.md, too.

An alarm can watch ten metrics by name, and nothing that adds up over jobs by itself. So our own metrics are counted
for the whole stage, too (functions/metrics.py), and Lambda's are watched for the few functions that all else rests on.
"""

from __future__ import annotations

from troposphere import Template
from troposphere.cloudwatch import Metric

from functions import naming
from infra.deployment import Deployment
from infra.resources.alarm import add_alarm, add_silence_alarm, add_sum_alarm, metric

SWEEP = "mark-lost-executions"
"""The job that finds what was lost or missed: while it does not run, nobody counts either."""

OURS = "Lamplighter"
"""The namespace of the metrics that functions/metrics.py writes."""


def add_alarms(template: Template, deployment: Deployment) -> None:
    """Add what watches the jobs, the queue and our own functions to the shared stack."""
    stage = deployment.stage
    for word in ("failed", "lost", "missed", "near-timeout"):
        add_alarm(template, deployment, word, metric(OURS, word.replace("-", "_"), stage=stage))
    waiting = metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", QueueName=naming.dead_letter_queue(stage))
    add_alarm(template, deployment, "dead-letters", waiting, statistic="Maximum", tells_end=True)
    functions, swept = [naming.api_function(stage), naming.operations_function(stage)], _is_swept(deployment)
    add_sum_alarm(template, deployment, "errors", [_of_function(name, "Errors") for name in functions])
    # The sweep runs every minute: that an account's concurrency is used up shows there first.
    starved = [*functions, naming.job_name(stage, SWEEP)] if swept else functions
    add_sum_alarm(template, deployment, "throttles", [_of_function(name, "Throttles") for name in starved])
    if swept:
        add_silence_alarm(template, deployment, "sweep-silent", metric(OURS, "succeeded", service=SWEEP, stage=stage))


def _is_swept(deployment: Deployment) -> bool:
    return deployment.settings.jobs_enabled and SWEEP in {job.id for job in deployment.jobs}


def _of_function(name: str, what: str) -> Metric:
    return metric("AWS/Lambda", what, FunctionName=name)
