"""What Lambda's own lines say of an invocation's end, in the formats CloudWatch shows them in."""

from __future__ import annotations

import pytest

from functions.invocation_log import read

ID = "8f507cfc-xmpl-4697-b07a-ac58fc914c95"
OTHER = "00000000-xmpl-4697-b07a-ac58fc914c95"
START = f"START RequestId: {ID} Version: $LATEST\n"


def report(request_id: str = ID, *, used: int = 80, status: str = "") -> str:
    rest = f"\tStatus: {status}" if status else ""
    return (
        f"REPORT RequestId: {request_id}\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 128 MB\t"
        f"Max Memory Used: {used} MB{rest}\t\n"
    )


def exited(how: str, request_id: str = ID) -> str:
    return f"RequestId: {request_id} Error: Runtime exited with error: {how}\nRuntime.ExitError\n"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([f"2026-11-23T12:00:03.000Z {ID} Task timed out after 3.00 seconds\n\n", report()], "timed out"),
        ([report(status="timeout")], "timed out"),
        ([report(used=128, status="timeout")], "timed out"),
        ([report(used=128, status="error\tError Type: Runtime.OutOfMemory")], "out of memory"),
        ([report(used=127), exited("signal: killed")], "out of memory"),
        ([report(used=80), exited("signal: killed")], "crashed: signal: killed"),
        ([exited("signal: segmentation fault"), report()], "crashed: signal: segmentation fault"),
        ([exited("exit status 3"), report(status="error\tError Type: Runtime.ExitError")], "crashed: exit status 3"),
        ([START, report()], "lease ran out"),
        ([START], "lease ran out"),
        ([], "lease ran out"),
        ([exited("signal: killed", OTHER), report(OTHER, used=128), START], "lease ran out"),
    ],
)
def test_the_end_is_told_from_the_lines_of_this_request_only(lines: list[str], reason: str) -> None:
    assert read([START, *lines], ID).reason == reason


def test_it_says_how_much_memory_there_was() -> None:
    assert read([report(used=128, status="timeout")], ID).detail == (
        "Lambda: Status: timeout; it had used 128 MB of 128 MB"
    )


def test_a_report_that_names_no_cause_is_passed_on_as_it_is() -> None:
    assert read([report()], ID).detail.startswith(f"Lambda reports no more than: REPORT RequestId: {ID} Duration: 3000")
