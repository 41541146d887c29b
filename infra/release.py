"""What one version of a deployment is in AWS: a template for each stack, kept in the bucket beside the packages."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from troposphere import Template

from infra import job_stacks, stacks
from infra.aws import Aws
from infra.bucket import template_url, upload
from infra.deployment import Deployment
from infra.resources.jobs import JOB_ID
from infra.templates import template_text


@dataclass(frozen=True)
class StoredTemplate:
    """A template in the bucket, the names of the parameters it is given a value for, and of those it looks up."""

    key: str
    parameters: tuple[str, ...]
    looked_up: tuple[str, ...] = ()


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
        stored[name] = StoredTemplate(template_key(name, text), given_parameters(template), looked_up(template))
    return Release(stored, tuple(emptied))


def given_parameters(template: Template) -> tuple[str, ...]:
    """The parameters a deploy gives a value; the others CloudFormation looks up (infra/resources/shared_values.py)."""
    return tuple(title for title in template.parameters if title not in looked_up(template))


def looked_up(template: Template) -> tuple[str, ...]:
    """The parameters whose value another stack has stored: their default says where."""
    return tuple(title for title, parameter in template.parameters.items() if "Default" in parameter.properties)


def template_key(name: str, text: bytes) -> str:
    """Where a stack's template is stored."""
    return f"templates/{name}-{hashlib.sha256(text).hexdigest()}.json"
