"""Alarms that mean something and say what to do, and the dashboard beside them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from functions import naming
from functions.settings import FINAL_STATUSES
from infra.resources.alarm_texts import TEXTS
from infra.templates import all_templates
from tests.conftest import PROJECT
from tests.unit.infra.deployments import deployment_of, packages
from tests.unit.infra.variants import FEW_JOBS

TOPIC = "arn:aws:sns:eu-central-1:123456789012:night"


def resources(kind: str, **options: Any) -> dict[str, dict[str, Any]]:
    """Of all stacks, by logical id."""
    templates = all_templates(deployment_of(FEW_JOBS, options=options), packages()).values()
    every = [each for template in templates for each in template.to_dict()["Resources"].items()]
    return {title: found["Properties"] for title, found in every if found["Type"] == kind}


def alarms(**options: Any) -> dict[str, dict[str, Any]]:
    found = resources("AWS::CloudWatch::Alarm", **options).values()
    return {alarm["AlarmName"].removeprefix("lamplighter-dev-"): alarm for alarm in found}


def test_there_is_an_alarm_for_each_text_and_no_other() -> None:
    assert set(alarms()) == set(TEXTS)


def test_each_alarm_says_what_to_do_tells_the_topic_and_knows_what_no_data_means() -> None:
    for word, alarm in alarms().items():
        assert 100 < len(alarm["AlarmDescription"]) <= 1024, word
        assert "{" not in alarm["AlarmDescription"], word
        assert len(alarm["AlarmActions"]) == 1, word
        silence = word == "sweep-silent"
        assert alarm["TreatMissingData"] == ("breaching" if silence else "notBreaching"), word


@pytest.mark.parametrize("word", ["failed", "lost", "missed", "near-timeout"])
def test_what_all_jobs_do_is_watched_by_one_alarm_each(word: str) -> None:
    """Of the metric that functions/metrics.py writes for a whole stage (tests/unit/test_metrics.py)."""
    alarm = alarms()[word]

    assert (alarm["Namespace"], alarm["Dimensions"]) == ("Lamplighter", [{"Name": "stage", "Value": "dev"}])
    assert alarm["MetricName"] in {*FINAL_STATUSES, "near_timeout"}
    assert (alarm["Statistic"], alarm["Threshold"], alarm["Period"]) == ("Sum", 1, 300)


def test_the_sweep_that_finds_all_this_is_watched_itself_while_it_should_run() -> None:
    alarm = alarms()["sweep-silent"]
    switched_off = deployment_of(FEW_JOBS, environ={"JOBS_ENABLED": "false"})
    titles = all_templates(switched_off, packages())["lamplighter-dev"].resources

    assert {each["Name"]: each["Value"] for each in alarm["Dimensions"]} == {
        "service": "mark-lost-executions", "stage": "dev",
    }  # fmt: skip
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanOrEqualToThreshold", 0)
    assert "SweepSilentAlarm" not in titles


@pytest.mark.parametrize(("word", "count"), [("errors", 2), ("throttles", 3)])
def test_our_own_functions_are_watched_together(word: str, count: int) -> None:
    *parts, total = alarms()[word]["Metrics"]
    names = {part["MetricStat"]["Metric"]["Dimensions"][0]["Value"] for part in parts}

    assert len(parts) == count <= 10, "an alarm takes no more"
    assert names <= {
        naming.api_function("dev"),
        naming.operations_function("dev"),
        "lamplighter-dev-job-mark-lost-executions",
    }
    assert [each["ReturnData"] for each in (*parts, total)] == [*[False] * count, True]
    assert all(f"FILL({part['Id']}, 0)" in total["Expression"] for part in parts)


def test_the_topic_takes_alarms_of_this_stage_and_account_and_sends_them_on() -> None:
    (topic,) = resources("AWS::SNS::Topic", alarm_emails=["ops@example.com"]).values()
    (policy,) = resources("AWS::SNS::TopicPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]

    assert topic["Subscription"] == [{"Protocol": "email", "Endpoint": "ops@example.com"}]
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert statement["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"].endswith(":alarm:lamplighter-dev-*")


def test_with_a_topic_of_ones_own_there_is_none_of_ours() -> None:
    assert resources("AWS::SNS::Topic", alarm_topic_arn=TOPIC) == {}
    assert {tuple(alarm["AlarmActions"]) for alarm in alarms(alarm_topic_arn=TOPIC).values()} == {(TOPIC,)}


def test_the_dashboard_shows_the_alarms_and_no_widget_hides_another() -> None:
    (dashboard,) = resources("AWS::CloudWatch::Dashboard").values()
    between, (first, *widgets, last) = dashboard["DashboardBody"]["Fn::Join"]
    text = between.join([first, *(widget["Fn::Sub"] for widget in widgets), last])
    body = json.loads(text)
    places = {(widget["x"], widget["y"], widget["width"], widget["height"]) for widget in body["widgets"]}
    shown = next(widget["properties"]["alarms"] for widget in body["widgets"] if widget["type"] == "alarm")

    assert len(places) == len(body["widgets"])
    assert all(x in (0, 12) and y % 6 == 0 and (width, height) == (12, 6) for x, y, width, height in places)
    assert {arn.rpartition(":lamplighter-dev-")[2] for arn in shown} == set(TEXTS)
    # Fn::Sub would take ${PROP(…)}, which is CloudWatch's, for a name of its own.
    assert set(re.findall(r"\$\{([^}!]+)\}", text)) <= {
        "AWS::Region", "AWS::Partition", "AWS::AccountId",
    }  # fmt: skip


def test_every_alarm_is_documented_and_no_other() -> None:
    page = (PROJECT / "docs" / "infrastructure.md").read_text()
    assert set(re.findall(r"^\| \*\*([a-z-]+)\*\* \|", page, re.MULTILINE)) == set(TEXTS)
