"""Whether what was just put up works: each part is asked something that changes nothing."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from functions import naming
from functions.errors import JobsError
from infra.operations import run_operation
from infra.run import Run

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

# Each is a cold start, and all have one code: the others show nothing more.
_PROBED = 20
_AT_ONCE = 8
_READY = "/health/ready"
# Every instance is at work: then it surely starts.
_BUSY = "TooManyRequestsException"


class SmokeFailed(JobsError):
    """What was put up does not work; the message says which part."""

    code = "deploy_smoke_failed"


def check(run: Run, job_ids: Sequence[str]) -> None:
    """Ask the operations function for the database, the API for its health, and jobs whether they start.

    Raises SmokeFailed with everything that is wrong.
    """
    with run.step("smoke check") as detail:
        functions, stage = run.aws.functions, run.deployment.stage
        wrong = [*_operations(functions, stage), *_api(functions, stage), *_jobs(functions, stage, job_ids[:_PROBED])]
        if wrong:
            raise SmokeFailed(
                "it is up, and does not work:\n" + "\n".join(f"  {line}" for line in wrong) + "\n"
                f"scripts/deploy doctor --stage {stage} looks closer; scripts/deploy rollback --stage {stage} puts the "
                "code before back"
            )
        detail.append(f"operations, API and {len(job_ids[:_PROBED])} of {len(job_ids)} jobs answer")


def _operations(functions: LambdaClient, stage: str) -> list[str]:
    try:
        answer = run_operation(functions, stage, "doctor")
    except JobsError as error:
        return [str(error)]
    if answer.get("database") is None:
        return [f"operations: {answer.get('error', 'no answer about the database')}"]
    pending = answer["database"]["pending"]
    return [f"operations: migrations are pending: {', '.join(pending)}"] if pending else []


def _api(functions: LambdaClient, stage: str) -> list[str]:
    answer, error = _invoke(functions, naming.api_function(stage), _request(_READY))
    if error is None and isinstance(answer, dict) and answer.get("statusCode") == 200:
        return []
    said = error or (answer.get("body") if isinstance(answer, dict) else answer)
    return [f"admin API: GET {_READY} answered {said}"]


def _jobs(functions: LambdaClient, stage: str, job_ids: Sequence[str]) -> list[str]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda job_id: _job(functions, stage, job_id), job_ids)
        return [wrong for wrong in found if wrong is not None]


def _job(functions: LambdaClient, stage: str, job_id: str) -> str | None:
    answer, error = _invoke(functions, naming.job_name(stage, job_id), {"probe": job_id})
    if error == _BUSY or (error is None and isinstance(answer, dict) and answer.get("probe") == "ok"):
        return None
    return f"job {job_id}: {error or answer}"


def _invoke(functions: LambdaClient, name: str, event: Any) -> tuple[Any, str | None]:
    """What it answered, and what went wrong."""
    try:
        response = functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())
    except ClientError as error:
        return None, error.response["Error"]["Code"]
    text = response["Payload"].read().decode()
    return (None, text) if response.get("FunctionError") else (json.loads(text) if text else None, None)


def _request(path: str) -> dict[str, Any]:
    """What API Gateway makes of a GET (Developer Guide, "Input format of a Lambda function for proxy integration")."""
    headers = {"Host": "smoke.check", "Accept": "application/json"}
    return {
        "resource": path,
        "path": path,
        "httpMethod": "GET",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "httpMethod": "GET",
            "identity": {"sourceIp": "127.0.0.1", "userAgent": "scripts/deploy"},
            "path": path,
            "protocol": "HTTP/1.1",
            "requestId": str(uuid.uuid4()),
            "resourcePath": path,
            "stage": "smoke",
        },
        "body": None,
        "isBase64Encoded": False,
    }
