"""Somebody else's answer to the same questions: @cloud-copilot/iam-simulate, a program of its own that Node runs.

It also refuses what evaluator.py does not look at: an action, or a resource for it, that AWS does not know.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.iam.evaluator import Answer, Request, Statement

_HERE = Path(__file__).parent / "simulator"
_ANSWERS: dict[str, Answer] = {"Allowed": "allow", "ImplicitlyDenied": "deny", "ExplicitlyDenied": "deny"}


def answers(asked: Sequence[tuple[Sequence[Statement], Request]], *, account: str) -> list[Answer | str]:
    """What it says to each request under these statements; where it says neither, its words."""
    _needed()
    sent = [
        {
            "statements": statements,
            "action": request.action,
            "resource": request.resource,
            "context": request.context,
            "account": account,
            "resourceAccount": _account(request.resource) or account,
        }
        for statements, request in asked
    ]
    ran = subprocess.run(
        ["node", "simulate.mjs"], cwd=_HERE, input=json.dumps(sent), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return [_ANSWERS.get(said, said) for said in json.loads(ran.stdout)]


def _account(arn: str) -> str:
    return arn.split(":")[4] if arn.startswith("arn:") else ""


def _needed() -> None:
    if shutil.which("node") and (_HERE / "node_modules").is_dir():
        return
    missing = "no second opinion: install Node 20 and npm, then run 'npm ci --ignore-scripts' in tests/iam/simulator"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)
