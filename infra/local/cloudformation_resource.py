"""The life of a resource in moto's CloudFormation, for the types it does not know."""

from __future__ import annotations

from typing import Any, ClassVar, Self

Properties = dict[str, Any]


class Written:
    """The life of a resource: `put` writes its properties, again on each update; `delete` takes it away.

    `identity` names the properties whose change makes CloudFormation replace the resource.
    """

    identity: ClassVar[tuple[str, ...]]
    physical_resource_id: str
    properties: Properties

    def put(self, account_id: str, region_name: str) -> None:
        raise NotImplementedError

    def delete(self, account_id: str, region_name: str) -> None:
        raise NotImplementedError

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr == "Arn" and "arn" in cls.__annotations__

    def get_cfn_attribute(self, attribute_name: str) -> str:
        # Imported here: it imports every service moto has templates for, which takes a second or more.
        from moto.cloudformation.exceptions import UnformattedGetAttTemplateException

        if not self.has_cfn_attr(attribute_name):
            raise UnformattedGetAttTemplateException
        return str(vars(self)["arn"])

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Properties, account_id: str, region_name: str, **_: Any
    ) -> Self:
        resource = cls()
        resource.physical_resource_id = resource_name
        resource.properties = cloudformation_json["Properties"]
        resource.put(account_id, region_name)
        return resource

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Self,
        new_resource_name: str,
        cloudformation_json: Properties,
        account_id: str,
        region_name: str,
    ) -> Self:
        properties: Properties = cloudformation_json["Properties"]
        if any(properties.get(name) != original_resource.properties.get(name) for name in cls.identity):
            original_resource.delete(account_id, region_name)
            original_resource.physical_resource_id = new_resource_name
        original_resource.properties = properties
        original_resource.put(account_id, region_name)
        return original_resource
