"""Whether a stage's options fit the rest of what is said about it, before anything is touched."""

from __future__ import annotations

from functions.errors import SettingsError
from functions.settings import RDS_IAM
from infra.deployment import Deployment
from infra.options import Options


def check_options(deployment: Deployment) -> None:
    """Raises SettingsError naming the option that cannot work, the rule and the next step."""
    options, settings = deployment.options, deployment.settings
    for name, arn in _regional(options).items():
        region = arn.split(":")[3]
        if region != settings.region:
            raise SettingsError(
                f"option {name}={arn!r} is in region {region}, and stage {settings.stage} in {settings.region}: name "
                "one of the stage's own region"
            )
    if options.database_proxy is not None and settings.database_secret_source != RDS_IAM:
        raise SettingsError(
            f"option database_proxy needs DATABASE_SECRET_SOURCE='rds-iam', not {settings.database_secret_source!r}: "
            "functions log in to the proxy with IAM, and the proxy to the database with its secret"
        )


def _regional(options: Options) -> dict[str, str]:
    domain, proxy = options.domain, options.database_proxy
    arns = {
        "kms_key_arn": options.kms_key_arn,
        "alarm_topic_arn": options.alarm_topic_arn,
        "waf_acl_arn": options.waf_acl_arn,
        "domain.certificate_arn": domain and domain.certificate_arn,
        "database_proxy.secret_arn": proxy and proxy.secret_arn,
        "database_proxy.secret_kms_key_arn": proxy and proxy.secret_kms_key_arn,
    }
    return {name: arn for name, arn in arns.items() if isinstance(arn, str)}
