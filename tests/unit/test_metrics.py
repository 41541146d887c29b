"""What CloudWatch counts: every outcome for its job and for its stage."""

from __future__ import annotations

import json
from typing import Any

import pytest

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
