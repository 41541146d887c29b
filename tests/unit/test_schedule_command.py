"""`scripts/schedule` as people call it: what it prints, what it refuses and how it ends."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from functions.errors import InvalidSchedule
from functions.scheduling.cron import Schedule
from infra.schedules.command import main
from infra.schedules.explanation import LOCALES

PAGE = (Path(__file__).parent.parent.parent / "docs" / "schedules.md").read_text()
MONDAY = ("--now", "2026-11-23T10:00")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("JOBS_PACKAGES", "tests.unit.sample_jobs.fine")
    for name in ("TRIGGER_BACKEND", "RULES_LIMIT", "DATABASE_URL", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out


def found(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    return json.loads(printed(capsys, *arguments, "--json"))


def test_every_job_of_the_packages_is_shown_with_its_next_five_occurrences(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, *MONDAY)
    assert text.startswith("2 jobs in tests.unit.sample_jobs.fine, seen Mon 2026-11-23 10:00 UTC\n")
    assert re.findall(r"^(\S+)$", text, re.MULTILINE) == ["a.second", "first", "together"]
    assert text.count("2026-11-2") == 1 + 5  # the heading and the five of the one job that has a schedule
    assert "means     every day at 0:00\n  AWS gets  cron(0 0 * * ? *)\n  fired by  EventBridge rule" in text
    assert "a.second\n  means     only when triggered by hand\n  fired by  none (manual only" in text
    assert "[#...................] 1/300 (RULES_LIMIT)" in text


def test_json_says_the_same_of_every_job(capsys: pytest.CaptureFixture[str]) -> None:
    report = found(capsys, *MONDAY)
    second, first = report["jobs"]
    assert (first["job_id"], first["backend"], first["aws_expression"]) == ("first", "rule", "cron(0 0 * * ? *)")
    assert first["occurrences"][0]["at"] == "2026-11-24T00:00:00+00:00"
    assert (second["schedule"], second["backend"], second["occurrences"]) == (None, None, [])
    assert report["rules"] == {"used": 1, "limit": 300}


@pytest.mark.parametrize(
    ("trigger_backend", "backend", "reason"),
    [("scheduler", "schedule", "TRIGGER_BACKEND is scheduler"), ("auto", "rule", "a rule can serve it")],
)
def test_settings_of_the_environment_choose_the_backend(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, trigger_backend: str, backend: str, reason: str
) -> None:
    monkeypatch.setenv("TRIGGER_BACKEND", trigger_backend)
    _, first = found(capsys, *MONDAY)["jobs"]
    for explained in (first, found(capsys, "explain", "@daily", *MONDAY)):
        assert (explained["backend"], explained["reason"]) == (backend, reason)


def test_a_wrong_setting_or_job_is_an_error_with_exit_code_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RULES_LIMIT", "none")
    assert main([*MONDAY]) == 1
    out, err = capsys.readouterr()
    assert (out, err) == ("", "scripts/schedule: RULES_LIMIT='none' is invalid: use a whole number above 0\n")
    monkeypatch.setenv("RULES_LIMIT", "300")
    monkeypatch.setenv("JOBS_PACKAGES", "tests.unit.sample_jobs.twice")
    assert main(["--json", *MONDAY]) == 1
    assert json.loads(capsys.readouterr().out)["code"] == "jobs_duplicate"


def test_a_refused_expression_is_an_error_with_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "0 0 13 * FRI"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("scripts/schedule: schedule '0 0 13 * FRI' is invalid: ")
    assert main(["explain", "@daily", "--timezone", "Prague"]) == 2
    assert "Europe/Prague" in capsys.readouterr().err


def test_a_refused_expression_is_one_object_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "@reboot", "--json"]) == 2
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out).keys() == {"code", "message"}
    assert json.loads(out)["code"] == "schedule_invalid"


def test_an_expression_without_quotes_is_told_to_use_them(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["explain", "0", "9", "*", "*", "MON-FRI"])
    assert ended.value.code == 2
    assert "put the expression in quotes" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--count", "0"], ["--now", "soon"], ["--now", "9999-12-31"], ["--locale", "de"]])
def test_a_wrong_option_says_which_and_the_rule(capsys: pytest.CaptureFixture[str], wrong: list[str]) -> None:
    for arguments in (wrong, ["explain", "@daily", *wrong]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
        assert f"argument {wrong[0]}: " in capsys.readouterr().err


def test_options_count_before_and_after_explain(capsys: pytest.CaptureFixture[str]) -> None:
    before = printed(capsys, "--count", "2", "--json", *MONDAY, "explain", "@daily")
    assert before == printed(capsys, "explain", "@daily", "--count", "2", "--json", *MONDAY)
    assert len(json.loads(before)["occurrences"]) == 2


def test_an_instant_without_an_offset_is_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    in_utc = printed(capsys, "explain", "@hourly", "--now", "2026-11-23T10:00")
    assert in_utc == printed(capsys, "explain", "@hourly", "--now", "2026-11-23T11:00+01:00")


def test_words_come_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    assert LOCALES == ("en", "cs")
    assert "každý den v 0:00" in printed(capsys, "--locale", "cs", *MONDAY)
    assert "jen při ručním spuštění" in printed(capsys, "--locale", "cs", *MONDAY)
    rate = found(capsys, "explain", "rate(5 minutes)", "--locale", "cs")
    assert rate["words"] == "každých 5 minut, počítáno od nasazení"


def test_a_rate_has_no_made_up_times(capsys: pytest.CaptureFixture[str]) -> None:
    rate = found(capsys, "explain", "rate(5 minutes)")
    assert rate["words"] == "every 5 minutes, counted from when it is deployed"
    assert (rate["occurrences"], rate["period_s"], rate["backend"]) == ([], 300, "rule")
    assert not re.search(r"\d\d:\d\d", printed(capsys, "explain", "rate(5 minutes)"))


def test_a_schedule_that_never_fires_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    never = found(capsys, "explain", "0 0 31 2 *")
    assert (never["backend"], never["aws_expression"], never["occurrences"]) == (None, None, [])
    (warning,) = never["warnings"]
    assert warning.startswith("never fires: ")


def test_a_schedule_whose_years_are_over_names_the_last_occurrence(capsys: pytest.CaptureFixture[str]) -> None:
    (warning,) = found(capsys, "explain", "cron(0 6 1 1 ? 2020)", *MONDAY)["warnings"]
    assert warning == "never fires again: its last occurrence was 2020-01-01 06:00 UTC"


def test_one_moment_goes_to_scheduler_however_rules_stand(capsys: pytest.CaptureFixture[str]) -> None:
    once = found(capsys, "explain", "at(2027-03-01T09:00:00)", *MONDAY)
    assert (once["backend"], [at["at"] for at in once["occurrences"]]) == ("schedule", ["2027-03-01T09:00:00+00:00"])


def test_a_moment_is_shown_to_the_second(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Mon 2027-03-01 09:00:30 UTC\n" in printed(capsys, "explain", "at(2027-03-01T09:00:30)", *MONDAY)


def test_json_marks_the_days_on_which_clocks_change(capsys: pytest.CaptureFixture[str]) -> None:
    question = ("explain", "0 9 * * *", "--timezone", "Europe/Prague", "--now", "2027-03-27", "--count", "3")
    marked = found(capsys, *question)
    assert [(at["local"][8:16], at["clocks_change"]) for at in marked["occurrences"]] == [
        *(("27T09:00", False), ("28T09:00", True), ("29T09:00", False)),
    ]
    (change,) = marked["clock_changes"]
    assert (change["at"], change["times"]) == ("2027-03-28T01:00:00+00:00", [])


def test_lines_fit_the_width_and_lose_no_word(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    question = ("explain", "*/45 3 30 * *", "--timezone", "Europe/Prague", *MONDAY)
    wide = printed(capsys, *question)
    monkeypatch.setenv("COLUMNS", "64")
    narrow = printed(capsys, *question)
    assert max(map(len, narrow.splitlines())) <= 64 < max(map(len, wide.splitlines()))
    assert narrow.split() == wide.split()


def shown_commands() -> list[tuple[str, str]]:
    return re.findall(r"^```console\n\$ scripts/schedule (.*?)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("command", "output"), shown_commands())
def test_the_page_shows_what_the_command_prints(capsys: pytest.CaptureFixture[str], command: str, output: str) -> None:
    assert printed(capsys, *shlex.split(command)) == output


def test_the_page_shows_daylight_saving_in_prague_and_on_lord_howe() -> None:
    shown = [output for _, output in shown_commands()]
    for zone in ("Europe/Prague", "Australia/Lord_Howe"):
        for direction in ("forward", "back"):
            assert any(zone in output and f"clocks go {direction}" in output for output in shown)


def table(heading: str) -> list[list[str]]:
    """The rows of every table with this heading, cell by cell."""
    found = re.findall(rf"^\| {heading}.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for rows in found for line in rows.splitlines()]


def test_the_page_says_what_each_expression_means_and_becomes() -> None:
    rows = table("Write ")
    assert len(rows) > 15
    for text, words, aws_expression in rows:
        schedule = Schedule.parse(text.strip("`"))
        assert (schedule.describe(), f"`{schedule.aws_expression}`") == (words, aws_expression)


def test_what_the_page_says_is_refused_is_refused() -> None:
    refused = [row[0].strip("`") for row in table(r"Written \| Why")]
    assert len(refused) > 10
    for text in refused:
        with pytest.raises(InvalidSchedule):
            Schedule.parse(text)


def test_what_the_page_says_is_warned_about_is_warned_about(capsys: pytest.CaptureFixture[str]) -> None:
    warned = [row[0].strip("`") for row in table(r"Written \| Warning")]
    assert len(warned) > 5
    for text in warned:
        assert found(capsys, "explain", text, *MONDAY)["warnings"], text
