"""The one-machine AWS these tests share: real function processes behind moto's HTTP server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from infra.local.executor import Executor
from infra.local.moto_server import MotoServer
from tests.integration.local.account import Account, Gate

RUNTIME_PYTHON = Path(__file__).parents[3] / ".venv-lambda" / "bin" / "python"


@pytest.fixture(scope="session")
def runtime_python() -> Path:
    """The interpreter of function processes; scripts/setup makes its environment."""
    assert RUNTIME_PYTHON.exists(), f"{RUNTIME_PYTHON} is missing: run scripts/setup"
    return RUNTIME_PYTHON


@pytest.fixture(scope="session")
def local_aws_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shared executor keeps its state; the space in its name is deliberate."""
    return tmp_path_factory.mktemp("local aws")


@pytest.fixture(scope="session")
def account(local_aws_dir: Path, runtime_python: Path) -> Iterator[Account]:
    """An account on the shared server; tests keep apart by making their own functions and queues."""
    soon = timedelta(milliseconds=50)
    with (
        Executor(python=runtime_python, state_dir=local_aws_dir, retry_delays=(soon, soon)) as executor,
        MotoServer(executor=executor, state_dir=local_aws_dir) as server,
    ):
        yield Account(server.start())


@pytest.fixture
def gate() -> Iterator[Gate]:
    """A gate of this test's own."""
    with Gate() as opened:
        yield opened
