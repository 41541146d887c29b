"""Resource types that moto's CloudFormation leaves out of a stack, each written to moto's real backend.

moto finds them as subclasses of CloudFormationModel: importing this module before the first stack is all it takes.
"""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from typing import Any, cast

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.utils import get_backend
from moto.cloudwatch.models import Dimension, Metric, MetricDataQuery, MetricStat, cloudwatch_backends
from moto.core.common_models import CloudFormationModel
from moto.scheduler.models import scheduler_backends
from moto.secretsmanager.exceptions import SecretNotFoundException
from moto.secretsmanager.models import secretsmanager_backends
from moto.secretsmanager.utils import random_password
from moto.sns.exceptions import TopicNotFound
from moto.sns.models import sns_backends
from moto.sqs.exceptions import QueueDoesNotExist
from moto.sqs.models import sqs_backends

from infra.local.cloudformation_resource import Properties as Properties
from infra.local.cloudformation_resource import Written as _Written

_ALARM_PROPERTIES = {
    "namespace": "Namespace",
    "metric_name": "MetricName",
    "comparison_operator": "ComparisonOperator",
    "evaluation_periods": "EvaluationPeriods",
    "datapoints_to_alarm": "DatapointsToAlarm",
    "period": "Period",
    "threshold": "Threshold",
    "statistic": "Statistic",
    "extended_statistic": "ExtendedStatistic",
    "description": "AlarmDescription",
    "unit": "Unit",
    "treat_missing_data": "TreatMissingData",
}
_ALARM_LISTS = {
    "dimensions": "Dimensions",
    "alarm_actions": "AlarmActions",
    "ok_actions": "OKActions",
    "insufficient_data_actions": "InsufficientDataActions",
    "tags": "Tags",
}


class EventInvokeConfig(_Written, CloudFormationModel):
    """AWS::Lambda::EventInvokeConfig; moto keeps one per function, whatever the qualifier."""

    identity = ("FunctionName",)

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Lambda::EventInvokeConfig"

    def put(self, account_id: str, region_name: str) -> None:
        settings = {key: value for key, value in self.properties.items() if key not in ("FunctionName", "Qualifier")}
        for name in ("MaximumRetryAttempts", "MaximumEventAgeInSeconds"):
            if name in settings:
                settings[name] = int(settings[name])
        get_backend(account_id, region_name).put_function_event_invoke_config(self.properties["FunctionName"], settings)

    def delete(self, account_id: str, region_name: str) -> None:
        try:
            function = get_backend(account_id, region_name).get_function(self.properties["FunctionName"])
        except UnknownFunctionException:  # moto deletes a stack's resources in any order
            return
        function.event_invoke_config = []


class ScheduleGroup(_Written, CloudFormationModel):
    """AWS::Scheduler::ScheduleGroup. A group that exists is kept: moto's create would drop its schedules."""

    identity = ("Name",)
    arn: str

    @staticmethod
    def cloudformation_name_type() -> str:
        return "Name"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Scheduler::ScheduleGroup"

    def put(self, account_id: str, region_name: str) -> None:
        backend = scheduler_backends[account_id][region_name]
        tags = self.properties.get("Tags", [])
        group = backend.schedule_groups.get(self.physical_resource_id)
        if group is None:
            group = backend.create_schedule_group(self.physical_resource_id, tags)
        else:
            backend.tag_resource(group.arn, tags)
        self.arn = group.arn

    def delete(self, account_id: str, region_name: str) -> None:
        scheduler_backends[account_id][region_name].schedule_groups.pop(self.physical_resource_id, None)


class QueuePolicy(_Written, CloudFormationModel):
    """AWS::SQS::QueuePolicy: kept on the queues and shown by GetQueueAttributes; moto does not enforce it."""

    identity = ("Queues",)

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::SQS::QueuePolicy"

    def put(self, account_id: str, region_name: str) -> None:
        self._write(json.dumps(self.properties["PolicyDocument"]), account_id, region_name)

    def delete(self, account_id: str, region_name: str) -> None:
        self._write("", account_id, region_name)

    def _write(self, policy: str, account_id: str, region_name: str) -> None:
        for url in self.properties["Queues"]:
            try:
                queue = sqs_backends[account_id][region_name].get_queue(url.rpartition("/")[2])
            except QueueDoesNotExist:  # moto deletes a stack's resources in any order
                continue
            queue.policy = policy


