"""moto over HTTP as AWS: reachable, and at will not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any
from urllib.request import Request, urlopen

import boto3
from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.server import ThreadedMotoServer

REGION = "eu-central-1"


class Aws:
    """One moto server; its state outlives `away`."""

    def __init__(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._server.start()
        host, self._port = self._server.get_host_and_port()
        self.url = f"http://{host}:{self._port}"
        self._kept: dict[str, Any] = {}
        self.invocations: list[tuple[str, str, dict[str, Any]]] = []

    def stop(self) -> None:
        """Answer nothing any more."""
        self._server.stop()
        assert self._server._server is not None
        self._server._server.server_close()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Inside, every call is refused a connection."""
        self.stop()
        try:
            yield
        finally:
            self._server = ThreadedMotoServer("127.0.0.1", self._port, verbose=False)
            self._server.start()

    def reset(self) -> None:
        """Forget everything."""
        urlopen(Request(f"{self.url}/moto-api/reset", method="POST"), timeout=10).close()
        self.invocations.clear()

    def keep(self) -> None:
        """Remember what is in EventBridge and in its Scheduler, for `restore`."""
        self._kept = {service: deepcopy(_backends(service)[REGION]) for service in ("events", "scheduler")}

    def restore(self) -> None:
        """Only what was kept is there; what making it by calls would take 0.3 s for."""
        self.reset()
        for service, kept in self._kept.items():
            _backends(service)[REGION] = deepcopy(kept)

    def client(self, service: str) -> Any:
        """A boto3 client of a service here."""
        return boto3.client(service, endpoint_url=self.url, region_name=REGION)  # type: ignore[call-overload]

    def rules(self) -> dict[str, str]:
        """The state of each EventBridge rule, by name."""
        return {rule["Name"]: rule["State"] for rule in self.client("events").list_rules()["Rules"]}

    def create_function(self, name: str) -> None:
        """A Lambda function that can be invoked."""
        role = self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        self.client("lambda").create_function(
            FunctionName=name, Role=role, Runtime="python3.12", Handler="a.b", Code={"ZipFile": b"PK"}
        )

    def record(self, name: str, headers: Any, body: str) -> None:
        """Keep one invocation."""
        self.invocations.append((name, headers["X-Amz-Invocation-Type"], json.loads(body)))


def _backends(service: Any) -> Any:
    return get_backend(service)[DEFAULT_ACCOUNT_ID]
