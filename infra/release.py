"""What one version of a deployment is in AWS: a template for each stack, kept in the bucket beside the packages."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
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


def all_templates(
    deployment: Deployment, packages: Packages, *, deployed: Mapping[int, Iterable[str]]
) -> dict[str, Template]:
    """Each stack's template by the stack's name: the shared one, those of the jobs, the API's.

    `deployed`: the ids in each stack of jobs that is there already, by its number; a job stays in its stack.
    """
    stage, jobs = deployment.stage, {job.id: job for job in deployment.jobs}
    job_templates = {
        job_stacks.stack_name(stage, number): jobs_template(deployment, packages, [jobs[one] for one in ids])
        for number, ids in job_stacks.assign(jobs, deployed).items()
        if ids
    }
    return {
        naming.deployment(stage): shared_template(deployment, packages),
        **job_templates,
        naming.api_function(stage): api_template(deployment, packages),
    }


def emptied(stage: str, deployed: Iterable[int], templates: Collection[str]) -> list[str]:
    """The stacks that are there and that no job is left in."""
    names = [job_stacks.stack_name(stage, number) for number in deployed]
    return [name for name in names if name not in templates]


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
        text = template_text(template).encode()
        upload(aws.s3, deployment, template_key(name, text), text)
        stored[name] = StoredTemplate(template_key(name, text), tuple(template.parameters))
    return Release(stored, tuple(emptied))


def template_text(template: Template) -> str:
    """The template as it is deployed and as it is read: the same resources are the same text, line by line."""
    return str(template.to_json(indent=1, sort_keys=True)) + "\n"


def template_key(name: str, text: bytes) -> str:
    """Where a stack's template is stored."""
    return f"templates/{name}-{hashlib.sha256(text).hexdigest()}.json"
