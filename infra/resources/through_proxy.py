"""What a function finds where an RDS Proxy stands before the database.

The settings go on describing the database itself, so that the proxy can come and go by one option. In a function's
environment the proxy takes its place: its address, its id for the IAM login, and the authorities that sign for it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from troposphere import GetAtt, Select, Split, Sub, Template

from functions.settings import Settings
from infra.deployment import Deployment
from infra.resources.network import database_port
from infra.resources.shared_values import share, shared

PROXY = "DatabaseProxy"
"""Its logical id, in the shared stack."""

_HOST, _RESOURCE = "DatabaseProxyHost", "DatabaseProxyResource"
# RDS Proxy's certificate is Amazon Trust Services', which is in no bundle of RDS's ("Using TLS/SSL with RDS Proxy").
_AUTHORITIES = "/etc/pki/tls/certs/ca-bundle.crt"


def share_proxy(template: Template, stage: str) -> None:
    """Tell the other stacks of the proxy in this one."""
    share(template, stage, _HOST, _host())
    share(template, stage, _RESOURCE, _resource())


def through_proxy(template: Template, deployment: Deployment) -> dict[str, Any]:
    """The variables of a function of this template that lead to the proxy; none where there is none."""
    if deployment.options.database_proxy is None:
        return {}
    host = _here(template, deployment.stage, _HOST, _host())
    return {
        "DATABASE_URL": Sub(_url_of(deployment.settings, host="${ProxyHost}"), ProxyHost=host),
        "DATABASE_RESOURCE_ID": proxy_resource(template, deployment),
        "DATABASE_TLS_ROOT_CERT": _AUTHORITIES,
    }


def proxy_resource(template: Template, deployment: Deployment) -> Any | None:
    """The proxy's id in the ARN for rds-db:connect; None where there is none."""
    if deployment.options.database_proxy is None:
        return None
    return _here(template, deployment.stage, _RESOURCE, _resource())


def _here(template: Template, stage: str, title: str, value: Any) -> Any:
    return value if PROXY in template.resources else shared(template, stage, title)


def _host() -> Any:
    return GetAtt(PROXY, "Endpoint")


def _resource() -> Any:
    # arn:aws:rds:<region>:<account>:db-proxy:prx-0123456789abcdef0
    return Select(6, Split(":", GetAtt(PROXY, "DBProxyArn")))


def _url_of(settings: Settings, *, host: str) -> str:
    url = urlsplit(settings.database_url.replace("${", "${!"))  # which is how Fn::Sub is told to leave it alone
    user = url.netloc.rpartition("@")[0]
    return url._replace(netloc=f"{user}@{host}:{database_port(settings)}").geturl()
