"""Every stack of a deployment as one template each, and as files to be read in review."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from troposphere import Template

from functions import naming
from infra import job_stacks
from infra.deployment import Deployment
from infra.option_fit import check_options
from infra.packaging import Packages
from infra.resources.api import api_template
from infra.resources.jobs import jobs_template
from infra.resources.shared import shared_template

# "CloudFormation quotas": a template in S3 may have so many bytes; one that is sent inline 51,200, so none of ours is.
LARGEST = 1_000_000
MOST_RESOURCES, MOST_PARAMETERS, MOST_OUTPUTS = 500, 200, 200


def all_templates(
    deployment: Deployment, packages: Packages, *, deployed: Mapping[int, Iterable[str]] | None = None
) -> dict[str, Template]:
    """Each stack's template by the stack's name: the shared one, those of the jobs, the API's.

    `deployed`: the ids in each stack of jobs that is there already, by its number; a job stays in its stack. Raises
    SettingsError where the options do not fit the settings.
    """
    check_options(deployment)
    stage = deployment.stage
    return {
        naming.deployment(stage): shared_template(deployment, packages),
        **job_templates(deployment, packages, deployed=deployed or {}),
        naming.api_function(stage): api_template(deployment, packages),
    }


def job_templates(
    deployment: Deployment, packages: Packages, *, deployed: Mapping[int, Iterable[str]]
) -> dict[str, Template]:
    """The template of each stack of jobs by the stack's name; none for a stack that no job is left in."""
    jobs = {job.id: job for job in deployment.jobs}
    return {
        job_stacks.stack_name(deployment.stage, number): jobs_template(deployment, packages, [jobs[one] for one in ids])
        for number, ids in job_stacks.assign(jobs, deployed).items()
        if ids
    }


def template_text(template: Template) -> str:
    """The template as it is deployed and as it is read: the same resources are the same text, line by line."""
    return str(template.to_json(indent=1, sort_keys=True)) + "\n"


def write_templates(folder: Path, templates: Mapping[str, Template]) -> list[Path]:
    """Write each template to `<name>.json` in the folder, which is made; other templates there are deleted."""
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / f"{name}.json" for name in templates]
    for stale in set(folder.glob("*.json")).difference(written):
        stale.unlink()
    for path, template in zip(written, templates.values(), strict=True):
        path.write_text(template_text(template), encoding="utf-8")
    return written
