"""A name of one's own for the admin API."""

from __future__ import annotations

from troposphere import GetAtt, Output, Ref, Template
from troposphere.apigateway import BasePathMapping, DomainName, EndpointConfiguration, RestApi, Stage
from troposphere.route53 import RecordSetType
from troposphere.validators.route53 import AliasTarget

from infra.options import Domain


def add_domain(template: Template, domain: Domain, *, api: RestApi, stage: Stage) -> None:
    """Add the name, what it leads to, and its record where a hosted zone is named."""
    name = template.add_resource(
        DomainName(
            "DomainName",
            DomainName=domain.name,
            RegionalCertificateArn=domain.certificate_arn,
            EndpointConfiguration=EndpointConfiguration(Types=["REGIONAL"]),
            SecurityPolicy="TLS_1_2",
        )
    )
    template.add_resource(BasePathMapping("DomainMapping", DomainName=Ref(name), RestApiId=Ref(api), Stage=Ref(stage)))
    target = GetAtt(name, "RegionalDomainName")
    template.add_output(Output("DomainTarget", Description=f"What a CNAME of {domain.name} must say", Value=target))
    if domain.hosted_zone_id is None:
        return
    template.add_resource(
        RecordSetType(
            "DomainRecord",
            HostedZoneId=domain.hosted_zone_id,
            Name=domain.name,
            Type="A",
            AliasTarget=AliasTarget(GetAtt(name, "RegionalHostedZoneId"), target),  # type: ignore[no-untyped-call]
        )
    )
