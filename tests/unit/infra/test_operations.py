"""An operation's answer comes back as it is, and its failure as our error with its own words."""

from __future__ import annotations

import io
import json
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from infra.operations import OperationFailed, lines, run_operation


def _answering(payload: bytes, **more: Any) -> Any:
    client = boto3.client(
        "lambda", region_name="eu-central-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )
    stubber = Stubber(client)
    request = {
        "FunctionName": "lamplighter-dev-operations",
        "InvocationType": "RequestResponse",
        "Payload": json.dumps({"operation": "migrate"}).encode(),
    }
    body = StreamingBody(io.BytesIO(payload), len(payload))
    stubber.add_response("invoke", {"StatusCode": 200, "Payload": body, **more}, request)
    stubber.activate()
    return client


def test_the_answer_is_what_the_function_returned() -> None:
    assert run_operation(_answering(b'{"applied": ["0001_jobs"]}'), "dev", "migrate") == {"applied": ["0001_jobs"]}


def test_an_answer_of_nothing_is_none() -> None:
    assert run_operation(_answering(b"null"), "dev", "migrate") is None


def test_an_error_in_the_function_is_told_in_its_own_words() -> None:
    payload = b'{"errorMessage": "PostgreSQL cannot be reached at db", "errorType": "DatabaseUnavailable"}'
    client = _answering(payload, FunctionError="Unhandled")

    with pytest.raises(OperationFailed, match=r"'migrate' failed .* DatabaseUnavailable: PostgreSQL cannot be reached"):
        run_operation(client, "dev", "migrate")


@pytest.mark.parametrize("payload", [b"", b"killed", b"[]", b'{"other": 1}'])
def test_an_error_without_a_message_is_still_an_error(payload: bytes) -> None:
    with pytest.raises(OperationFailed):
        run_operation(_answering(payload, FunctionError="Unhandled"), "dev", "migrate")


def test_an_answer_is_told_line_by_line() -> None:
    assert lines({"lines": ["create  rule  cleanup", "1 create"]}) == ["create  rule  cleanup", "1 create"]


@pytest.mark.parametrize("answer", [None, "done", {"applied": []}])
def test_an_answer_without_lines_says_nothing(answer: Any) -> None:
    assert lines(answer) == []
