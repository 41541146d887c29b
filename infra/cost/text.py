"""The estimate as plain text: what costs how much, which jobs use most, and what is assumed."""

from __future__ import annotations

from collections.abc import Iterator

from infra.cost.estimate import Estimate, Item
from infra.cost.jobs import JobUse
from infra.cost.prices import REFERENCE

_SHOWN = 15
_NAMES = {
    "lambda-requests": "Lambda requests",
    "lambda-gb-s-x86_64": "Lambda GB-seconds (x86_64)",
    "lambda-gb-s-arm64": "Lambda GB-seconds (arm64)",
    "rule-invocations": "EventBridge rules, times fired",
    "scheduler-invocations": "EventBridge Scheduler, times fired",
    "api-requests": "API Gateway requests",
    "log-gb": "CloudWatch Logs, GB written",
    "log-gb-months": "CloudWatch Logs, GB kept a month",
    "metric-months": "CloudWatch metrics",
    "secrets": "Secrets Manager secrets",
    "AWS::CloudWatch::Alarm": "CloudWatch alarms",
    "AWS::CloudWatch::Dashboard": "CloudWatch dashboards",
}


def estimate_text(found: Estimate, *, every_job: bool) -> str:
    """Every item, the totals, the jobs that use most (or all of them), and what to know about the figures."""
    blocks = (_items(found), _jobs(found, every_job=every_job), _notes(found))
    return "\n\n".join("\n".join(block) for block in blocks)


def _items(found: Estimate) -> Iterator[str]:
    yield f"{'a month in ' + found.region:<38}{'quantity':>15}{'list USD':>11}{'after free':>12}"
    for item in found.items:
        yield _row(_NAMES.get(item.name, item.name), _quantity(item), item.usd, item.usd_beyond_free)
    yield _row("together", "", found.usd, found.usd_beyond_free)
    yield f"{'if every execution ran into its timeout':<53}{found.most_usd:>11,.2f}"


def _row(name: str, quantity: str, usd: float, beyond_free: float) -> str:
    return f"  {name:<36}{quantity:>15}{usd:>11,.2f}{beyond_free:>12,.2f}"


def _quantity(item: Item) -> str:
    return f"{item.quantity:,.0f}" if item.quantity >= 100 else f"{item.quantity:,.2f}".removesuffix(".00")


def _jobs(found: Estimate, *, every_job: bool) -> Iterator[str]:
    uses = sorted(found.uses, key=lambda use: -use.gb_s)
    shown = uses if every_job else uses[:_SHOWN]
    yield f"{'jobs by GB-seconds':<38}{'executions':>12}{'each':>11}{'memory':>9}{'GB-s':>12}"
    yield from (_job(use) for use in shown)
    if len(uses) > len(shown):
        yield f"  and {len(uses) - len(shown)} more (--jobs shows all)"


def _job(use: JobUse) -> str:
    each = f"{'' if use.duration_is_known else '~'}{use.duration_s:,.2f} s"
    return f"  {use.job_id:<36}{use.invocations:>12,.0f}{each:>11}{use.memory_mb:>6} MB{use.gb_s:>12,.0f}"


def _notes(found: Estimate) -> Iterator[str]:
    share = found.ours_usd / found.lambda_usd if found.lambda_usd else 0.0
    yield f"ours: {found.ours_usd:,.2f} USD of the jobs' {found.lambda_usd:,.2f} for Lambda ({share:.0%}) are"
    yield "  housekeeping jobs, starting, claiming and recording"
    if found.days_of_history:
        yield f"from {found.days_of_history:.1f} days of history: durations, and executions beyond the schedule"
    yield "assumed: " + ", ".join(_assumptions(found))
    others = found.prices_of_another_region
    if others:
        yield f"prices of {REFERENCE}, because prices.toml has none of {found.region}: {', '.join(others)}"
    if found.not_priced:
        listed = ", ".join(f"{count} {name}" for name, count in found.not_priced.items())
        yield f"not in the estimate, and not free: {listed}"
    yield "not in the estimate: PostgreSQL, what jobs themselves use of AWS, data transfer, taxes"
    yield f"list prices as read on {_dates(found)}; verify them: docs/cost.md has the links"


def _assumptions(found: Estimate) -> Iterator[str]:
    assumed = found.assumed
    yield f"{assumed.duration_s:g} s an execution where history says nothing (~)"
    yield f"{assumed.overhead_s:g} s to claim and record it"
    yield f"{assumed.cold_start_s:g} s for a cold start"
    yield f"{assumed.api_requests:,.0f} requests to the API"


def _dates(found: Estimate) -> str:
    dates = sorted({item.price.date for item in found.items})
    return f"{dates[0]}" if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
