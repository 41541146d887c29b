"""API Gateway in front of the API's function: the routes Chalice knows, and what is answered before it is asked.

On this machine infra/local/gateway.py stands there instead.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from troposphere import GetAtt, Output, Ref, Sub, Template
from troposphere.apigateway import AccessLogSetting, EndpointConfiguration, MethodSetting, RestApi, Stage
from troposphere.apigateway import Deployment as ApiDeployment
from troposphere.awslambda import Function, Permission
from troposphere.logs import LogGroup
from troposphere.wafv2 import WebACLAssociation

from functions import naming
from infra import policies
from infra.chalice_app import api_document, load_app
from infra.deployment import Deployment
from infra.gateway_problems import MINIMUM_COMPRESSED, gateway_responses
from infra.resources.alarm import add_alarm, metric
from infra.resources.domain import add_domain

# One line for each request, as JSON. Neither query nor headers: they hold what must not be in a log, such as tokens.
_LOGGED = {
    "requestId": "$context.requestId",
    "at": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "userAgent": "$context.identity.userAgent",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "ms": "$context.responseLatency",
    "functionMs": "$context.integration.latency",
    "functionStatus": "$context.integration.status",
    "answeredByGateway": "$context.error.responseType",
    "waf": "$context.waf.status",
}


def add_rest_api(template: Template, function: Function, deployment: Deployment) -> None:
    """Add the REST API with its stage, logs, permission, alarm, and what the options want in front of it."""
    api = template.add_resource(_rest_api(function, deployment))
    deployed = template.add_resource(_deployment(api))
    logs = template.add_resource(_log_group(deployment))
    stage = template.add_resource(_stage(api, deployed, logs, deployment))
    template.add_resource(_permission(function, deployment.stage))
    failing = metric("AWS/ApiGateway", "5XXError", ApiName=api.Name, Stage=deployment.stage)
    add_alarm(template, deployment, "api-errors", failing, at_least=5)
    if deployment.options.waf_acl_arn is not None:
        template.add_resource(_web_acl(deployment.options.waf_acl_arn))
    if deployment.options.domain is not None:
        add_domain(template, deployment.options.domain, api=api, stage=stage)
    _add_outputs(template, deployment)


def _rest_api(function: Function, deployment: Deployment) -> RestApi:
    document = api_document(load_app(deployment.project), function=str(function.title))
    document["x-amazon-apigateway-gateway-responses"] = gateway_responses()
    return RestApi(
        "RestApi",
        Name=naming.deployment(deployment.stage),
        Description=f"Lamplighter, stage {deployment.stage}: the admin API",
        Body=document,
        EndpointConfiguration=EndpointConfiguration(Types=["REGIONAL"]),
        MinimumCompressionSize=MINIMUM_COMPRESSED,
    )


def _deployment(api: RestApi) -> ApiDeployment:
    # A deployment is a picture of the API taken once: only another logical id makes CloudFormation take the next.
    taken = hashlib.sha256(json.dumps(api.to_dict(), sort_keys=True).encode()).hexdigest()[:10]
    return ApiDeployment(f"RestApiDeployment{taken}", RestApiId=Ref(api), Description=f"Of the document {taken}")


def _log_group(deployment: Deployment) -> LogGroup:
    return LogGroup(
        "AccessLogs",
        LogGroupName=f"/aws/apigateway/{naming.deployment(deployment.stage)}",
        RetentionInDays=deployment.log_retention_days,
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Delete",
    )


def _stage(api: RestApi, deployed: ApiDeployment, logs: LogGroup, deployment: Deployment) -> Stage:
    limits = deployment.options.api
    return Stage(
        "RestApiStage",
        StageName=deployment.stage,
        RestApiId=Ref(api),
        DeploymentId=Ref(deployed),
        TracingEnabled=False,
        AccessLogSetting=AccessLogSetting(
            # The group by its name: its own Arn ends in ":*", which API Gateway does not take.
            DestinationArn=policies.regional_arn("logs", f"log-group:{logs.LogGroupName}"),
            Format=json.dumps(_LOGGED),
        ),
        MethodSettings=[
            MethodSetting(
                ResourcePath="/*",
                HttpMethod="*",
                # Execution logs would hold headers and bodies, in a group of API Gateway's own that is kept for ever.
                LoggingLevel="OFF",
                DataTraceEnabled=False,
                MetricsEnabled=False,
                CachingEnabled=False,
                ThrottlingRateLimit=limits.requests_per_second,
                ThrottlingBurstLimit=limits.burst,
            )
        ],
        DependsOn=[logs.title],
    )


def _permission(function: Function, stage: str) -> Permission:
    called = Sub(f"arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{RestApi}}/{stage}/*")
    return Permission(
        "RestApiInvokes",
        Action="lambda:InvokeFunction",
        FunctionName=GetAtt(function, "Arn"),
        Principal="apigateway.amazonaws.com",
        SourceArn=called,
    )


def _web_acl(acl_arn: str) -> WebACLAssociation:
    name = "arn:${AWS::Partition}:apigateway:${AWS::Region}::/restapis/${RestApi}/stages/${RestApiStage}"
    return WebACLAssociation("WebAcl", ResourceArn=Sub(name), WebACLArn=acl_arn)


def _add_outputs(template: Template, deployment: Deployment) -> None:
    domain, stage = deployment.options.domain, deployment.stage
    own: Any = Sub(f"https://${{RestApi}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{stage}")
    address = own if domain is None else f"https://{domain.name}"
    template.add_output(Output("Url", Description="Of the admin API and its UI, without a slash", Value=address))
    template.add_output(Output("OwnUrl", Description="API Gateway's own address of the same", Value=own))
