"""What a job's Lambda imports before it can run: psycopg and Powertools' Logger and Metrics, and nothing else heavy."""

from __future__ import annotations

import subprocess
import sys

_HEAVY = {
    "boto3", "botocore.session", "chalice", "croniter", "jinja2", "jwt", "moto", "msgspec", "pydantic", "requests",
    "sqlparse", "troposphere", "yoyo",
}  # fmt: skip
_SCRIPT = """
import sys
import functions.handler
from functions import registry
registry.all_jobs()
print(" ".join(sys.modules))
"""


def test_the_handler_imports_nothing_heavy_but_psycopg_and_powertools() -> None:
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert {"psycopg", "aws_lambda_powertools"} <= imported
    assert imported & _HEAVY == set()
