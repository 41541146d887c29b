"""Prints what checkov finds in the CloudFormation templates of a folder, as JSON: `python scan.py FOLDER`.

Its own command line asks a server of its makers for guidelines first; this asks nobody.
"""

from __future__ import annotations

import json
import os
import sys

os.environ["LOG_LEVEL"] = "ERROR"

from checkov.cloudformation.runner import Runner
from checkov.runner_filter import RunnerFilter


def main(folder: str) -> None:
    """`checked`: how many things were looked at; `unread`: files it could not read; `found`: what it objects to."""
    report = Runner().run(root_folder=folder, runner_filter=RunnerFilter(framework=["cloudformation"]))
    found = [
        {"check": each.check_id, "name": each.check_name, "resource": each.resource, "file": each.file_path.lstrip("/")}
        for each in report.failed_checks
    ]
    checked = len(report.passed_checks) + len(report.failed_checks)
    print(json.dumps({"checked": checked, "unread": list(report.parsing_errors), "found": found}))


main(sys.argv[1])
