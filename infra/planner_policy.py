"""What whoever only plans must be allowed, as a CI does for a pull request: to ask, and to tidy up after it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from infra.deployer_names import Names, allow
from infra.deployment import Deployment
from infra.policies import Statement, document

# Asked for of a stack, whose change set is deleted again, and the stack with it where that made one.
_ASKING = ("CreateChangeSet", "DescribeChangeSet", "DeleteChangeSet", "DeleteStack", "GetTemplate")
# With these a stack looks up what the shared one has stored (infra/resources/shared_values.py).
_LOOKED_UP_WITH = {"vpc", "database-proxy"}


def planner_policies(deployment: Deployment, *, uses: Collection[str] = ()) -> dict[str, dict[str, Any]]:
    """The one document by its name. It executes no change set, and passes no role. `uses` as for a deployer.

    Two things in it reach further than looking, because AWS has no narrower grant: the operations function, which is
    asked for the plan of the triggers, does all its operations for whoever may invoke it; and a stack that exists may
    be asked to be deleted. That takes nothing away, as each resource would be deleted with the caller's own rights, but
    leaves the stack as DELETE_FAILED.
    """
    names = Names(deployment)
    statements = [*_stacks(names), *_bucket(names), allow("lambda", ["InvokeFunction"], names.operations)]
    if not _LOOKED_UP_WITH.isdisjoint(uses):
        statements.append(allow("ssm", ["GetParameters"], names.parameters))
    return {f"{names.prefix}planner-{names.region}": document(*statements)}


def _stacks(names: Names) -> list[Statement]:
    return [
        allow("cloudformation", _ASKING, names.stacks),
        allow("cloudformation", ["DescribeStacks"], names.regional("cloudformation", "stack/*")),
    ]


def _bucket(names: Names) -> list[Statement]:
    """Versions and lock are read; a template that is too long for a request lies there while it is asked about."""
    bucket = f"arn:{names.partition}:s3:::{names.bucket}"
    return [
        allow("s3", ["ListBucket"], bucket),
        allow("s3", ["GetObject"], [f"{bucket}/deploys/*", f"{bucket}/templates/*"]),
        allow("s3", ["PutObject", "DeleteObject"], f"{bucket}/templates/*"),
    ]
