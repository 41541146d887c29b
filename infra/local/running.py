"""The running one-machine edition, for a command beside it: where it is, and the settings its functions have."""

from __future__ import annotations

import json
import os
from pathlib import Path

import boto3

from functions import naming
from functions.errors import JobsError
from infra.local.confinement import confine
from infra.local.loopback import require_loopback, require_loopback_database

STATE = Path(__file__).resolve().parent.parent.parent / ".local"


def facts_of(state: Path) -> dict[str, str]:
    """What its dev.json says. Raises JobsError when nothing runs there, NotLoopback when it leads off this machine."""
    try:
        facts: dict[str, str] = json.loads((state / "dev.json").read_text())
    except FileNotFoundError:
        raise JobsError(f"nothing runs in {state}: start scripts/dev first, or name its state with --state") from None
    require_loopback(facts["aws_endpoint_url"], what="the AWS endpoint")
    require_loopback_database(facts["database_url"], what="the database of dev.json")
    return facts


def deployed_variables(facts: dict[str, str]) -> dict[str, str]:
    """The environment its functions have, as one of them says; this process's AWS is that one from now on."""
    confine(os.environ, region=facts["region"])
    os.environ["AWS_ENDPOINT_URL"] = facts["aws_endpoint_url"]
    functions = boto3.client("lambda", region_name=facts["region"])
    name = naming.operations_function("local")
    variables: dict[str, str] = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    return {**variables, "AWS_REGION": facts["region"]}
