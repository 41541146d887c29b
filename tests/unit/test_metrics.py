"""What CloudWatch counts: every outcome for its job and for its stage."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_lambda_powertools import Metrics

from functions.metrics import count_outcome


@pytest.fixture
def counted(capsys: pytest.CaptureFixture[str]) -> Any:
    def count(**outcome: Any) -> dict[str, Any]:
        count_outcome(stage="prod", job_id="cleanup", **outcome)
        line: dict[str, Any] = json.loads(capsys.readouterr().out)
        return line

    return count


def test_an_outcome_is_counted_for_its_job_and_for_the_stage_that_alarms_watch(counted: Any) -> None:
    line = counted(status="failed", duration_ms=12.5)
    (directive,) = line["_aws"]["CloudWatchMetrics"]

    assert directive["Namespace"] == "Lamplighter"
    assert [sorted(dimensions) for dimensions in directive["Dimensions"]] == [["service", "stage"], ["stage"]]
    assert (line["service"], line["stage"]) == ("cleanup", "prod")
    assert (line["failed"], line["duration"]) == ([1.0], [12.5])


def test_an_execution_that_took_nearly_all_its_time_is_counted_as_such_beside_its_outcome(counted: Any) -> None:
    assert counted(status="succeeded", near_timeout=True)["near_timeout"] == [1.0]
    assert "near_timeout" not in counted(status="succeeded")


def test_metrics_of_a_jobs_own_and_ours_do_not_mix(counted: Any, capsys: pytest.CaptureFixture[str]) -> None:
    own = Metrics(namespace="Shop")
    own.set_default_dimensions(environment="blue", **{f"d{number}": "x" for number in range(20)})
    own.add_metric(name="orders", unit="Count", value=3)
    line = counted(status="succeeded")
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert [sorted(dimensions) for dimensions in directive["Dimensions"]] == [["service", "stage"], ["stage"]]
    assert "orders" not in line
    own.flush_metrics()
    assert json.loads(capsys.readouterr().out)["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Shop"
    own.clear_metrics()
    own.default_dimensions.clear()
