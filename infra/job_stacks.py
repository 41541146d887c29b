"""Which stack holds which job: jobs stay where they are, so that adding one never moves another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from functions import naming

# CloudFormation allows 500 resources a stack; a job has 5 now, and room to double without anything moving.
JOBS_PER_STACK = 50


def assign(job_ids: Iterable[str], deployed: Mapping[int, Iterable[str]]) -> dict[int, list[str]]:
    """The ids in each stack, by the stack's number; every number of `deployed` is there, emptied ones with no ids.

    A job CloudFormation already has stays in its stack: in another one its function would be created under a name that
    is still taken. Only new jobs are placed, in order, in the first stack with room. What is deployed is the record;
    nothing else is stored, and a hash would need a number of stacks fixed for ever.
    """
    wanted = set(job_ids)
    stacks = {number: sorted(wanted & set(ids)) for number, ids in sorted(deployed.items())}
    for job_id in sorted(wanted.difference(*stacks.values())):
        stacks.setdefault(_first_with_room(stacks), []).append(job_id)
    return {number: sorted(ids) for number, ids in stacks.items()}


def stack_name(stage: str, number: int) -> str:
    """`lamplighter-<stage>-jobs-01` and so on."""
    return f"{naming.deployment(stage)}-jobs-{number:02d}"


def stack_number(stage: str, name: str) -> int | None:
    """The number in a job stack's name; None when it is not a job stack of this stage."""
    match = re.fullmatch(rf"{re.escape(naming.deployment(stage))}-jobs-(\d{{2,}})", name)
    return int(match[1]) if match else None


def _first_with_room(stacks: Mapping[int, list[str]]) -> int:
    number = 1
    while len(stacks.get(number, ())) >= JOBS_PER_STACK:
        number += 1
    return number
