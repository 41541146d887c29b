"""What one version of a deployment is in AWS: a template for each stack, kept in the bucket beside the packages."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from troposphere import Template

from functions import naming
from infra import job_stacks, stacks
from infra.aws import Aws
from infra.bucket import template_url, upload
from infra.deployment import Deployment
from infra.packaging import Packages
from infra.resources.api import api_template
from infra.resources.jobs import JOB_ID, jobs_template
from infra.resources.shared import shared_template


@dataclass(frozen=True)
class StoredTemplate:
    """A template in the bucket, and the names of its parameters."""

    key: str
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class Release:
    """The template of each stack, by the stack's name; and the job stacks that no job is left in."""

    templates: Mapping[str, StoredTemplate]
    emptied: tuple[str, ...]

    def stacks(
        self, deployment: Deployment, names: Collection[str], secrets: Mapping[str, str]
    ) -> Sequence[stacks.Stack]:
        """These of its stacks as they should be. A parameter nobody gives a value any more keeps the one it has."""
        return [
            stacks.Stack(
                name, template_url(deployment, stored.key), {each: secrets.get(each) for each in stored.parameters}
            )
            for name, stored in self.templates.items()
            if name in names
        ]


def templates_of(
    deployment: Deployment, packages: Packages, deployed_jobs: Mapping[int, Collection[str]]
) -> tuple[dict[str, Template], list[str]]:
    """Every stack's template by its name, the shared one first, and the names of the stacks that no job is left in.

    `deployed_jobs`: the ids of the jobs in each job stack there is, by its number.
    """
    stage, jobs = deployment.stage, {job.id: job for job in deployment.jobs}
    assigned = job_stacks.assign(jobs, deployed_jobs)
    by_name = {job_stacks.stack_name(stage, number): ids for number, ids in assigned.items()}
    definitions = {name: [jobs[job_id] for job_id in ids] for name, ids in by_name.items() if ids}
    templates = {naming.deployment(stage): shared_template(deployment, packages)}
    templates |= {name: jobs_template(deployment, packages, some) for name, some in definitions.items()}
    templates[naming.api_function(stage)] = api_template(deployment, packages)
    return templates, [name for name in by_name if name not in templates]


def deployed_jobs(aws: Aws, stage: str, living: Collection[str]) -> dict[int, list[str]]:
    """The ids of the jobs in each job stack that is there."""
    return {
        number: stacks.resource_metadata(aws.cloudformation, name, JOB_ID)
        for name, number in job_stack_numbers(stage, living).items()
    }


def job_stack_numbers(stage: str, living: Collection[str]) -> dict[str, int]:
    """The job stacks of this stage among these, with their numbers."""
    numbers = {name: job_stacks.stack_number(stage, name) for name in living}
    return {name: number for name, number in numbers.items() if number is not None}


def store(aws: Aws, deployment: Deployment, templates: Mapping[str, Template], emptied: Sequence[str]) -> Release:
    """Put the templates into the bucket, each under a key that contains its hash."""
    stored = {}
    for name, template in templates.items():
        text = template.to_json().encode()
        upload(aws.s3, deployment, template_key(name, text), text)
        stored[name] = StoredTemplate(template_key(name, text), tuple(template.parameters))
    return Release(stored, tuple(emptied))


def template_key(name: str, text: bytes) -> str:
    """Where a stack's template is stored."""
    return f"templates/{name}-{hashlib.sha256(text).hexdigest()}.json"
