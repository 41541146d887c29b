"""Asks the operations function, inside the account, for what the deploying machine cannot reach: the database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from functions import naming
from functions.errors import JobsError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class OperationFailed(JobsError):
    """The operations function raised; the message carries what it said."""

    code = "operation_failed"


def run_operation(functions: LambdaClient, stage: str, operation: str, **options: Any) -> Any:
    """What the operation answered, as JSON values. Raises OperationFailed with the function's own error, or when
    there is no such function.
    """
    name = naming.operations_function(stage)
    request = json.dumps({"operation": operation, **options}).encode()
    try:
        response = functions.invoke(FunctionName=name, InvocationType="RequestResponse", Payload=request)
    except functions.exceptions.ResourceNotFoundException as error:
        missing = f"operation {operation!r} needs the function {name}, which is not there"
        raise OperationFailed(f"{missing}: put the stage up first, scripts/deploy up --stage {stage}") from error
    text = response["Payload"].read().decode()
    if response.get("FunctionError"):
        raise OperationFailed(f"operation {operation!r} failed in {name}: {_reason(text)}; its log has the details")
    return json.loads(text) if text else None


def lines(answer: Any) -> list[str]:
    """What the operation says of itself, for people to read: its plan, or what it applied."""
    return [str(line) for line in answer.get("lines", [])] if isinstance(answer, dict) else []


def _reason(text: str) -> str:
    # Lambda answers with errorType and errorMessage; a killed process may leave neither.
    try:
        error = json.loads(text)
        return f"{error.get('errorType', 'error')}: {error['errorMessage']}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return text or "no reason given"
