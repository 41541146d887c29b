"""The OpenAPI 3.1 document of this API, written from what its routes declare (spec.openapis.org, "OAS 3.1.1")."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

import msgspec
from chalice.app import Chalice

from chalicelib import cookies, problems
from chalicelib.endpoint import Contract, Endpoint, GuardedEndpoint
from chalicelib.problems import Problem

Document = dict[str, Any]
VERSION = "3.1.1"
_REF = "#/components/schemas/{name}"
_DESCRIPTION = (
    "Recurring and one-time jobs on AWS Lambda: look at them, change them, see what ran. Every error is a problem "
    "document (RFC 9457) with a stable `code`."
)
# What stands in a path: its schema by the parameter's name; a text otherwise.
_IN_PATHS: Mapping[str, Document] = {
    "job_id": {"type": "string", "pattern": "^[a-z0-9._-]{1,100}$"},
    "execution_id": {"type": "string", "format": "uuid"},
    "user_id": {"type": "string", "format": "uuid"},
}
# What is not for API clients has no entry: the pages, and the answer to what is at no address.
_LEFT_OUT = re.compile(r"/|/\{proxy\+\}|/admin(/.*)?")


@dataclass(frozen=True, kw_only=True)
class _Route:
    method: str
    path: str
    endpoint: Endpoint


def document(app: Chalice, *, version: str) -> Document:
    """The whole document; `version` is this API's own. Every route is in it, but the one that answers all others."""
    routes = list(_routes(app))
    schemas = _schemas(routes)
    paths: dict[str, Document] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": VERSION,
        "info": {"title": "Lamplighter", "version": version, "description": _DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "session": {"type": "apiKey", "in": "cookie", "name": cookies.NAME},
            },
        },
    }


def _routes(app: Chalice) -> Iterator[_Route]:
    for path, methods in app.routes.items():
        for method, entry in methods.items():
            if not _LEFT_OUT.fullmatch(path) and method != "HEAD":
                yield _Route(method=method, path=path, endpoint=cast("Endpoint", entry.view_function))


@dataclass(frozen=True)
class _Schemas:
    """The schema of each type named by a route, and the components they lead to."""

    by_type: Mapping[Any, Document]
    components: Document


def _schemas(routes: list[_Route]) -> _Schemas:
    types: list[Any] = [Problem]
    for route in routes:
        contract = route.endpoint.contract
        types += [each for each in (contract.query, contract.body, *contract.answers.values()) if each is not None]
    unique = list(dict.fromkeys(types))
    schemas, components = msgspec.json.schema_components(unique, ref_template=_REF)
    return _Schemas(dict(zip(unique, schemas, strict=True)), components)


def _operation(route: _Route, schemas: _Schemas) -> Document:
    contract, endpoint = route.endpoint.contract, route.endpoint
    summary, _, rest = inspect.cleandoc(endpoint.__doc__ or "").partition("\n\n")
    operation: Document = {
        "operationId": endpoint.__name__,  # type: ignore[attr-defined]
        "summary": " ".join(summary.split()),
        "tags": [_tag(route.path)],
        "parameters": [*_path_parameters(route.path), *_query_parameters(contract, schemas)],
        "responses": {**_answers(contract, schemas), **_refusals(endpoint)},
        "security": [{"token": []}, {"session": []}] if isinstance(endpoint, GuardedEndpoint) else [],
    }
    if rest:
        operation["description"] = rest
    if contract.permission is not None:
        operation["x-permission"] = contract.permission
    if contract.body is not None:
        schema = schemas.by_type[contract.body]
        needed = bool(schemas.components[contract.body.__name__]["required"])
        operation["requestBody"] = {"required": needed, "content": {"application/json": {"schema": schema}}}
    return operation


def _tag(path: str) -> str:
    parts = [part for part in path.split("/") if part not in ("", "api", "v1", "admin")]
    return parts[0]


def _path_parameters(path: str) -> list[Document]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _IN_PATHS.get(name, {"type": "string", "minLength": 1}),
        }
        for name in re.findall(r"{(\w+)}", path)
    ]


def _query_parameters(contract: Contract, schemas: _Schemas) -> list[Document]:
    if contract.query is None:
        return []
    shape = schemas.components[contract.query.__name__]
    return [
        _query_parameter(name, schema, is_required=name in shape["required"])
        for name, schema in shape["properties"].items()
    ]


def _query_parameter(name: str, schema: Document, *, is_required: bool) -> Document:
    # A query has no null: what is optional is left out.
    kinds = [kind for kind in schema.get("anyOf", []) if kind.get("type") != "null"]
    stated = {**kinds[0], **{key: value for key, value in schema.items() if key == "description"}} if kinds else schema
    said: Document = {"name": name, "in": "query", "required": is_required, "schema": stated}
    if stated.get("type") == "array":
        said |= {"style": "form", "explode": False}
    return said


def _answers(contract: Contract, schemas: _Schemas) -> Document:
    answers: Document = {}
    for status, body in contract.answers.items():
        answer: Document = {"description": HTTPStatus(status).phrase}
        if body is not None:
            answer["content"] = {"application/json": {"schema": schemas.by_type[body]}}
        answers[str(status)] = answer
    return answers


def _refusals(endpoint: Endpoint) -> Document:
    by_status: dict[int, list[str]] = {}
    for code in _codes(endpoint):
        status = problems.STATUSES.get(code, HTTPStatus.INTERNAL_SERVER_ERROR)
        by_status.setdefault(status.value, []).append(code)
    return {
        str(status): {
            "description": " or ".join(f"`{code}`" for code in codes),
            "content": {"application/problem+json": {"schema": {"$ref": _REF.format(name="Problem")}}},
        }
        for status, codes in sorted(by_status.items())
    }


def _codes(endpoint: Endpoint) -> list[str]:
    """Every code this route may answer with: its own, and those of its guards and inputs."""
    contract = endpoint.contract
    codes = list(contract.refusals)
    if contract.query is not None or contract.body is not None:
        codes.append("validation_failed")
    if contract.body is not None:
        codes += ["content_type_unsupported", "body_too_large"]
    if isinstance(endpoint, GuardedEndpoint):
        codes += ["auth_not_authenticated", "auth_insufficient_permissions"]
        codes += ["auth_issuer_unavailable", "secret_unavailable", "database_unavailable", "database_busy"]
    if contract.changes:
        codes += ["auth_cross_site", "server_too_many_requests"]
    if contract.changes_jobs:
        codes.append("jobs_disabled")
    if not {"aws_unavailable", "jobs_trigger_failed", "jobs_restore_failed"}.isdisjoint(codes):
        codes.append("aws_throttled")
    return [*dict.fromkeys(codes), "server_error"]
