"""A Lambda function as it is configured at one moment: what the executor needs to know to run it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Function:
    """One function's code and configuration; the defaults are AWS's ("CreateFunction", "PutFunctionEventInvokeConfig").

    `package` is the unpacked deployment package, `endpoint_url` where boto3 inside the function finds AWS.
    """

    name: str
    arn: str
    region: str
    runtime: str
    handler: str
    package: Path
    endpoint_url: str
    environment: Mapping[str, str] = field(default_factory=dict)
    memory_mb: int = 128
    timeout: timedelta = timedelta(seconds=3)
    reserved_concurrency: int | None = None
    retry_attempts: int = 2
    maximum_event_age: timedelta = timedelta(hours=6)
    on_failure_arn: str | None = None
    dead_letter_arn: str | None = None

    @property
    def instance_key(self) -> Hashable:
        """Equal for two configurations that may share an instance; new code or settings need a new one."""
        variables = tuple(sorted(self.environment.items()))
        return (self.package, self.handler, self.runtime, self.memory_mb, self.timeout, variables, self.endpoint_url)


FunctionReader = Callable[[], Function]
"""Gives a function as it is configured now; raises InvocationRefused when it is gone."""
