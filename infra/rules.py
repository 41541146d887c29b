"""Removes the rules of a stage when it is taken down: reconcile makes them, and no stack owns them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


def delete_rules(events: EventBridgeClient, prefix: str) -> int:
    """Delete every rule whose name starts with the prefix; how many there were."""
    pages = events.get_paginator("list_rules").paginate(NamePrefix=prefix)
    names = [rule["Name"] for page in pages for rule in page["Rules"]]
    for name in names:
        # DeleteRule refuses while a target is left (EventBridge, API reference).
        targets = [target["Id"] for target in events.list_targets_by_rule(Rule=name)["Targets"]]
        if targets:
            events.remove_targets(Rule=name, Ids=targets)
        events.delete_rule(Name=name)
    return len(names)
