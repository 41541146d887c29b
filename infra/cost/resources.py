"""What costs by the piece: the resources of the deployment's own templates, and the secrets it reads."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from functions.settings import Settings
from infra.archive import Archive
from infra.deployment import Deployment
from infra.packaging import Packages
from infra.templates import all_templates

_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a type of resource
# These cost something too, and are not in prices.toml: how much depends on traffic, size and zones.
NOT_PRICED = (
    "AWS::EC2::NatGateway", "AWS::EC2::VPCEndpoint", "AWS::KMS::Key", "AWS::RDS::DBProxy", "AWS::WAFv2::WebACL",
)  # fmt: skip


def count_resources(deployment: Deployment) -> Counter[str]:
    """How many resources of each type the templates have; `secrets` are those made there and those only read."""
    nowhere = Path()
    packages = Packages(Archive("functions", nowhere, "0" * 64, 0), Archive("api", nowhere, "0" * 64, 0))
    made = all_templates(deployment, packages).values()
    found = Counter(resource.resource["Type"] for template in made for resource in template.resources.values())
    found["secrets"] = found.pop(_SECRET, 0) + len(_read(deployment.settings))
    return found


def _read(settings: Settings) -> set[str]:
    """The secrets somebody else made and we read, each once: a month costs as much for one we do not make."""
    smtp, oidc = settings.smtp, settings.oidc
    named = (
        settings.database_secret_id, settings.auth_secret_id, smtp and smtp.secret_id,
        oidc and oidc.client and oidc.client.secret_id,
    )  # fmt: skip
    return {name for name in named if name}
