"""Reads the values of options: strictly, because AWS would say the same only halfway through a deploy."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from functions.errors import SettingsError

Read = Callable[[str, Any], Any]
"""Takes the option's whole name and what pyproject.toml has there; raises SettingsError."""

_DOCUMENTED = "see docs/infrastructure.md"
# SNS, Lambda and IAM take 50 tags a resource, and AWS adds some of its own ("Tag naming limits and requirements").
_MOST_TAGS = 40
_TAG = r"[\w .:/=+\-@]"


class Rule(NamedTuple):
    """What a text must look like, for the program and for people."""

    pattern: str
    said: str


def _arn(service: str, resource: str, said: str, *, where: str = r"[a-z0-9-]+:\d{12}") -> Rule:
    return Rule(rf"(?a)arn:aws[a-z-]*:{service}:{where}:{resource}", said)


SUBNET = Rule(r"subnet-[0-9a-f]{8,17}", "a subnet's id, such as subnet-0123456789abcdef0")
SECURITY_GROUP = Rule(r"sg-[0-9a-f]{8,17}", "a security group's id, such as sg-0123456789abcdef0")
VPC = Rule(r"vpc-[0-9a-f]{8,17}", "a VPC's id, such as vpc-0123456789abcdef0")
DATABASE = Rule(r"[A-Za-z](-?[A-Za-z0-9])*", "the identifier of an RDS instance or cluster, such as jobs-prod")
SECRET = _arn("secretsmanager", r"secret:[\w/+=.@!-]+", "a secret's whole ARN")
KEY = _arn("kms", "key/[a-z0-9-]+", "the ARN of a key, arn:aws:kms:…:key/…, not of an alias")
BOUNDARY = _arn("iam", r"policy/[\w+=,.@/-]+", "the ARN of a managed policy", where=r":(\d{12}|aws)")
TOPIC = _arn("sns", r"[\w-]{1,256}", "the ARN of an SNS topic that is not FIFO")
CERTIFICATE = _arn("acm", "certificate/[a-z0-9-]+", "the ARN of a certificate in ACM")
WEB_ACL = _arn("wafv2", r"regional/webacl/[\w-]+/[a-z0-9-]+", "the ARN of a regional web ACL of WAFv2")
HOSTED_ZONE = Rule(r"Z[A-Z0-9]{1,31}", "the id of a hosted zone in Route 53, such as Z0123456789ABCDEFGHIJ")
HOST = Rule(
    r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])", "a host's name in lower case, with a dot"
)
EMAIL = Rule(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an address such as ops@example.com")


def read_table(name: str, table: Any, fields: Mapping[str, Read], *, required: Collection[str] = ()) -> dict[str, Any]:
    """The values of a table of options. Raises SettingsError for an unknown key, a missing one, or a wrong value."""
    if not isinstance(table, Mapping):
        raise SettingsError(f"option {name}={table!r} is invalid: make it a table of options; {_DOCUMENTED}")
    place = f"{name}." if name else ""
    for key in table:
        if key not in fields:
            raise SettingsError(f"option {place}{key} is unknown: use one of {', '.join(fields)}; {_DOCUMENTED}")
    for key in required:
        if key not in table:
            raise SettingsError(f"option {place}{key} is missing: {name} needs it; {_DOCUMENTED}")
    return {key: fields[key](f"{place}{key}", value) for key, value in table.items()}


def text(rule: Rule) -> Read:
    """A text that obeys the rule."""

    def read(name: str, value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(rule.pattern, value):
            raise SettingsError(f"option {name}={value!r} is invalid: use {rule.said}")
        return value

    return read


def texts(rule: Rule) -> Read:
    """A list of texts that obey the rule: at least one, none twice."""
    read_one = text(rule)

    def read(name: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not value:
            raise SettingsError(f"option {name}={value!r} is invalid: use a list, each entry {rule.said}")
        read = tuple(read_one(name, one) for one in value)
        if len(set(read)) < len(read):
            raise SettingsError(f"option {name}={value!r} is invalid: an entry stands there twice; take one away")
        return read

    return read


def number(least: int, most: int) -> Read:
    """A whole number between these two."""

    def read(name: str, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise SettingsError(f"option {name}={value!r} is invalid: use a whole number from {least:,} to {most:,}")
        return value

    return read


def tags(name: str, value: Any) -> dict[str, str]:
    """Tags as IAM takes them, which is stricter than most."""
    if not isinstance(value, Mapping) or len(value) > _MOST_TAGS:
        raise SettingsError(f"option {name}={value!r} is invalid: use a table of at most {_MOST_TAGS} tags")
    for key, content in value.items():
        if not re.fullmatch(rf"(?!(?i:aws):){_TAG}{{1,128}}", key):
            raise SettingsError(
                f"option {name} has the key {key!r}: use 1 to 128 letters, digits, blanks or . : / = + - @ _, not "
                "beginning with aws:"
            )
        if not isinstance(content, str) or not re.fullmatch(rf"{_TAG}{{0,256}}", content):
            raise SettingsError(
                f"option {name}.{key}={content!r} is invalid: use at most 256 letters, digits, blanks or "
                ". : / = + - @ _"
            )
    return dict(value)
