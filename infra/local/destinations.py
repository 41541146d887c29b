"""Where failed asynchronous events go: the on-failure destination and the dead-letter queue, both SQS here."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime

import boto3

from infra.local.function import Function
from infra.local.invocation import InvokeResult

logger = logging.getLogger("lamplighter.local")


@dataclass(frozen=True, kw_only=True)
class FailedEvent:
    """An event Lambda gave up on. `condition` is AWS's word for why; `last` is None when it never ran."""

    request_id: str
    payload: bytes
    condition: str
    attempts: int
    last: InvokeResult | None
    failed_at: datetime


def deliver(failed: FailedEvent, function: Function) -> None:
    """Sends the event to what the function names; a function that names nothing loses it, as on AWS."""
    if function.on_failure_arn is not None:
        _send(function.on_failure_arn, function, json.dumps(_record(failed, function)))
    if function.dead_letter_arn is not None:
        _send(function.dead_letter_arn, function, failed.payload.decode(), _dead_letter_attributes(failed))


def _record(failed: FailedEvent, function: Function) -> dict[str, object]:
    """The invocation record of "Capturing records of Lambda asynchronous invocations" (Lambda Developer Guide)."""
    record: dict[str, object] = {
        "version": "1.0",
        "timestamp": failed.failed_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "requestContext": {
            "requestId": failed.request_id,
            "functionArn": f"{function.arn}:$LATEST",
            "condition": failed.condition,
            "approximateInvokeCount": failed.attempts,
        },
        "requestPayload": json.loads(failed.payload or b"null"),
    }
    if failed.last is not None:
        record["responseContext"] = {
            "statusCode": failed.last.status_code,
            "executedVersion": "$LATEST",
            "functionError": failed.last.function_error,
        }
        record["responsePayload"] = json.loads(failed.last.payload)
    return record


def _dead_letter_attributes(failed: FailedEvent) -> dict[str, dict[str, str]]:
    """The attributes of "Adding a dead-letter queue" (Lambda Developer Guide); the message itself is the event."""
    attributes = {"RequestID": {"DataType": "String", "StringValue": failed.request_id}}
    if failed.last is not None:
        message = str(json.loads(failed.last.payload).get("errorMessage") or "Unhandled")[:1000]
        attributes["ErrorCode"] = {"DataType": "Number", "StringValue": str(failed.last.status_code)}
        attributes["ErrorMessage"] = {"DataType": "String", "StringValue": message}
    return attributes


def _send(arn: str, function: Function, body: str, attributes: dict[str, dict[str, str]] | None = None) -> None:
    _, _, service, region, account_id, name = arn.split(":", 5)
    if service != "sqs":
        logger.error("event of %s is lost: destination %s is not an SQS queue, the only kind here", function.name, arn)
        return
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=region)  # noqa: S106
    sqs = session.client("sqs", endpoint_url=function.endpoint_url)
    url = sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account_id)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes or {})  # type: ignore[arg-type]
