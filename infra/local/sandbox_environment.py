"""The environment variables a function process sees: the function's own and Lambda's, never the host's."""

from __future__ import annotations

import uuid
from datetime import datetime
from pathlib import Path

from infra.local.function import Function


def sandbox_environment(function: Function, *, runtime_api: str, home: Path, started_at: datetime) -> dict[str, str]:
    """The whole environment of one instance; `home` is a directory of its own (and its /tmp).

    The names are those of "Defined runtime environment variables" (Lambda Developer Guide); a function cannot set
    them, so they win. The credentials are not credentials: whatever calls AWS from here reaches `endpoint_url`.
    """
    replaceable = {"LANG": "en_US.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin"}
    return replaceable | dict(function.environment) | _reserved(function, runtime_api, started_at) | _confined(home)


def _reserved(function: Function, runtime_api: str, started_at: datetime) -> dict[str, str]:
    stream = f"{started_at:%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}"
    return {
        "_HANDLER": function.handler,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "AWS_ENDPOINT_URL": function.endpoint_url,
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": "Text",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "LAMBDA_TASK_ROOT": str(function.package),
        "TZ": ":UTC",
    }


def _confined(home: Path) -> dict[str, str]:
    # HOME keeps ~/.aws, ~/.pgpass and the like of whoever runs this out of reach.
    return {"HOME": str(home), "TMPDIR": str(home), "AWS_EC2_METADATA_DISABLED": "true"}
