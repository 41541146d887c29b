"""An AWS account for tests: functions deployed from source text, over boto3 and HTTP, to the one-machine AWS."""

from __future__ import annotations

import base64
import io
import json
import socket
import uuid
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.config import Config

from infra.local.function import Function

REGION = "us-east-1"
_PATIENCE_S = 20

WAITS_AT_GATE = """
import os, socket
def handler(event, context):
    with socket.create_connection(("127.0.0.1", event["gate"])) as gate:
        gate.sendall(str(os.getpid()).encode())
        gate.recv(1)
    return os.getpid()
"""


@dataclass(frozen=True)
class Answer:
    """What Invoke gave back."""

    status: int
    payload: Any
    function_error: str | None
    log: str


class Account:
    """boto3 clients of one endpoint. They never retry: a test sees the first answer."""

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url = endpoint_url
        self.lambda_ = self.client("lambda")
        self.sqs = self.client("sqs")
        self.role = self.client("iam").create_role(RoleName=_unique("role"), AssumeRolePolicyDocument="{}")["Role"][
            "Arn"
        ]

    def client(self, service: str) -> Any:
        """A client of any service."""
        return boto3.Session().client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.endpoint_url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=_PATIENCE_S),
        )

    def deploy(self, source: str, *, timeout_s: int = 20, **options: Any) -> str:
        """A new function of this source; returns its name."""
        name = _unique("function")
        self.lambda_.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role=self.role,
            Handler="app.handler",
            Timeout=timeout_s,
            Code={"ZipFile": package(source)},
            **options,
        )
        return name

    def upload(self, source: str) -> dict[str, str]:
        """The same as an object in a bucket: what a function's Code says."""
        code = {"S3Bucket": _unique("bucket"), "S3Key": "code.zip"}
        s3 = self.client("s3")
        s3.create_bucket(Bucket=code["S3Bucket"])
        s3.put_object(Bucket=code["S3Bucket"], Key=code["S3Key"], Body=package(source))
        return code

    def invoke(self, name: str, payload: Any = None, **options: Any) -> Answer:
        """One invocation, with the end of its log."""
        given = self.lambda_.invoke(FunctionName=name, Payload=json.dumps(payload), LogType="Tail", **options)
        body = given["Payload"].read()
        return Answer(
            status=given["StatusCode"],
            payload=json.loads(body) if body else None,
            function_error=given.get("FunctionError"),
            log=base64.b64decode(given.get("LogResult", "")).decode(),
        )

    def queue(self) -> tuple[str, str]:
        """A new queue: its URL and its ARN."""
        url = self.sqs.create_queue(QueueName=_unique("queue"))["QueueUrl"]
        return url, self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def receive(self, url: str) -> dict[str, Any]:
        """The next message, waited for. Fails when none comes."""
        messages = self.sqs.receive_message(
            QueueUrl=url, WaitTimeSeconds=_PATIENCE_S - 2, MessageAttributeNames=["All"]
        ).get("Messages")
        assert messages, f"no message arrived in {url}"
        message: dict[str, Any] = messages[0]
        return message


def function_in(directory: Path, source: str) -> Function:
    """A function of this source, for an executor without AWS around it."""
    directory.joinpath("package").mkdir()
    directory.joinpath("package", "app.py").write_text(source)
    return Function(
        name="bare",
        arn="arn:aws:lambda:us-east-1:123456789012:function:bare",
        region=REGION,
        runtime="python3.11",
        handler="app.handler",
        package=directory / "package",
        endpoint_url="http://127.0.0.1:9",
    )


class Gate:
    """Where a running function stops until the test lets it go on; it also shows when its process ends."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_PATIENCE_S)
        self._visitors: list[socket.socket] = []

    @property
    def event(self) -> dict[str, int]:
        """The event that sends a function here."""
        return {"gate": self._listener.getsockname()[1]}

    def arrival(self) -> tuple[int, socket.socket]:
        """The next process to arrive and its connection: one byte lets it go on, b"" read from it says it ended."""
        visitor, _ = self._listener.accept()
        visitor.settimeout(_PATIENCE_S)
        self._visitors.append(visitor)
        return int(visitor.recv(20)), visitor

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in (*self._visitors, self._listener):
            each.close()


def package(source: str) -> bytes:
    """A deployment package with one module, app."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("app.py", source)
    return content.getvalue()


def _unique(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex[:12]}"
