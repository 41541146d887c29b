"""`scripts/deploy administrator`: the first local user of a stage, made inside its account."""

from __future__ import annotations

from pathlib import Path

from infra.aws import connect
from infra.chalice_app import find_api
from infra.deploying.up import Way
from infra.deployment import Deployment
from infra.operations import lines, run_operation
from infra.person import login_name

_PROJECT = Path(__file__).parents[2]


def make_administrator(deployment: Deployment, way: Way, name: str, password: str) -> list[str]:
    """Make the user of this name (as `username` keeps it), who may do everything; what was done, for people.

    Only a hash of the password leaves this machine. Raises OperationFailed with what the operations function said:
    there is somebody already, or the name is taken.
    """
    find_api(_PROJECT)
    from chalicelib import passwords  # late: now it can be found

    answer = run_operation(
        connect(deployment, way.session).functions, deployment.stage, "administrator",
        name=name, password_hash=passwords.hash(password), by=login_name(),
    )  # fmt: skip
    return lines(answer)