class TopicPolicy(_Written, CloudFormationModel):
    """AWS::SNS::TopicPolicy: kept on the topics and shown by GetTopicAttributes; moto does not enforce it."""

    identity = ("Topics",)

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::SNS::TopicPolicy"

    def put(self, account_id: str, region_name: str) -> None:
        self._write(json.dumps(self.properties["PolicyDocument"]), account_id, region_name)

    def delete(self, account_id: str, region_name: str) -> None:
        self._write("{}", account_id, region_name)

    def _write(self, policy: str, account_id: str, region_name: str) -> None:
        for arn in self.properties["Topics"]:
            with suppress(TopicNotFound):  # moto deletes a stack's resources in any order
                sns_backends[account_id][region_name].get_topic(arn).policy = policy


class Alarm(_Written, CloudFormationModel):
    """AWS::CloudWatch::Alarm: kept and shown by DescribeAlarms; moto never evaluates it."""

    identity = ("AlarmName",)
    arn: str

    @staticmethod
    def cloudformation_name_type() -> str:
        return "AlarmName"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::CloudWatch::Alarm"

    def put(self, account_id: str, region_name: str) -> None:
        given = {name: self.properties.get(wire_name) for name, wire_name in _ALARM_PROPERTIES.items()}
        lists = {name: self.properties.get(wire_name, []) for name, wire_name in _ALARM_LISTS.items()}
        alarm = cloudwatch_backends[account_id][region_name].put_metric_alarm(
            name=self.physical_resource_id,
            metric_data_queries=[_query(metric) for metric in self.properties.get("Metrics", [])],
            actions_enabled=self.properties.get("ActionsEnabled", True),
            **cast("dict[str, Any]", given | lists),
        )
        self.arn = alarm.alarm_arn

    def delete(self, account_id: str, region_name: str) -> None:
        cloudwatch_backends[account_id][region_name].delete_alarms([self.physical_resource_id])


class Secret(_Written, CloudFormationModel):
    """AWS::SecretsManager::Secret with GenerateSecretString, generated when it is made and when that changes."""

    identity = ("Name",)
    _generated: Any = None

    @staticmethod
    def cloudformation_name_type() -> str:
        return "Name"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::SecretsManager::Secret"

    def put(self, account_id: str, region_name: str) -> None:
        backend, name = secretsmanager_backends[account_id][region_name], self.properties["Name"]
        wanted = self.properties["GenerateSecretString"]
        if name not in backend.secrets:
            made = backend.create_secret(
                name, secret_string=_generated(wanted), secret_binary=None, description=self._description,
                tags=[], kms_key_id=None, client_request_token=None, replica_regions=[], force_overwrite=False,
            )  # fmt: skip
            self.physical_resource_id = str(json.loads(made)["ARN"])  # Ref is the ARN
        elif wanted != self._generated:
            # moto takes a call without a token for one that would make the secret again.
            backend.update_secret(name, _generated(wanted), None, uuid.uuid4().hex, None, self._description)
        self._generated = wanted

    def delete(self, account_id: str, region_name: str) -> None:
        with suppress(SecretNotFoundException):  # somebody was faster
            secretsmanager_backends[account_id][region_name].delete_secret(self.physical_resource_id, None, True)

    @property
    def _description(self) -> str:
        return str(self.properties.get("Description", ""))


def _generated(wanted: Properties) -> str:
    word = random_password(
        password_length=int(wanted.get("PasswordLength", 32)),
        exclude_characters=wanted.get("ExcludeCharacters", ""),
        exclude_numbers=_is_true(wanted.get("ExcludeNumbers")),
        exclude_punctuation=_is_true(wanted.get("ExcludePunctuation")),
        exclude_uppercase=_is_true(wanted.get("ExcludeUppercase")),
        exclude_lowercase=_is_true(wanted.get("ExcludeLowercase")),
        include_space=_is_true(wanted.get("IncludeSpace")),
        require_each_included_type=wanted.get("RequireEachIncludedType") not in (False, "false"),
    )
    if "SecretStringTemplate" not in wanted:
        return word
    return json.dumps({**json.loads(wanted["SecretStringTemplate"]), wanted["GenerateStringKey"]: word})


def _is_true(value: object) -> bool:
    return value in (True, "true")


def _query(metric: Any) -> MetricDataQuery:
    statistic = None
    if stat := metric.get("MetricStat"):
        dimensions = [Dimension(each["Name"], each["Value"]) for each in stat["Metric"].get("Dimensions", [])]
        measured = Metric(stat["Metric"]["MetricName"], stat["Metric"]["Namespace"], dimensions)
        statistic = MetricStat(measured, stat["Period"], stat["Stat"], stat.get("Unit"))
    return MetricDataQuery(
        query_id=metric["Id"],
        label=metric.get("Label"),
        period=metric.get("Period"),
        return_data=metric.get("ReturnData", True),
        expression=metric.get("Expression"),
        metric_stat=statistic,
    )
