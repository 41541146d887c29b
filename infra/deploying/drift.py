"""What of a deployment is no longer as the last deploy left it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from functions import naming
from infra import release
from infra.aws import Aws
from infra.deploying.versions import Version


def functions_there(aws: Aws, stage: str) -> dict[str, Any]:
    """Every function whose name is one of this stage's, as Lambda lists it."""
    prefix = f"{naming.deployment(stage)}-"
    pages = aws.functions.get_paginator("list_functions").paginate()
    found = {each["FunctionName"]: each for page in pages for each in page["Functions"]}
    return {name: each for name, each in found.items() if name.startswith(prefix)}


def drifted_functions(
    aws: Aws, stage: str, *, version: Version | None, living: Mapping[str, str], there: Mapping[str, Any]
) -> list[str]:
    """A line for each function that is missing, that is nobody's, or that runs other code than the version's."""
    ids = [job_id for some in release.deployed_jobs(aws, stage, living).values() for job_id in some]
    expected = {naming.job_name(stage, job_id): "functions" for job_id in ids}
    if naming.deployment(stage) in living:
        expected[naming.operations_function(stage)] = "functions"
    if naming.api_function(stage) in living:
        expected[naming.api_function(stage)] = "api"
    missing = [f"function {name} is missing: somebody deleted it" for name in sorted(expected.keys() - there.keys())]
    foreign = [
        f"function {name} belongs to no job that is deployed"
        for name in sorted(there.keys() - expected.keys())
        if name.startswith(naming.job_prefix(stage))
    ]
    hashes = _hashes(version.packages if version else ())
    changed = [
        f"function {name} runs other code than version {version.number if version else '-'}"
        for name, package in sorted(expected.items())
        if name in there and package in hashes and there[name]["CodeSha256"] != hashes[package]
    ]
    return [*missing, *foreign, *changed]


def _hashes(keys: Sequence[str]) -> dict[str, str]:
    """Lambda's CodeSha256 of each package, by the package's name: it is in the key."""
    split = [key.removesuffix(".zip").split("/") for key in keys]
    return {name: base64.b64encode(bytes.fromhex(digest)).decode() for name, digest in split}
