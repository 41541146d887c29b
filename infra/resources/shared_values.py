"""What the shared stack makes and the other stacks need, but no name of ours tells: an id or an address AWS chose.

Handed over in Parameter Store, not as an export: CloudFormation refuses to take an export away that another stack still
imports, so that no option could ever be switched off again.
"""

from __future__ import annotations

from typing import Any

from troposphere import Parameter, Ref, Template
from troposphere.ssm import Parameter as StoredParameter

from functions import naming


def share(template: Template, stage: str, title: str, value: Any) -> None:
    """Write a value of the shared stack where `shared` finds it."""
    template.add_resource(
        StoredParameter(f"{title}Shared", Name=_name(stage, title), Type="String", Value=value, Tier="Standard")
    )


def shared(template: Template, stage: str, title: str) -> Ref:
    """The value in another stack, as a parameter that CloudFormation itself looks up with each change of the stack."""
    if title not in template.parameters:
        kind = "AWS::SSM::Parameter::Value<String>"
        template.add_parameter(Parameter(title, Type=kind, Default=_name(stage, title)))
    return Ref(title)


def _name(stage: str, title: str) -> str:
    return f"/{naming.deployment(stage)}/{title}"
