"""A plan as lines for people, each with its colour."""

from __future__ import annotations

from collections.abc import Iterator

from infra.deploying.plan import DeployPlan, StackPlan

Line = tuple[str, str]
"""The text and the style it is printed in."""

_SIGNS = {"Add": "+", "Modify": "~", "Remove": "-", "Import": "+", "Dynamic": "~"}
_STYLES = {"+": "green", "~": "yellow", "-": "red", "±": "bold red", " ": "dim"}
_STACK_SIGNS = {"create": "+", "update": "~", "delete": "-", "none": " "}
_TRIGGER_SIGNS = {"create": "+", "remove": "-", "update": "~", "move": "~", "state": "~"}


def lines_of(plan: DeployPlan) -> Iterator[Line]:
    """Stacks, migrations, triggers, and the sum."""
    version = "nothing is deployed yet" if plan.version is None else f"version {plan.version} is up"
    yield f"stage {plan.stage}, account {plan.account}, region {plan.region}: {version}", "bold"
    yield "", ""
    yield "stacks", "bold"
    for stack in plan.stacks:
        yield from _stack(stack)
    yield "", ""
    yield "migrations", "bold"
    for name in plan.migrations_before:
        yield f"  + {name}", "green"
    for name in plan.migrations_after:
        yield f"  + {name} (after the code)", "yellow"
    if not (plan.migrations_before or plan.migrations_after):
        yield "    none is pending" if plan.triggers is not None else "    not known", "dim"
    yield "", ""
    yield f"triggers ({plan.trigger_note})", "bold"
    for line in plan.trigger_lines:
        sign = _TRIGGER_SIGNS.get(line.split(" ", 1)[0], " ")
        yield f"  {sign} {line}", _STYLES[sign]
    yield "", ""
    for line in plan.destroyed:
        yield f"goes: {line}", "bold red"
    yield f"templates: {plan.templates}/", "dim"
    yield _sum(plan), "bold"


def _stack(stack: StackPlan) -> Iterator[Line]:
    sign, note = _STACK_SIGNS[stack.action], f" ({stack.note})" if stack.note else ""
    said = "unchanged" if stack.action == "none" else stack.action
    yield f"  {sign} {stack.name}: {said}{note}", _STYLES[sign]
    for resource in stack.resources:
        mark = _SIGNS.get(resource["Action"], "~")
        anew = resource.get("Replacement") in ("True", "Conditional")
        mark = "±" if anew and mark == "~" else mark
        properties = f": {', '.join(resource['Properties'])}" if resource.get("Properties") else ""
        why = "" if mark != "±" else " (made anew)" if resource["Replacement"] == "True" else " (maybe made anew)"
        yield (
            f"      {mark} {resource['ResourceType']:<32} {resource['LogicalResourceId']}{properties}{why}",
            _STYLES[mark],
        )


def _sum(plan: DeployPlan) -> str:
    if not plan.has_changes:
        return "nothing to do"
    changed = sum(stack.action != "none" for stack in plan.stacks)
    migrations = len(plan.migrations_before) + len(plan.migrations_after)
    return f"{changed} of {len(plan.stacks)} stacks change, {migrations} migrations are pending; nothing was changed"
