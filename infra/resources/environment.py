"""What a function finds in its environment: the settings, with every secret as a parameter of the stack."""

from __future__ import annotations

from typing import Any

from troposphere import Parameter, Ref, Template

from functions.settings import Settings

DATABASE_URL = "DatabaseUrl"
AUTH_SIGNING_KEY = "AuthSigningKey"


def environment(settings: Settings) -> dict[str, Any]:
    """The variables every function gets. The region is not among them: Lambda sets AWS_REGION itself."""
    return {
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
    }


def add_secret(template: Template, name: str) -> Ref:
    """A parameter whose value the template never shows.

    The value still ends up in the function's environment, where whoever may read the function's configuration sees it:
    moving it to Secrets Manager is a later step.
    """
    return Ref(template.add_parameter(Parameter(name, Type="String", NoEcho=True)))
