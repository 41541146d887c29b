"""What a function finds in its environment: the settings, with every secret as a parameter of the stack."""

from __future__ import annotations

import json
from typing import Any

from troposphere import Parameter, Ref, Template

from functions.oidc_settings import Oidc
from functions.settings import Settings
from functions.smtp_settings import Smtp
from infra.deployment import Deployment

DATABASE_URL = "DatabaseUrl"
AUTH_SIGNING_KEY = "AuthSigningKey"
AUTH_PREVIOUS_SIGNING_KEYS = "AuthPreviousSigningKeys"
OIDC_CLIENT_SECRET = "OidcClientSecret"  # noqa: S105 - the name of a parameter
SMTP_PASSWORD = "SmtpPassword"  # noqa: S105 - the name of a parameter


def environment(settings: Settings) -> dict[str, Any]:
    """The variables every function gets. The region is not among them: Lambda sets AWS_REGION itself."""
    always = {
        "STAGE": settings.stage,
        "ACCOUNT_ID": Ref("AWS::AccountId"),
        "AWS_PARTITION": Ref("AWS::Partition"),
        "JOBS_PACKAGES": ",".join(settings.jobs_packages),
        "JOBS_ENABLED": "true" if settings.jobs_enabled else "false",
        "TRIGGER_BACKEND": settings.trigger_backend,
        "RULES_LIMIT": str(settings.rules_limit),
        "LOG_LEVEL": settings.log_level,
        "RETENTION_DAYS": ",".join(f"{status}={days}" for status, days in settings.retention_days.items()),
        "LOG_FLUSH_S": f"{settings.log_flush_s:g}",
        "LOG_MAX_LINES": str(settings.log_max_lines),
        "LOG_MAX_LINE_BYTES": str(settings.log_max_line_bytes),
        "LOG_MAX_BYTES": str(settings.log_max_bytes),
        "DATABASE_SECRET_SOURCE": settings.database_secret_source,
    }
    where_set = {
        "JOBS_CONCURRENCY": settings.jobs_concurrency and str(settings.jobs_concurrency),
        "CORS_ALLOWED_ORIGINS": ",".join(settings.cors_allowed_origins) or None,
        "DATABASE_TLS_MODE": settings.database_tls_mode,
        "DATABASE_TLS_ROOT_CERT": settings.database_tls_root_cert,
        "DATABASE_SECRET_ID": settings.database_secret_id,
        "DATABASE_RESOURCE_ID": settings.database_resource_id,
    }
    return always | {name: value for name, value in where_set.items() if value is not None}


def add_secret(template: Template, name: str) -> Ref:
    """A parameter whose value the template never shows.

    The value still ends up in the function's environment, where whoever may read the function's configuration sees it:
    on AWS itself `secret_values` (infra/secret_values.py) lets no secret come so far.
    """
    return Ref(template.add_parameter(Parameter(name, Type="String", NoEcho=True)))


def database_address(template: Template, deployment: Deployment) -> dict[str, Ref]:
    """DATABASE_URL as a parameter; nothing where a proxy stands before the database, whose address no secret is in."""
    if deployment.options.database_proxy is not None:
        return {}
    return {"DATABASE_URL": add_secret(template, DATABASE_URL)}


def mail_server(smtp: Smtp | None) -> dict[str, str]:
    """The variables that the jobs' functions get beside these, and no other function: one of them sends e-mail."""
    if smtp is None:
        return {}
    where_set = {"SMTP_USERNAME": smtp.username, "SMTP_SECRET_ID": smtp.secret_id}
    return {
        "SMTP_HOST": smtp.host,
        "SMTP_PORT": str(smtp.port),
        "SMTP_TLS": smtp.tls,
        "SMTP_FROM": smtp.sender,
        **{name: value for name, value in where_set.items() if value is not None},
    }


def issuer(oidc: Oidc | None) -> dict[str, str]:
    """The variables that the admin API gets beside these, and no other function: it alone knows who somebody is."""
    if oidc is None:
        return {}
    variables = {"OIDC_ISSUER": oidc.issuer, "OIDC_PERMISSIONS_CLAIM": oidc.permissions_claim}
    if oidc.audiences:
        variables["OIDC_AUDIENCE"] = ",".join(sorted(oidc.audiences))
    if oidc.grants is not None:
        grants = {value: grant if isinstance(grant, str) else sorted(grant) for value, grant in oidc.grants.items()}
        variables["OIDC_PERMISSIONS_MAP"] = json.dumps(grants, ensure_ascii=False, separators=(",", ":"))
    if oidc.client is not None:
        variables["OIDC_CLIENT_ID"] = oidc.client.id
        variables["OIDC_REDIRECT_URI"] = oidc.client.redirect_uri
        variables["OIDC_SCOPES"] = oidc.client.scopes
        if oidc.client.secret_id is not None:
            variables["OIDC_SECRET_ID"] = oidc.client.secret_id
    return variables
