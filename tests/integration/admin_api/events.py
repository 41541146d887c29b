"""API Gateway's event for a REST API with Lambda proxy integration, on its own domain: the stage is in front of paths.

Shape: Amazon API Gateway Developer Guide, "Set up Lambda proxy integrations in API Gateway", input format.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from infra.local.gateway_routes import Match

STAGE = "prod"


def rest_event(
    method: str,
    path: str,
    match: Match,
    *,
    headers: Mapping[str, str],
    body: str | None = None,
    query: str = "",
    source_ip: str = "192.0.2.1",
) -> dict[str, Any]:
    """The event for this request, which this resource was matched for."""
    values = parse_qs(query, keep_blank_values=True)
    return {
        "resource": match.resource,
        "path": path,
        "httpMethod": method,
        "headers": dict(headers),
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: each[-1] for name, each in values.items()} or None,
        "multiValueQueryStringParameters": values or None,
        "pathParameters": match.parameters or None,
        "stageVariables": None,
        "requestContext": {
            "resourceId": "2gxmpl",
            "resourcePath": match.resource,
            "httpMethod": method,
            "extendedRequestId": "JJbxmplHYosFVYQ=",
            "requestTime": "23/Nov/2026:15:00:00 +0000",
            "path": f"/{STAGE}{path}",
            "accountId": "123456789012",
            "protocol": "HTTP/1.1",
            "stage": STAGE,
            "domainPrefix": "70ixmpl4fl",
            "requestTimeEpoch": 1795446000000,
            "requestId": str(uuid.uuid4()),
            "identity": {"sourceIp": source_ip, "userAgent": "test"},
            "domainName": "70ixmpl4fl.execute-api.us-east-1.amazonaws.com",
            "apiId": "70ixmpl4fl",
        },
        "body": body,
        "isBase64Encoded": False,
    }
