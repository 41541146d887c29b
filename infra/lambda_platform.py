"""What Lambda's Python runtimes run on: the processor, and the C library that a binary must get along with."""

from __future__ import annotations

from infra.deployment import Target

# AWS Lambda Developer Guide, "Lambda runtimes": Amazon Linux 2 up to Python 3.11, Amazon Linux 2023 from 3.12 on.
_AMAZON_LINUX_2_GLIBC, _AMAZON_LINUX_2023_GLIBC = (2, 26), (2, 34)
# Tags of the wheels that run there, PEP 600; manylinux2014 is the older name of manylinux_2_17.
_AMAZON_LINUX_2_TAGS = ("manylinux2014", "manylinux_2_17", "manylinux_2_26")
_AMAZON_LINUX_2023_TAGS = (*_AMAZON_LINUX_2_TAGS, "manylinux_2_28", "manylinux_2_34")
# What the runtime brings by itself beside Python's own library; `boto3` and what it needs, and the runtime's client.
PROVIDED = ("awslambdaric", "boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")


def glibc(python: str) -> tuple[int, int]:
    """The version of glibc in the runtime of this Python: a binary may need this one or an older one."""
    return _AMAZON_LINUX_2023_GLIBC if _is_on_2023(python) else _AMAZON_LINUX_2_GLIBC


def platform_tags(target: Target) -> list[str]:
    """The platform tags of the wheels that run on the target."""
    tags = _AMAZON_LINUX_2023_TAGS if _is_on_2023(target.python) else _AMAZON_LINUX_2_TAGS
    machine = "aarch64" if target.architecture == "arm64" else "x86_64"
    return [f"{tag}_{machine}" for tag in tags]


def _is_on_2023(python: str) -> bool:
    return int(python.split(".")[1]) >= 12
