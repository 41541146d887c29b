"""What moto 5.2.5 forgets of a function's configuration, kept: dead letters, a newer event-invoke config, removals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from moto.awslambda.models import LambdaBackend, LambdaFunction

_create = LambdaFunction.__init__
_get_configuration = LambdaFunction.get_configuration
_update_configuration = LambdaFunction.update_configuration
_create_from_template = LambdaFunction.create_from_cloudformation_json
_update_from_template = LambdaFunction.update_from_cloudformation_json
_put_event_invoke_config = LambdaBackend.put_function_event_invoke_config


@contextmanager
def lambda_remembers() -> Iterator[None]:
    """While this is entered, moto keeps what the functions below say it forgets."""
    with ExitStack() as patches:
        for owner, name, replacement in (
            (LambdaFunction, "__init__", _create_with_dead_letters),
            (LambdaFunction, "get_configuration", _get_with_dead_letters),
            (LambdaFunction, "update_configuration", _update_with_dead_letters),
            (LambdaFunction, "create_from_cloudformation_json", _create_with_all_properties),
            (LambdaFunction, "update_from_cloudformation_json", _update_with_all_properties),
            (LambdaBackend, "put_function_event_invoke_config", _replace_event_invoke_config),
        ):
            patches.enter_context(patch.object(owner, name, replacement))
        yield


def _create_with_dead_letters(
    self: Any, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1
) -> None:
    """moto has no DeadLetterConfig at all."""
    _create(self, account_id, spec, region, version)
    self.dead_letter_config = spec.get("DeadLetterConfig")


def _get_with_dead_letters(self: LambdaFunction, on_create: bool = False) -> dict[str, Any]:
    configuration = _get_configuration(self, on_create)
    if dead_letter_config := getattr(self, "dead_letter_config", None):
        configuration["DeadLetterConfig"] = dead_letter_config
    return configuration


def _update_with_dead_letters(self: Any, config_updates: dict[str, Any]) -> dict[str, Any]:
    if "DeadLetterConfig" in config_updates:
        self.dead_letter_config = config_updates["DeadLetterConfig"]
    updated: dict[str, Any] = _update_configuration(self, config_updates)
    return updated


def _create_with_all_properties(
    resource_name: str, cloudformation_json: dict[str, Any], *args: Any, **kwargs: Any
) -> Any:
    """moto passes on a part of a template's properties only."""
    function = _create_from_template(resource_name, cloudformation_json, *args, **kwargs)
    return _take_properties(function, cloudformation_json["Properties"])


def _update_with_all_properties(*, cloudformation_json: dict[str, Any], **kwargs: Any) -> Any:
    """moto keeps the old value of a property that the new template no longer has."""
    function = _update_from_template(cloudformation_json=cloudformation_json, **kwargs)
    return _take_properties(function, cloudformation_json["Properties"])


def _take_properties(function: Any, properties: dict[str, Any]) -> Any:
    function.dead_letter_config = properties.get("DeadLetterConfig")
    function.environment_vars = properties.get("Environment", {}).get("Variables", {})
    function.memory_size = properties.get("MemorySize", 128)
    function.reserved_concurrency = properties.get("ReservedConcurrentExecutions")
    function.tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
    function.timeout = properties.get("Timeout", 3)
    return function


def _replace_event_invoke_config(self: LambdaBackend, function_name: str, config: dict[str, Any]) -> dict[str, Any]:
    """moto appends each new configuration and goes on answering with the first."""
    self.get_function(function_name).event_invoke_config = []
    return _put_event_invoke_config(self, function_name, config)
