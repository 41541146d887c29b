"""One moto for these tests, empty for each; its functions answer with their own event."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import pytest
import requests
from boto3.session import Session

from tests.conftest import PROJECT

REGION = "eu-central-1"
# A process of its own: the one-machine edition changes the moto it runs in, and other tests run it in ours. Of that
# edition it has the types of resources that moto does not know, and some more. It ends with its input, so also when
# the tests are killed.
_SERVER = """
import sys
from moto.core.config import default_user_config
from moto.server import ThreadedMotoServer

from infra.local import cloudformation_types  # what moto leaves out of a stack
from tests.integration.infra import moto_types

default_user_config["lambda"] = {"use_docker": False}
server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@contextmanager
def moto_process() -> Iterator[str]:
    """The address of a moto of one's own."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=PROJECT,
    ) as server:
        assert server.stdin
        assert server.stdout
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        server.stdin.close()


@pytest.fixture(scope="session")
def _moto() -> Iterator[str]:
    with moto_process() as address:
        yield address


@pytest.fixture
def endpoint_url(_moto: str) -> str:
    """The address of an AWS with nothing in it."""
    requests.post(f"{_moto}/moto-api/reset", timeout=10).raise_for_status()
    return _moto


@pytest.fixture
def session() -> Session:
    """Credentials that are good for moto only."""
    return boto3.session.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION)
