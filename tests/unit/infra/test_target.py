"""Packages are built for Lambda unless the one-machine edition asks for this machine."""

from __future__ import annotations

import sys

from infra.deployment import Target


def test_the_default_is_lambda_on_arm() -> None:
    assert Target() == Target(python="3.13", architecture="arm64", native=False)


def test_the_host_is_this_interpreter() -> None:
    host = Target.host()

    assert host.native
    assert host.python == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert host.architecture in ("x86_64", "arm64")
