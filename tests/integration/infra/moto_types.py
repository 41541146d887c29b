"""What moto does not know and the one-machine edition never has, for the moto of these tests."""

from __future__ import annotations

from typing import Any

from moto.apigateway.models import RestAPI
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.core.common_models import CloudFormationModel
from moto.rds.models import rds_backends

from infra.local.cloudformation_resource import Written

_made = RestAPI.create_from_cloudformation_json.__func__  # type: ignore[attr-defined]


def _made_with_a_method(kind: type[RestAPI], *given: Any, **named: Any) -> RestAPI:
    """moto reads no Body, and refuses the deployment of an API without methods: so it has one."""
    api: RestAPI = _made(kind, *given, **named)
    root = api.get_resource_for_path("/")
    assert root is not None
    root.add_method("ANY", authorization_type="NONE", api_key_required=False)
    root.add_integration("ANY", integration_type="AWS_PROXY", uri="")
    return api


RestAPI.create_from_cloudformation_json = classmethod(_made_with_a_method)  # type: ignore[assignment]


class DBProxy(Written, CloudFormationModel):
    """AWS::RDS::DBProxy: made once, as these tests change none of its properties."""

    identity = ("DBProxyName",)
    made: Any = None

    @staticmethod
    def cloudformation_name_type() -> str:
        return "DBProxyName"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::RDS::DBProxy"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr in ("Endpoint", "DBProxyArn")

    def get_cfn_attribute(self, attribute_name: str) -> str:
        if not self.has_cfn_attr(attribute_name):
            raise UnformattedGetAttTemplateException
        return str(self.made.endpoint if attribute_name == "Endpoint" else self.made.arn)

    def put(self, account_id: str, region_name: str) -> None:
        if self.made is not None:
            return
        given = self.properties
        self.made = rds_backends[account_id][region_name].create_db_proxy(
            db_proxy_name=self.physical_resource_id,
            engine_family=given["EngineFamily"],
            auth=given["Auth"],
            role_arn=given["RoleArn"],
            vpc_subnet_ids=given["VpcSubnetIds"],
            vpc_security_group_ids=given["VpcSecurityGroupIds"],
            require_tls=given["RequireTLS"],
            idle_client_timeout=None,
            debug_logging=None,
            tags=None,
        )

    def delete(self, account_id: str, region_name: str) -> None:
        rds_backends[account_id][region_name].delete_db_proxy(self.physical_resource_id)
