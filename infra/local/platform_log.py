"""Lambda's own lines about an invocation that was killed or crashed, in the function's CloudWatch log group.

The rest of a function's log stays in its file: these lines are what `functions/invocation_log.py` asks CloudWatch for.
"""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.function import Function
from infra.local.invocation import InvokeResult

logger = logging.getLogger("lamplighter.local")

_STREAM = "local"


def write_end(function: Function, result: InvokeResult) -> None:
    """Write what Lambda would; nothing for a function that answered by itself, or that has no log group."""
    lines = _lines(result)
    if not lines:
        return
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=function.region)  # noqa: S106
    logs = session.client("logs", endpoint_url=function.endpoint_url)
    group, now_ms = f"/aws/lambda/{function.name}", int(time.time() * 1000)
    try:
        if not logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=_STREAM)["logStreams"]:
            logs.create_log_stream(logGroupName=group, logStreamName=_STREAM)
        events = [{"timestamp": now_ms, "message": line} for line in lines]
        logs.put_log_events(logGroupName=group, logStreamName=_STREAM, logEvents=events)  # type: ignore[arg-type]
    except (ClientError, BotoCoreError) as error:
        logger.debug("no log group for the end of %s: %s", function.name, error)


def _lines(result: InvokeResult) -> list[str]:
    """In the words of "Troubleshoot execution issues in Lambda" (Lambda Developer Guide)."""
    error = json.loads(result.payload)
    kind, message = (error.get("errorType"), error.get("errorMessage", "")) if isinstance(error, dict) else (None, "")
    if kind == "Sandbox.Timedout":
        said = message.rpartition("Error: ")[2]
        at = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
        return [f"{at}Z {result.request_id} {said}\n\n", _report(result, "timeout")]
    if kind == "Runtime.ExitError":
        return [f"{message}\n{kind}\n", _report(result, f"error\tError Type: {kind}")]
    return []


def _report(result: InvokeResult, status: str) -> str:
    return f"REPORT RequestId: {result.request_id}\tStatus: {status}\n"
