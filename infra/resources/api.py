"""The stack of the admin API, apart from what is shared: its new code must not meet the schema before a migration."""

from __future__ import annotations

from troposphere import Template

from functions import naming
from infra import policies
from infra.deployment import Deployment
from infra.packaging import Packages
from infra.resources.environment import OIDC_CLIENT_SECRET, add_secret, database_address, issuer
from infra.resources.finishing import finished
from infra.resources.function import FunctionPlan, add_function
from infra.resources.signing_key import add_signing_key

# API Gateway gives up after 29 s, so a longer answer could not arrive.
_TIMEOUT_S = 29
_MEMORY_MB = 512


def api_template(deployment: Deployment, packages: Packages) -> Template:
    """The template of the stack `lamplighter-<stage>-api`. Its parameters are its secrets; on AWS its output is `Url`.

    On this machine our own gateway stands before the function, and the stack has none.
    """
    template, stage = Template(Description=f"Lamplighter, stage {deployment.stage}: the admin API"), deployment.stage
    oidc, signing = deployment.settings.oidc, add_signing_key(template, deployment.settings)
    client = oidc.client if oidc is not None else None
    secrets = {**database_address(template, deployment), **signing.variables}
    if client is not None and client.secret is not None:
        secrets["OIDC_CLIENT_SECRET"] = add_secret(template, OIDC_CLIENT_SECRET)
    plan = FunctionPlan(
        title="Api",
        name=naming.api_function(stage),
        description="The admin API",
        handler="app.app",
        code=packages.api,
        timeout_s=_TIMEOUT_S,
        memory_mb=_MEMORY_MB,
        dead_letters=policies.dead_letters_arn(stage),
        policy=[
            policies.invoke_jobs(stage),
            *policies.manage_triggers(stage),
            *policies.read_secret(signing.secret),
            *policies.read_secret(client and client.secret_id),
            policies.look_at_rules(stage),
            policies.schedule_starts(stage),
        ],
        secrets=secrets,
        variables=issuer(oidc),
    )
    function = add_function(template, plan, deployment)
    if deployment.is_on_aws:
        from infra.resources.rest_api import add_rest_api  # late: it needs Chalice's deployer

        add_rest_api(template, function, deployment)
    return finished(template, deployment.options)
