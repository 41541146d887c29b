"""What costs by the piece: the resources of the deployment's own templates, and the secrets it reads."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from functions.settings import SECRETS_MANAGER
from infra.archive import Archive
from infra.deployment import Deployment
from infra.packaging import Packages
from infra.resources.api import api_template
from infra.resources.jobs import jobs_template
from infra.resources.shared import shared_template

_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a type of resource
# These cost something too, and are not in prices.toml: how much depends on traffic, size and zones.
NOT_PRICED = (
    "AWS::EC2::NatGateway", "AWS::EC2::VPCEndpoint", "AWS::KMS::Key", "AWS::RDS::DBProxy", "AWS::WAFv2::WebACL",
)  # fmt: skip
_JOBS_OF_A_TEMPLATE = 50


def count_resources(deployment: Deployment) -> Counter[str]:
    """How many resources of each type the templates have; `secrets` are those made there and those only read."""
    nowhere = Path()
    packages = Packages(Archive("functions", nowhere, "0" * 64, 0), Archive("api", nowhere, "0" * 64, 0))
    templates = [shared_template(deployment, packages), api_template(deployment, packages)]
    for begin in range(0, len(deployment.jobs), _JOBS_OF_A_TEMPLATE):
        templates.append(jobs_template(deployment, packages, deployment.jobs[begin : begin + _JOBS_OF_A_TEMPLATE]))
    found = Counter(resource.resource["Type"] for template in templates for resource in template.resources.values())
    found["secrets"] = found.pop(_SECRET, 0) + (deployment.settings.database_secret_source == SECRETS_MANAGER)
    return found
