"""What a month costs: occurrences are counted, prices come from one file, and what is assumed is said."""

from __future__ import annotations

import argparse
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from functions.definition import JobDefinition
from functions.errors import SettingsError
from functions.registry import collect
from functions.scheduling.cron import Schedule
from infra.cost import command
from infra.cost.estimate import Estimate, estimate
from infra.cost.history import History
from infra.cost.jobs import HOUSEKEEPING, Assumptions
from infra.cost.occurrences import per_month
from infra.cost.prices import FILE, REFERENCE, Price, prices_of
from infra.cost.text import estimate_text
from infra.deployment import Target
from tests.unit.infra.deployments import deployment_of

NOW = datetime(2026, 11, 28, 10, 30, tzinfo=UTC)
PAGE = (Path(__file__).parents[3] / "docs" / "cost.md").read_text()
HOURLY = JobDefinition(id="hourly", schedule="@hourly", memory_mb=1024, timeout=timedelta(seconds=100))
BY_HAND = JobDefinition(id="by-hand", memory_mb=512)
JITTERED = JobDefinition(id="jittered", schedule="@daily", jitter=timedelta(minutes=5))


def found(*jobs: JobDefinition, history: Any = None, environ: Any = None, **assumed: float) -> Estimate:
    deployment = deployment_of(jobs, environ={"AWS_REGION": REFERENCE, **(environ or {})})
    return estimate(deployment, History.from_json(history), Assumptions(**assumed), now=NOW)


def quantities(of: Estimate) -> dict[str, float]:
    return {item.name: item.quantity for item in of.items}


@pytest.mark.parametrize(
    ("text", "timezone"),
    [
        ("*/20 8-17 * * MON-FRI", "Europe/Prague"),  # two days in the year on which clocks change
        ("*/7 0-4 * * *", "Australia/Lord_Howe"),  # by half an hour
        ("0 0 29 2 *", "UTC"),
        ("30 2 * * SUN", "America/New_York"),  # once it does not exist
        ("cron(0 12 ? * 2#1 2027)", "UTC"),
        ("15 3 1 * *", "Pacific/Auckland"),
    ],
)
def test_a_month_has_a_twelfth_of_the_years_occurrences(text: str, timezone: str) -> None:
    schedule = Schedule.parse(text, timezone)
    begin = NOW.astimezone(ZoneInfo(timezone)).replace(hour=0, minute=0)
    end = begin + timedelta(days=365)  # on the wall clock
    assert per_month(schedule, NOW) * 12 == len(schedule.between(begin - timedelta(seconds=1), end))


def test_a_rate_fires_by_its_period_and_what_never_fires_costs_nothing() -> None:
    assert per_month(Schedule.parse("rate(5 minutes)"), NOW) == 365 * 24 * 12 / 12
    assert per_month(Schedule.parse("0 0 31 2 *"), NOW) == 0


def test_lambda_is_paid_by_execution_memory_and_duration() -> None:
    month = found(HOURLY, duration_s=2, overhead_s=0.5, cold_start_s=1.5, api_requests=0)
    assert quantities(month)["lambda-requests"] == 730
    # Once an hour finds no warm process: 730 executions of 2 + 0.5 + 1.5 s with 1 GB.
    assert quantities(month)["lambda-gb-s-arm64"] == 730 * 4
    assert month.lambda_usd == pytest.approx(730 / 1e6 * 0.20 + 730 * 4 * 0.0000133334)
    assert month.ours_usd == pytest.approx(730 * 2 * 0.0000133334)
    assert month.most_usd - month.usd == pytest.approx(730 * (100 - 4) * 0.0000133334)


def test_what_fires_often_starts_warm_and_what_fires_it_is_counted() -> None:
    each_minute = JobDefinition(id="each-minute", schedule="* * * * *")
    (use, _) = found(each_minute, JITTERED, overhead_s=0.1, cold_start_s=5).uses
    assert (use.overhead_s, use.backend) == (0.1, "rule")
    counted = quantities(found(each_minute, JITTERED, BY_HAND))
    assert counted["rule-invocations"] == 43_800
    assert counted["scheduler-invocations"] == pytest.approx(365 / 12)


def test_history_says_how_long_and_how_often_beyond_the_schedule() -> None:
    jobs = {
        "hourly": {"ended": {"succeeded": 700, "failed": 20, "missed": 500}, "mean_ms": 250.0},
        "by-hand": {"ended": {"succeeded": 73}, "mean_ms": None},
        "gone": {"ended": {"succeeded": 9}, "mean_ms": 1.0},
    }
    month = found(HOURLY, BY_HAND, history={"days": 36.5, "jobs": jobs, "log_bytes": 5_000.0}, duration_s=2)
    by_hand, hourly = month.uses
    assert (hourly.duration_s, hourly.duration_is_known) == (0.25, True)
    assert hourly.invocations == 730, "the schedule, because history has less"
    assert by_hand.invocations == pytest.approx(60.83, 1e-3)
    assert (by_hand.duration_s, by_hand.duration_is_known) == (2, False)
    assert quantities(month)["log-gb"] == pytest.approx((790.83 * (900 + 5_000) + 10_000 * 900) / 1e9, 1e-3)


