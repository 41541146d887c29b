"""The services moto's CloudFormation knows resources of: those our stacks are made of at once, all others on demand.

moto imports them all, and most of that time goes into what no stack of ours names: EC2's catalogue of machines, a
library that checks OpenAPI documents for API Gateway.
"""

from __future__ import annotations

import importlib
import sys
from functools import cache
from types import ModuleType
from typing import Any

# What moto.cloudformation.parsing (5.2.5) imports, without the services that infra/resources has resources of.
_ON_DEMAND = (
    "apigateway", "autoscaling", "batch", "datapipeline", "ec2", "ecs", "efs", "elb", "elbv2", "emr", "iot", "rds",
    "redshift", "route53", "sagemaker", "stepfunctions",
)  # fmt: skip


@cache
def import_cloudformation() -> None:
    """Import moto's CloudFormation with empty modules in place of the services on demand.

    They are gone when this returns: whoever asks one of these services gets moto's own.
    """
    empty = {name: module for name, module in _empty_modules().items() if name not in sys.modules}
    sys.modules.update(empty)
    try:
        parsing: Any = importlib.import_module("moto.cloudformation.parsing")
    finally:
        for name in empty:
            del sys.modules[name]
    parsing.resource_class_from_type = _knowing_all(parsing.resource_class_from_type)


def _knowing_all(find: Any) -> Any:
    """moto leaves a resource of a type it does not know out of the stack; here it looks everywhere first."""

    def find_anywhere(resource_type: str) -> Any:
        return find(resource_type) or (_import_others() and find(resource_type))

    return find_anywhere


@cache
def _import_others() -> bool:
    parsing: Any = importlib.import_module("moto.cloudformation.parsing")
    for service in _ON_DEMAND:
        importlib.import_module(f"moto.{service}.models")
    parsing.ec2_models = sys.modules["moto.ec2.models"]
    parsing.TaggedEC2Resource = sys.modules["moto.ec2.models.core"].TaggedEC2Resource
    for found in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        found.cache_clear()
    return True


class _Ec2Backends:
    """What moto's SSM takes from EC2 when it is imported: EC2's backends, looked up when SSM asks for one."""

    def __getitem__(self, account_id: str) -> Any:
        return importlib.import_module("moto.ec2.models").ec2_backends[account_id]


def _empty_modules() -> dict[str, ModuleType]:
    modules = [_module("moto.ec2.models.core", TaggedEC2Resource=type("NoResource", (), {}))]
    for service in _ON_DEMAND:
        models = _module(f"moto.{service}.models")
        modules += [models, _module(f"moto.{service}", models=models, ec2_backends=_Ec2Backends())]
    return {module.__name__: module for module in modules}


def _module(name: str, **names: Any) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(names)
    return module
