"""moto's Lambda, taught to run functions: its Invoke reaches the executor instead of echoing the event."""

from __future__ import annotations

import base64
import inspect
import zipfile
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import moto
from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda.utils import get_backend
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.core.config import default_user_config
from moto.core.exceptions import JsonRESTError
from moto.core.models import DEFAULT_ACCOUNT_ID

from functions.errors import JobsError
from infra.local.executor import Executor
from infra.local.function import Function
from infra.local.invocation import InvocationRefused, InvokeResult
from infra.local.packages import Packages

_MOTO_VERSION = "5.2.5"
_INVOKE_PARAMETERS = ["self", "function_name", "qualifier", "body", "headers", "response_headers"]

_Invoke = Callable[[LambdaBackend, str, str | None, str, Mapping[str, str], MutableMapping[str, str]], bytes]


@contextmanager
def lambda_runs_functions(*, executor: Executor, packages: Packages, endpoint_url: str) -> Iterator[None]:
    """While this is entered, Invoke on moto runs the function; moto's classes are global, so enter it once at a time.

    Raises JobsError when moto's internals are not those this was written for.
    """
    parameters = list(inspect.signature(LambdaSimpleBackend.invoke).parameters)
    if moto.__version__ != _MOTO_VERSION or parameters != _INVOKE_PARAMETERS:
        raise JobsError(
            f"moto {moto.__version__} with invoke({', '.join(parameters)}) is installed, infra/local patches moto "
            f"{_MOTO_VERSION} with invoke({', '.join(_INVOKE_PARAMETERS)}): run scripts/setup, or adapt "
            "infra/local/lambda_backend.py"
        )
    invoke = _invoke_through(executor, packages, endpoint_url)
    with (
        patch.dict(default_user_config["lambda"], use_docker=False),
        patch.object(LambdaSimpleBackend, "invoke", invoke),
    ):
        _check_patch()
        yield


def _check_patch() -> None:
    """moto's own Invoke echoes the event of a function that does not exist; ours refuses it."""
    name = "lamplighter-self-check"
    try:
        get_backend(DEFAULT_ACCOUNT_ID, "us-east-1").invoke(name, None, "{}", {}, {})
    except UnknownFunctionException:
        return
    raise JobsError(
        f"moto answered for function {name!r}, which does not exist: moto no longer invokes functions through "
        "LambdaSimpleBackend.invoke; adapt infra/local/lambda_backend.py"
    )


def _invoke_through(executor: Executor, packages: Packages, endpoint_url: str) -> _Invoke:
    def invoke(
        backend: LambdaBackend,
        function_name: str,
        qualifier: str | None,
        body: str | None,
        headers: Mapping[str, str],
        response_headers: MutableMapping[str, str],
    ) -> bytes:
        def read_function() -> Function:
            try:
                configured = backend.get_function(function_name, qualifier)
            except UnknownFunctionException as unknown:
                raise InvocationRefused("ResourceNotFoundException", 404, unknown.message) from unknown
            return _function(configured, packages, endpoint_url)

        backend.get_function(function_name, qualifier)
        try:
            result = executor.invoke(
                read_function,
                (body or "").encode(),
                invocation_type=headers.get("X-Amz-Invocation-Type") or "RequestResponse",
            )
        except InvocationRefused as refused:
            error = JsonRESTError(refused.code, str(refused))
            error.code = refused.status
            raise error from refused
        response_headers.update(_headers(result))
        return result.payload

    return invoke


def _headers(result: InvokeResult) -> dict[str, str]:
    """The response headers of "Invoke" (AWS Lambda API Reference); moto drops the log unless it was asked for."""
    headers = {"x-amz-executed-version": "$LATEST"}
    if result.function_error is not None:
        headers["x-amz-function-error"] = result.function_error
    if result.log_tail:
        headers["x-amz-log-result"] = base64.b64encode(result.log_tail).decode()
    return headers


def _function(configured: LambdaFunction, packages: Packages, endpoint_url: str) -> Function:
    try:
        package = packages.unpack(base64.b64decode(configured.code_sha_256).hex(), configured.code_bytes)
    except zipfile.BadZipFile as error:
        message = f"the package of function {configured.function_name} is not a zip file ({error}): upload it again"
        raise InvocationRefused("InvalidZipFileException", 502, message) from error
    reserved = configured.reserved_concurrency
    return Function(
        name=configured.function_name,
        arn=configured.function_arn,
        region=configured.region,
        runtime=configured.run_time or "python3",
        handler=configured.handler or "",
        package=package,
        endpoint_url=endpoint_url,
        environment=configured.environment_vars,
        memory_mb=int(configured.memory_size),
        timeout=timedelta(seconds=int(configured.timeout)),
        reserved_concurrency=None if reserved is None else int(reserved),
        dead_letter_arn=(getattr(configured, "dead_letter_config", None) or {}).get("TargetArn"),
        **_asynchronous(configured),
    )


def _asynchronous(configured: LambdaFunction) -> dict[str, Any]:
    settings = configured.event_invoke_config[-1].config if configured.event_invoke_config else {}
    on_failure = (settings.get("DestinationConfig") or {}).get("OnFailure") or {}
    return {
        "retry_attempts": int(settings.get("MaximumRetryAttempts", 2)),
        "maximum_event_age": timedelta(seconds=int(settings.get("MaximumEventAgeInSeconds", 21_600))),
        "on_failure_arn": on_failure.get("Destination"),
    }