def test_nothing_is_fired_where_all_jobs_are_switched_off() -> None:
    assert quantities(found(HOURLY, environ={"JOBS_ENABLED": "false"}, api_requests=0))["lambda-requests"] == 0


def test_a_metric_costs_for_the_hours_it_is_written_in() -> None:
    monthly = JobDefinition(id="monthly", schedule="0 0 1 * *")
    assert quantities(found(monthly))["metric-months"] == pytest.approx(2 / 730)
    assert quantities(found(HOURLY))["metric-months"] == 2


def test_secrets_are_counted_by_the_piece() -> None:
    environ = {
        "DATABASE_URL": "postgresql://app@db.example/jobs",
        "DATABASE_SECRET_SOURCE": "secrets-manager",
        "DATABASE_SECRET_ID": "prod/database",
    }
    assert quantities(found(HOURLY, environ=environ))["secrets"] == quantities(found(HOURLY))["secrets"] + 1


def test_the_other_processor_has_its_own_price() -> None:
    deployment = deployment_of([HOURLY], environ={"AWS_REGION": REFERENCE}, target=Target(architecture="x86_64"))
    month = estimate(deployment, History(), Assumptions(), now=NOW)
    assert quantities(month)["lambda-gb-s-x86_64"] > 0
    assert month.usd > found(HOURLY).usd


def test_what_is_free_is_taken_off_once() -> None:
    price = Price(usd=2.0, per=10, free=100, date=NOW.date(), source="", region=REFERENCE)
    assert [price.of(150), price.beyond_free(150), price.beyond_free(99)] == [30, 10, 0]


def test_a_region_without_prices_takes_those_of_another_and_says_so() -> None:
    month = found(HOURLY, environ={"AWS_REGION": "eu-central-1"})
    assert month.usd == found(HOURLY).usd
    text = estimate_text(month, every_job=False)
    assert "prices of us-east-1, because prices.toml has none of eu-central-1: lambda-requests, " in text
    assert "prices of us-east-1" not in estimate_text(found(HOURLY), every_job=False)


def test_a_region_with_prices_of_its_own_uses_them() -> None:
    assert prices_of("ap-northeast-1")["log-gb"].usd > prices_of(REFERENCE)["log-gb"].usd
    assert prices_of("ap-northeast-1")["secrets"].region == REFERENCE


@pytest.mark.parametrize("table", ["usd = 1.0", "usd = -1.0\nper = 1\nfree = 0\ndate = 2026-11-28\nsource = ''"])
def test_a_price_that_is_wrong_is_named(tmp_path: Path, table: str) -> None:
    (tmp_path / "prices.toml").write_text(f"[us-east-1.log-gb]\n{table}\n")
    with pytest.raises(SettingsError, match=r"prices\.toml: \[us-east-1\.log-gb\] is invalid"):
        prices_of(REFERENCE, tmp_path / "prices.toml")


def test_every_price_has_a_source_to_look_at_and_a_place_in_the_docs() -> None:
    for name, price in prices_of(REFERENCE).items():
        assert price.source.startswith("https://"), name
        assert f"`{name}`" in PAGE, name
    assert "VERIFY" in FILE.read_text()


def test_the_jobs_that_come_with_the_product_are_counted_as_its_own() -> None:
    assert {job.definition.id for job in collect(["functions.jobs"])} - {"send-email"} == set(HOUSEKEEPING)


def test_the_docs_have_every_option_and_no_other() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    command.add_arguments(parser)
    options = {text for action in parser._actions for text in action.option_strings}
    of_the_command = {"--json", "--region", "--architecture", "--state", "--stage"}
    assert set(re.findall(r"`(--[a-z-]+)", PAGE)) - of_the_command == options


def test_the_command_prints_the_estimate_as_text_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--region", "us-east-1"]) == 0
    text = capsys.readouterr().out
    assert re.search(r"^  together +\d+\.\d\d +\d+\.\d\d$", text, re.MULTILINE)
    assert "~1.00 s" in text
    assert command.main(["--json", "--duration", "3"]) == 0
    parsed = json.loads(capsys.readouterr().out)
    assert parsed["usd"] == pytest.approx(sum(item["usd"] for item in parsed["items"]))
    assert parsed["assumed"]["duration_s"] == 3


@pytest.mark.parametrize("wrong", ["-1", "many", "inf", "nan"])
def test_a_number_that_is_none_is_refused(capsys: pytest.CaptureFixture[str], wrong: str) -> None:
    with pytest.raises(SystemExit):
        command.main([f"--duration={wrong}"])
    assert f"'{wrong}' must be a number of at least 0" in capsys.readouterr().err
