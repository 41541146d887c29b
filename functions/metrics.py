"""CloudWatch metrics of a job and of its stage, in embedded format (one log line, no call), which the alarms watch."""

from __future__ import annotations

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

_NAMESPACE = "Lamplighter"


def count_outcome(
    *,
    stage: str,
    job_id: str,
    status: str,
    duration_ms: float | None = None,
    count: int = 1,
    near_timeout: bool = False,
) -> None:
    """Count executions of a job that ended with this status; how long it ran, where it ran, and if that was close.

    Counted twice: for the job, and for the whole stage, which is what an alarm can watch: CloudWatch adds nothing up
    over jobs for it.
    """
    metrics = EphemeralMetrics(namespace=_NAMESPACE, service=job_id)
    metrics.add_dimension(name="stage", value=stage)
    metrics.add_dimensions(stage=stage)
    metrics.add_metric(name=status, unit=MetricUnit.Count, value=count)
    if near_timeout:
        metrics.add_metric(name="near_timeout", unit=MetricUnit.Count, value=1)
    if duration_ms is not None:
        metrics.add_metric(name="duration", unit=MetricUnit.Milliseconds, value=duration_ms)
    metrics.flush_metrics()
