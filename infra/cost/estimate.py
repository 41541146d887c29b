"""A month of a deployment, item by item, in AWS's list prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.scheduling.rules import Rules
from functions.scheduling.scheduler import Scheduler
from infra.cost.history import History
from infra.cost.jobs import HOUSEKEEPING, Assumptions, JobUse, uses_of
from infra.cost.prices import Price, prices_of
from infra.cost.resources import NOT_PRICED, count_resources
from infra.deployment import Deployment

_API_MEMORY_GB = 0.5
# What Lambda itself writes of an invocation (START, END, REPORT), and the line of our metrics.
_BYTES_OF_AN_INVOCATION = 900
_GB = 1e9
_DAYS_OF_A_MONTH = 365 / 12


@dataclass(frozen=True)
class Item:
    """So many units of something, by its name in prices.toml."""

    name: str
    quantity: float
    price: Price

    @property
    def usd(self) -> float:
        """By the list."""
        return self.price.of(self.quantity)

    @property
    def usd_beyond_free(self) -> float:
        """By the list, after what an account gets free."""
        return self.price.beyond_free(self.quantity)


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The month. `ours_usd` is what of Lambda goes into housekeeping, starting, claiming and recording."""

    region: str
    days_of_history: float
    assumed: Assumptions
    uses: tuple[JobUse, ...]
    items: tuple[Item, ...]
    not_priced: Mapping[str, int]
    most_usd: float
    lambda_usd: float
    ours_usd: float

    @property
    def usd(self) -> float:
        """All of it by the list."""
        return sum(item.usd for item in self.items)

    @property
    def usd_beyond_free(self) -> float:
        """All of it, in an account that has nothing else."""
        return sum(item.usd_beyond_free for item in self.items)

    @property
    def prices_of_another_region(self) -> list[str]:
        """Names of prices the region has no own one for."""
        return [item.name for item in self.items if item.price.region != self.region]

    def to_json(self) -> dict[str, Any]:
        """All of it, as JSON values."""
        return {
            "region": self.region,
            "usd": self.usd,
            "usd_beyond_free": self.usd_beyond_free,
            "usd_if_all_ran_into_their_timeout": self.most_usd,
            "ours": {"usd": self.ours_usd, "of_lambda_usd": self.lambda_usd},
            "days_of_history": self.days_of_history,
            "assumed": vars(self.assumed),
            "items": [_item_json(item) for item in self.items],
            "not_priced": dict(self.not_priced),
            "jobs": [vars(use) | {"gb_s": use.gb_s, "most_gb_s": use.most_gb_s} for use in self.uses],
        }


def estimate(deployment: Deployment, history: History, assumed: Assumptions, *, now: datetime) -> Estimate:
    """The estimate of one month; asks neither AWS nor PostgreSQL. Raises SettingsError for prices that are wrong."""
    settings, prices = deployment.settings, prices_of(deployment.settings.region)
    uses = uses_of(deployment.jobs, settings, history, assumed, now=now)
    gb_s = prices[f"lambda-gb-s-{deployment.target.architecture}"]
    resources = count_resources(deployment)
    used = _used(deployment, uses, history, assumed) | {n: float(c) for n, c in resources.items() if n in prices}
    items = tuple(Item(name, quantity, prices[name]) for name, quantity in used.items())
    most = gb_s.of(sum(use.most_gb_s - use.gb_s for use in uses))
    return Estimate(
        region=settings.region,
        days_of_history=history.days,
        assumed=assumed,
        uses=tuple(uses),
        items=items,
        not_priced={name: resources[name] for name in NOT_PRICED if resources[name]},
        most_usd=sum(item.usd for item in items) + most,
        lambda_usd=sum(_lambda_usd(use, prices, gb_s) for use in uses),
        ours_usd=sum(_ours_usd(use, prices, gb_s) for use in uses),
    )


def _used(deployment: Deployment, uses: list[JobUse], history: History, assumed: Assumptions) -> dict[str, float]:
    """The quantity of everything that is used up, by the name of its price."""
    invocations = sum(use.invocations for use in uses)
    log_bytes = _BYTES_OF_AN_INVOCATION + (assumed.log_bytes if history.log_bytes is None else history.log_bytes)
    gigabytes = invocations * log_bytes / _GB + assumed.api_requests * _BYTES_OF_AN_INVOCATION / _GB
    api_gb_s = assumed.api_requests * assumed.api_request_s * _API_MEMORY_GB
    return {
        "lambda-requests": invocations + assumed.api_requests,
        f"lambda-gb-s-{deployment.target.architecture}": sum(use.gb_s for use in uses) + api_gb_s,
        "rule-invocations": _fired_by(uses, Rules.name),
        "scheduler-invocations": _fired_by(uses, Scheduler.name),
        "api-requests": assumed.api_requests,
        "log-gb": gigabytes,
        "log-gb-months": gigabytes * deployment.log_retention_days / _DAYS_OF_A_MONTH,
        "metric-months": sum(use.metric_months for use in uses),
    }


def _fired_by(uses: list[JobUse], backend: str) -> float:
    return sum(use.scheduled for use in uses if use.backend == backend)


def _lambda_usd(use: JobUse, prices: Mapping[str, Price], gb_s: Price) -> float:
    return prices["lambda-requests"].of(use.invocations) + gb_s.of(use.gb_s)


def _ours_usd(use: JobUse, prices: Mapping[str, Price], gb_s: Price) -> float:
    return _lambda_usd(use, prices, gb_s) if use.job_id in HOUSEKEEPING else gb_s.of(use.overhead_gb_s)


def _item_json(item: Item) -> dict[str, Any]:
    price = vars(item.price) | {"date": item.price.date.isoformat()}
    return {
        "name": item.name,
        "quantity": item.quantity,
        "usd": item.usd,
        "usd_beyond_free": item.usd_beyond_free,
        "price": price,
    }
