"""One instance of the API as a process of its own: the real app behind the local gateway, one request at a time.

Run as a program it prints its address and serves until its input ends.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Any

import requests


class Instance:
    """A process that serves the API; `call` sends it a request."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self._url = self._process.stdout.readline().strip()
        self._session = requests.Session()
        self._session.trust_env = False

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def call(self, method: str, path: str, *, token: str, body: object = None, **headers: str) -> requests.Response:
        """The answer to this request."""
        sent = {"Authorization": f"Bearer {token}", **{name.replace("_", "-"): each for name, each in headers.items()}}
        return self._session.request(method, self._url + path, headers=sent, json=body, timeout=30)

    def stop(self) -> None:
        """End it."""
        self._session.close()
        self._process.communicate(timeout=10)


def _serve() -> None:
    from infra.local.gateway import Gateway
    from infra.local.gateway_routes import admin_api_routes
    from tests.conftest import PROJECT

    routes = admin_api_routes(PROJECT)
    from app import app

    one_at_a_time = threading.Lock()  # as Lambda does

    def invoke(event: bytes) -> bytes:
        with one_at_a_time:
            answer: Any = app(json.loads(event), None)
        return json.dumps(answer).encode()

    gateway = Gateway(routes=routes, invoke=invoke, report=lambda line: print(line, file=sys.stderr))
    print(gateway.start(), flush=True)
    sys.stdin.read()
    gateway.stop()


if __name__ == "__main__":
    _serve()
