"""Where CloudWatch has what an execution said: its log group, and a link to the lines of its newest attempt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from functions import naming
from functions.db.executions import ExecutionDetail
from functions.settings import Settings

# AWS, "AWS service endpoints and console": each partition's console.
_CONSOLES = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}
_CONSOLE = "console.aws.amazon.com"
# Clocks differ, and Lambda writes a few lines before and after what we see of a run.
_MARGIN = timedelta(minutes=1)
# Lambda's limit for one invocation: what has no end by then was killed, and says so.
_LONGEST = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class CloudWatchLines:
    """Lambda writes its request id on every line, so that finds them in whichever stream they are."""

    region: str
    log_group: str
    request_id: str
    since_at: datetime
    until_at: datetime
    url: str


def lines_of(row: ExecutionDetail, settings: Settings) -> CloudWatchLines | None:
    """Where the newest attempt's lines are; None before there was one."""
    if row.request_id is None or row.started_at is None:
        return None
    group = f"/aws/lambda/{naming.job_name(settings.stage, row.job_id)}"
    since, until = row.started_at - _MARGIN, (row.finished_at or row.started_at + _LONGEST) + _MARGIN
    return CloudWatchLines(
        region=settings.region,
        log_group=group,
        request_id=row.request_id,
        since_at=since,
        until_at=until,
        url=_url(settings, group, row.request_id, since, until),
    )


def _url(settings: Settings, group: str, request_id: str, since: datetime, until: datetime) -> str:
    # The console's own way of writing: percent-encoded twice, with $ for the second %.
    pattern = quote(f'"{request_id}"', safe="")
    query = f"?filterPattern={pattern}&start={int(since.timestamp() * 1000)}&end={int(until.timestamp() * 1000)}"
    fragment = f"log-group/{_twice(group)}/log-events{quote(query, safe='').replace('%', '$')}"
    console = _CONSOLES.get(settings.partition, _CONSOLE)
    home = f"https://{settings.region}.{console}/cloudwatch/home?region={settings.region}"
    return f"{home}#logsV2:log-groups/{fragment}"


def _twice(text: str) -> str:
    return quote(quote(text, safe=""), safe="").replace("%", "$")
