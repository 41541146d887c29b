"""The dashboard of a stage in CloudWatch: what the alarms watch, and what one wants to see when one has gone off.

Widgets are plain data ("Dashboard body structure and syntax"); the region is filled in by CloudFormation.
"""

from __future__ import annotations

import json
from typing import Any

from troposphere import Join, Sub, Template
from troposphere.cloudwatch import Alarm, Dashboard

from functions import naming
from infra import policies
from infra.deployment import Deployment
from infra.resources.alarm import alarm_name
from infra.resources.alarms import OURS, SWEEP

_OUTCOMES = ("succeeded", "failed", "lost", "missed", "skipped", "cancelled", "near_timeout")
_WIDTH, _HEIGHT = 12, 6
Widget = dict[str, Any]


def add_dashboard(template: Template, deployment: Deployment) -> None:
    """Add the dashboard to the shared stack; after its alarms, which it shows."""
    stage = deployment.stage
    alarms = [each for each in template.resources.values() if each.resource_type == Alarm.resource_type]
    names = [each.AlarmName for each in alarms] + ([alarm_name(stage, "api-errors")] if deployment.is_on_aws else [])
    widgets = [_alarms(names), *_of_jobs(stage), *_of_functions(stage)]
    if deployment.is_on_aws:
        widgets += _of_api(stage)
    template.add_resource(Dashboard("Dashboard", DashboardName=naming.deployment(stage), DashboardBody=_body(widgets)))


def _body(widgets: list[Widget]) -> Join:
    """JSON, a widget a line, so that the template can be read."""
    texts = [json.dumps(_placed(*each)) for each in enumerate(widgets)]
    lines = [Sub(f"{text}," if text is not texts[-1] else text) for text in texts]
    return Join("\n", ['{"start": "-PT24H", "periodOverride": "auto", "widgets": [', *lines, "]}"])


def _alarms(names: list[str]) -> Widget:
    arns = [policies.regional_arn("cloudwatch", f"alarm:{name}").data["Fn::Sub"] for name in names]
    return {"type": "alarm", "properties": {"title": "Alarms", "alarms": arns}}


def _of_jobs(stage: str) -> list[Widget]:
    outcomes = [[OURS, status, "stage", stage, {"stat": "Sum"}] for status in _OUTCOMES]
    return [
        _graph("Executions of all jobs, by how they ended", outcomes),
        _graph("Jobs that failed", [_by_job(stage, "failed", "Sum")]),
        _graph("Jobs that were lost", [_by_job(stage, "lost", "Sum")]),
        _graph("Jobs that were missed", [_by_job(stage, "missed", "Sum")]),
        _graph("How long jobs ran, the longest of each, in ms", [_by_job(stage, "duration", "Maximum")]),
    ]


def _of_functions(stage: str) -> list[Widget]:
    ours = [naming.api_function(stage), naming.operations_function(stage), naming.job_name(stage, SWEEP)]
    queue = naming.dead_letter_queue(stage)
    return [
        _graph("Errors of our own functions", [["AWS/Lambda", "Errors", "FunctionName", name] for name in ours]),
        _graph("Throttles of our own functions", [["AWS/Lambda", "Throttles", "FunctionName", name] for name in ours]),
        _graph(
            "Instances at once, of the whole account", [["AWS/Lambda", "ConcurrentExecutions", {"stat": "Maximum"}]]
        ),
        _graph(
            "Dead letters", [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue, {"stat": "Maximum"}]]
        ),
    ]


def _of_api(stage: str) -> list[Widget]:
    where = ["ApiName", naming.deployment(stage), "Stage", stage]
    return [
        _graph("Requests to the API", [["AWS/ApiGateway", name, *where] for name in ("Count", "4XXError", "5XXError")]),
        _graph(
            "How long the API took, in ms",
            [["AWS/ApiGateway", "Latency", *where, {"stat": stat}] for stat in ("p50", "p99")],
        ),
    ]


def _by_job(stage: str, status: str, statistic: str) -> list[Any]:
    # A search finds jobs that are added later, too; "Using search expressions in graphs".
    found = f'{{{OURS},service,stage}} MetricName="{status}" stage="{stage}"'
    return [{"expression": f"SEARCH('{found}', '{statistic}', 300)", "label": "${!PROP('Dim.service')}"}]


def _graph(title: str, metrics: list[Any]) -> Widget:
    properties = {"title": title, "region": "${AWS::Region}", "stat": "Sum", "period": 300, "view": "timeSeries"}
    return {"type": "metric", "properties": {**properties, "metrics": metrics}}


def _placed(number: int, widget: Widget) -> Widget:
    row, column = divmod(number, 2)
    return {"x": column * _WIDTH, "y": row * _HEIGHT, "width": _WIDTH, "height": _HEIGHT, **widget}
