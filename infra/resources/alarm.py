"""One CloudWatch alarm, and whom it tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from troposphere import Ref, Template
from troposphere.cloudwatch import Alarm, Metric, MetricDataQuery, MetricDimension, MetricStat

from functions import naming
from infra import policies
from infra.deployment import Deployment
from infra.resources.alarm_texts import TEXTS
from infra.resources.topic import TOPIC, topic_name

_PERIOD_S = 300


def alarm_name(stage: str, word: str) -> str:
    """The name of an alarm: `lamplighter-<stage>-<word>`."""
    return f"{naming.deployment(stage)}-{word}"


def metric(namespace: str, name: str, **dimensions: str) -> Metric:
    """A metric by its name and exactly these dimensions, which are part of what it is."""
    named = [MetricDimension(Name=key, Value=value) for key, value in dimensions.items()]
    return Metric(Namespace=namespace, MetricName=name, Dimensions=named)


def add_alarm(
    template: Template,
    deployment: Deployment,
    word: str,
    watched: Metric,
    *,
    statistic: str = "Sum",
    at_least: int = 1,
    tells_end: bool = False,
) -> None:
    """Add an alarm for at least so many in five minutes; no data is no trouble."""
    more: dict[str, Any] = {"OKActions": [_told(template, deployment)]} if tells_end else {}
    _add(
        template, deployment, word, Threshold=at_least, EvaluationPeriods=1, **_single(watched, statistic), **more,
    )  # fmt: skip


def add_silence_alarm(template: Template, deployment: Deployment, word: str, watched: Metric) -> None:
    """Add an alarm for none at all in fifteen minutes, which ends when there is one again; no data is just that."""
    _add(
        template, deployment, word, Threshold=0, ComparisonOperator="LessThanOrEqualToThreshold", EvaluationPeriods=3,
        TreatMissingData="breaching", OKActions=[_told(template, deployment)], **_single(watched, "Sum"),
    )  # fmt: skip


def add_sum_alarm(template: Template, deployment: Deployment, word: str, metrics: Sequence[Metric]) -> None:
    """Add an alarm for one or more in five minutes of several metrics, at most ten; one without data counts as 0."""
    queries = [
        MetricDataQuery(
            Id=f"m{number}",
            MetricStat=MetricStat(Metric=metric, Period=_PERIOD_S, Stat="Sum"),
            ReturnData=False,
        )
        for number, metric in enumerate(metrics)
    ]
    summed = f"SUM([{', '.join(f'FILL({query.Id}, 0)' for query in queries)}])"
    total = MetricDataQuery(Id="total", Expression=summed, Label=word, ReturnData=True)
    _add(template, deployment, word, Threshold=1, EvaluationPeriods=1, Metrics=[*queries, total])


def _single(watched: Metric, statistic: str) -> dict[str, Any]:
    return {
        "Namespace": watched.Namespace,
        "MetricName": watched.MetricName,
        "Dimensions": watched.Dimensions,
        "Statistic": statistic,
        "Period": _PERIOD_S,
    }


def _add(template: Template, deployment: Deployment, word: str, **properties: Any) -> None:
    usual = {"ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": "notBreaching"}
    template.add_resource(
        Alarm(
            "".join(part.capitalize() for part in word.split("-")) + "Alarm",
            AlarmName=alarm_name(deployment.stage, word),
            AlarmDescription=TEXTS[word].format(name=naming.deployment(deployment.stage)),
            AlarmActions=[_told(template, deployment)],
            **(usual | properties),
        )
    )


def _told(template: Template, deployment: Deployment) -> Any:
    """Where alarms go: the topic the options name, or ours."""
    if deployment.options.alarm_topic_arn is not None:
        return deployment.options.alarm_topic_arn
    made_here = TOPIC in template.resources
    return Ref(TOPIC) if made_here else policies.regional_arn("sns", topic_name(deployment.stage))
