"""How an invocation ended as Lambda's own log lines say it: what killed it cannot tell us itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from functions import naming
from functions.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient

UNKNOWN = "lease ran out"
# A sweep's worth: FilterLogEvents is throttled at a few calls a second, and the others can be looked up by hand.
_MOST_LOOKED_UP = 20
_MOST_PAGES = 3
_INGESTION = timedelta(minutes=1)
# The sample lines of AWS show runtimes killed with a few megabytes to go; nobody else sends SIGKILL there.
_FULL = 0.95

_EXIT = re.compile(r"Runtime exited with error: (signal: [\w -]+|exit status \d+)")
_TIMEOUT = re.compile(r"Task timed out after [\d.]+ seconds")
_MEGABYTES = re.compile(r"(\d+) MB")


class Ending(NamedTuple):
    """Why an execution stopped without a word, and the words that say so."""

    reason: str
    detail: str


class InvocationLog:
    """Looks up how invocations of this deployment's jobs ended: a few of them, and none after a look-up that failed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._left = _MOST_LOOKED_UP
        self._failure = ""

    def ending(self, job_id: str, request_id: str | None, *, since: datetime, until: datetime) -> Ending:
        """What Lambda's log says of this invocation; reason `lease ran out` where it says nothing. Raises nothing."""
        if request_id is None or self._failure or self._left == 0:
            return Ending(UNKNOWN, self._failure)
        self._left -= 1
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return read(self._lines(job_id, request_id, since, until), request_id)
        except (ClientError, BotoCoreError) as error:
            if getattr(error, "response", {}).get("Error", {}).get("Code") != "ResourceNotFoundException":
                self._failure = f"CloudWatch could not be asked why: {error}"
            return Ending(UNKNOWN, self._failure or "its function has no log group any more")

    def _lines(self, job_id: str, request_id: str, since: datetime, until: datetime) -> list[str]:
        group = f"/aws/lambda/{naming.job_name(self._settings.stage, job_id)}"
        pages = self._client.get_paginator("filter_log_events").paginate(
            logGroupName=group,
            startTime=int(since.timestamp() * 1000),
            endTime=int((until + _INGESTION).timestamp() * 1000),
            filterPattern=f'?"RequestId: {request_id}" ?"{request_id} Task timed out"',
            PaginationConfig={"MaxItems": 100, "PageSize": 100},
        )
        found: list[str] = []
        for number, page in enumerate(pages, start=1):
            found += [event["message"] for event in page["events"]]
            if number == _MOST_PAGES:
                break
        return found

    @cached_property
    def _client(self) -> CloudWatchLogsClient:
        # Imported only here: boto3 takes half a second, and most minutes nothing is lost.
        import boto3
        from botocore.config import Config

        config = Config(connect_timeout=2, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})
        return boto3.client("logs", region_name=self._settings.region, config=config)


def read(lines: Iterable[str], request_id: str) -> Ending:
    """What Lambda's lines about one request say of its end.

    Lambda Developer Guide, "Troubleshoot execution issues in Lambda" (Task timed out, Runtime exited) and "Using
    Lambda function logs" (the fields of REPORT). Only the lines name a cause: after the lease, time proves nothing.
    """
    own = [line.strip() for line in lines if request_id in line]
    report = next((line for line in own if line.startswith(f"REPORT RequestId: {request_id}")), "")
    fields = dict(part.strip().split(": ", 1) for part in report.split("\t") if ": " in part)
    memory = _memory(fields)
    timeout = next((found[0] for line in own if (found := _TIMEOUT.search(line))), None)
    if timeout or fields.get("Status") == "timeout":
        return Ending("timed out", f"Lambda: {timeout or 'Status: timeout'}{memory}")
    exited = next((found[1] for line in own if (found := _EXIT.search(line))), None)
    is_out_of_memory = fields.get("Error Type") == "Runtime.OutOfMemory"
    if is_out_of_memory or (exited == "signal: killed" and _share(fields) >= _FULL):
        return Ending("out of memory", f"Lambda: {'Runtime.OutOfMemory' if is_out_of_memory else exited}{memory}")
    if exited:
        return Ending(f"crashed: {exited}", f"Lambda: Runtime exited with error{memory}")
    return Ending(UNKNOWN, f"Lambda reports no more than: {' '.join(report.split())}" if report else "")


def _memory(fields: dict[str, Any]) -> str:
    used, size = fields.get("Max Memory Used"), fields.get("Memory Size")
    return f"; it had used {used} of {size}" if used and size else ""


def _share(fields: dict[str, str]) -> float:
    used, size = (_MEGABYTES.match(fields.get(name, "")) for name in ("Max Memory Used", "Memory Size"))
    return int(used[1]) / int(size[1]) if used and size else 0.0
