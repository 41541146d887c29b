"""API Gateway gets Chalice's routes, answers as our own gateway does, and calls one function only."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.chalice_app import load_app
from infra.gateway_problems import RESPONSES
from infra.local.gateway_responses import response
from infra.resources.api import api_template
from tests.conftest import PROJECT
from tests.unit.infra.deployments import deployment_of, packages
from tests.unit.infra.variants import DOMAIN, EVERYTHING

METHODS = {"get", "put", "post", "delete", "options", "head", "patch"}
# "Amazon API Gateway quotas": resources per REST API.
MOST_RESOURCES = 300


def api(**options: Any) -> dict[str, Any]:
    return dict(api_template(deployment_of([], options=options), packages()).to_dict())


def of_type(template: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [found["Properties"] for found in template["Resources"].values() if found["Type"] == kind]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    (rest_api,) = of_type(api(), "AWS::ApiGateway::RestApi")
    body: dict[str, Any] = rest_api["Body"]
    return body


def test_its_routes_are_chalices_and_each_leads_to_the_function(document: dict[str, Any]) -> None:
    routes = {path: {method.lower() for method in methods} for path, methods in load_app(PROJECT).routes.items()}
    methods = [method for of_path in document["paths"].values() for method in of_path.values()]
    called = [method["x-amazon-apigateway-integration"] for method in methods]

    assert {path: METHODS & set(methods) for path, methods in document["paths"].items()} == routes
    assert {integration["type"] for integration in called} == {"aws_proxy"}
    assert {integration["uri"]["Fn::Sub"].partition("/functions/")[2] for integration in called} == {
        "${ApiFunction.Arn}/invocations"
    }


def test_no_route_asks_an_authorizer_whose_function_no_template_has(document: dict[str, Any]) -> None:
    """The app looks at tokens itself (ADR 0007); a Chalice authorizer would need a function and a permission here."""
    assert "securityDefinitions" not in document


def test_api_gateway_can_hold_them(document: dict[str, Any]) -> None:
    """It takes so many parts of paths, and at each place one name for a part that varies."""
    paths = [path.split("/") for path in document["paths"]]
    parts = {"/".join(path[:end]) for path in paths for end in range(2, len(path) + 1)}
    varying = [part.rpartition("/")[0] for part in parts if part.rpartition("/")[2].startswith("{")]

    assert len(parts) < MOST_RESOURCES
    assert len(varying) == len(set(varying))


@pytest.mark.parametrize("kind", RESPONSES)
def test_what_it_answers_by_itself_is_what_our_gateway_answers(kind: str, document: dict[str, Any]) -> None:
    on_aws = document["x-amazon-apigateway-gateway-responses"][kind]
    here = response(kind, "/prod/admin")
    headers = {name.rpartition(".header.")[2]: value for name, value in on_aws["responseParameters"].items()}
    request_id = dict(here.headers)["X-Request-Id"]
    body = on_aws["responseTemplates"]["application/json"].replace("$context.path", "/prod/admin")

    assert on_aws["statusCode"] == str(here.status)
    assert json.loads(body.replace("$context.requestId", request_id)) == json.loads(here.body)
    assert headers.pop("X-Request-Id") == "context.requestId"
    # A literal stands in quotes and can have none within: a directive without sources means 'none', too.
    assert all(value.strip("'") == value[1:-1] and value.count("'") == 2 for value in headers.values())
    assert {name: value[1:-1] for name, value in headers.items()} == {
        name: value.replace(" 'none'", "") for name, value in here.headers if name != "X-Request-Id"
    }


def test_only_this_api_and_stage_may_call_the_function() -> None:
    (permission,) = of_type(api(), "AWS::Lambda::Permission")

    assert permission["Principal"] == "apigateway.amazonaws.com"
    assert permission["SourceArn"]["Fn::Sub"].endswith(":execute-api:${AWS::Region}:${AWS::AccountId}:${RestApi}/dev/*")


def test_a_changed_document_is_deployed_and_new_code_alone_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    before = deployment_id(api())
    again = api_template(deployment_of([]), packages(functions_sha256="e" * 64)).to_dict()
    monkeypatch.setitem(RESPONSES, "THROTTLED", RESPONSES["THROTTLED"]._replace(detail="later"))

    assert deployment_id(again) == before
    assert deployment_id(api()) != before


def deployment_id(template: dict[str, Any]) -> str:
    (stage,) = of_type(template, "AWS::ApiGateway::Stage")
    title: str = stage["DeploymentId"]["Ref"]
    assert template["Resources"][title]["Type"] == "AWS::ApiGateway::Deployment"
    return title


def test_requests_are_limited_compressed_and_logged_as_json_without_what_is_secret() -> None:
    template = api(api={"requests_per_second": 7, "burst": 9})
    (stage,) = of_type(template, "AWS::ApiGateway::Stage")
    (rest_api,) = of_type(template, "AWS::ApiGateway::RestApi")
    (settings,) = stage["MethodSettings"]
    line = json.loads(stage["AccessLogSetting"]["Format"])

    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (7, 9)
    assert (settings["LoggingLevel"], settings["DataTraceEnabled"]) == ("OFF", False)
    assert rest_api["MinimumCompressionSize"] == 1000
    assert {"requestId", "ip", "method", "path", "status", "ms"} <= set(line)
    assert not [value for value in line.values() if "querystring" in value.lower() or "authoriz" in value.lower()]


def test_it_is_reached_by_a_name_of_ones_own_where_there_is_one() -> None:
    plain, named = api(), api(domain=DOMAIN, waf_acl_arn=EVERYTHING["waf_acl_arn"])

    assert plain["Outputs"]["Url"]["Value"]["Fn::Sub"].endswith("/dev")
    assert of_type(plain, "AWS::ApiGateway::DomainName") == []
    assert named["Outputs"]["Url"]["Value"] == "https://jobs.example.com"
    assert of_type(named, "AWS::Route53::RecordSet")[0]["HostedZoneId"] == DOMAIN["hosted_zone_id"]
    assert len(of_type(named, "AWS::WAFv2::WebACLAssociation")) == 1


def test_the_one_machine_edition_has_none() -> None:
    template = api_template(deployment_of([], endpoint_url="http://127.0.0.1:4566"), packages()).to_dict()
    assert "ApiGateway" not in json.dumps(template)
