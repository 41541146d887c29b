"""What is deployed, where to and built for which machine: plain data that every step of a deploy reads."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from functions import naming
from functions.definition import JobDefinition
from functions.settings import Settings
from infra.options import Options

Architecture = Literal["x86_64", "arm64"]


@dataclass(frozen=True)
class Target:
    """The Python and the processor a package is built for; the default is what we run on in AWS.

    `native` means this very interpreter: pip then takes what it accepts, instead of Lambda's platform tags.
    """

    python: str = "3.13"
    architecture: Architecture = "arm64"
    native: bool = False

    @classmethod
    def host(cls) -> Target:
        """This interpreter on this machine: what the one-machine edition runs functions with."""
        arm = platform.machine().lower() in ("arm64", "aarch64")
        return cls(
            python=f"{sys.version_info.major}.{sys.version_info.minor}",
            architecture="arm64" if arm else "x86_64",
            native=True,
        )


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """One stage of this project in one account and region.

    `settings` becomes the environment of every function, so the stage, region and account are said once. `project` is
    the checkout, `cache` a directory that may be deleted at any time. Without `endpoint_url` it is AWS itself.
    """

    settings: Settings
    jobs: tuple[JobDefinition, ...]
    project: Path
    cache: Path
    target: Target = Target()
    endpoint_url: str | None = None
    log_retention_days: int = 30
    options: Options = field(default_factory=Options)

    @property
    def stage(self) -> str:
        """The stage's name."""
        return self.settings.stage

    @property
    def is_on_aws(self) -> bool:
        """Whether this is AWS itself, not the one-machine edition."""
        return self.endpoint_url is None

    @property
    def bucket(self) -> str:
        """The bucket that holds packages and templates: bucket names are shared by all of AWS."""
        where = self.settings
        return f"{naming.deployment(self.stage)}-{where.account_id}-{where.region}"
