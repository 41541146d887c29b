"""What killed a function's process is in its CloudWatch log group, where the sweep looks it up."""

from __future__ import annotations

import pytest

from functions.invocation_log import read
from tests.integration.local.account import Account

ENDS = {
    "import os\ndef handler(event, context):\n    os._exit(3)\n": "crashed: exit status 3",
    "import os\ndef handler(event, context):\n    os.kill(os.getpid(), 9)\n": "crashed: signal: killed",
    "def handler(event, context):\n    while True: pass\n": "timed out",
}


@pytest.mark.parametrize(("source", "reason"), ENDS.items())
def test_what_killed_a_process_can_be_read_from_its_log_group(account: Account, source: str, reason: str) -> None:
    lines = lines_after(account, source)
    request_id = lines[-1].split()[2]
    assert read(lines, request_id).reason == reason


def test_of_an_error_the_function_reports_itself_lambda_has_nothing_to_add(account: Account) -> None:
    assert lines_after(account, "def handler(event, context):\n    raise ValueError('no')\n") == []


def lines_after(account: Account, source: str) -> list[str]:
    """What is in the log group of a function of this source once it was invoked."""
    name, logs = account.deploy(source, timeout_s=1), account.client("logs")
    logs.create_log_group(logGroupName=f"/aws/lambda/{name}")
    assert account.invoke(name).function_error == "Unhandled"
    return [event["message"] for event in logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]]
