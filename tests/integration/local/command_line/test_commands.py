"""Every other command against the real API."""

from __future__ import annotations

import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.integration.local.command_line.conftest import BADLY, WELL, Api
from tests.integration.local.command_line.runs import Terminal

pytestmark = pytest.mark.usefixtures("two_jobs")


def test_jobs_are_listed_for_people_and_for_programs(ada: Terminal) -> None:
    jobs = ada("jobs", "--json").json
    assert [job["id"] for job in jobs] == [BADLY, WELL]
    lines = ada("jobs").out.splitlines()
    assert lines[0].split()[:2] == ["JOB", "STATE"]
    assert [line.split()[0] for line in lines[1:]] == [BADLY, WELL]
    assert "by hand" in lines[1]
    assert "@hourly" in lines[2]
    assert [job["id"] for job in ada("jobs", "well", "--json").json] == [WELL]
    assert [job["id"] for job in ada("jobs", "--sort=-id", "--json").json] == [WELL, BADLY]
    limited = ada("jobs", "--limit", "1")
    assert len(limited.out.splitlines()) == 2
    assert "more than these 1" in limited.err


def test_a_state_there_is_not_is_a_wrong_usage_with_the_apis_own_words(ada: Terminal) -> None:
    ran = ada("jobs", "--state", "happy")
    assert ran.code == 2
    assert "validation_failed, request " in ran.err
    assert "paused" in ran.err


def test_a_job_is_paused_with_a_reason_and_an_end_and_resumed(ada: Terminal) -> None:
    assert ada("pause", WELL, "--reason", "moving house", "--until", "2h").code == 0
    job = ada("job", WELL, "--json").json
    assert (job["isPaused"], job["pauseReason"], job["pausedBy"]) == (True, "moving house", "ada")
    assert datetime.fromisoformat(job["pausedUntil"]) > datetime.fromisoformat(job["pausedAt"])
    assert "because moving house" in ada("job", WELL).out
    assert [job["id"] for job in ada("jobs", "--state", "paused", "--json").json] == [WELL]
    assert ada("resume", WELL, "--json").json == {}
    assert ada("job", WELL, "--json").json["isPaused"] is False


def test_what_there_is_not_is_not_found(ada: Terminal) -> None:
    for arguments in (("job", "no-such-job"), ("pause", "Not An Id/.."), ("execution", "no-uuid"), ("cancel", "x")):
        ran = ada(*arguments)
        assert (ran.code, ran.out) == (5, "")
        assert "_not_found, request " in ran.err


def test_a_job_is_removed_when_somebody_says_yes_and_restored(ada: Terminal) -> None:
    unasked = ada("remove", WELL)
    assert unasked.code == 2
    assert "--yes" in unasked.err
    assert ada.on_a_terminal("remove", WELL, answers={"[y/N]": "n"}).code == 130
    assert len(ada("jobs", "--json").json) == 2
    assert ada.on_a_terminal("remove", WELL, answers={"[y/N]": "y"}).code == 0
    assert [job["id"] for job in ada("jobs", "--json").json] == [BADLY]
    assert ada("remove", WELL, "--yes").code == 5


def test_an_execution_is_enqueued_once_for_a_key_and_cancelled(ada: Terminal) -> None:
    first = ada("enqueue", WELL, "--delay", "2h", "--key", "tonight", "--json").json["id"]
    again = ada("enqueue", WELL, "--delay", "2h", "--key", "tonight")
    assert again.out.strip() == first
    assert "was enqueued before" in again.err
    shown = ada("execution", first, "--json").json
    assert (shown["status"], shown["cause"]) == ("scheduled", "one_time")
    assert first in ada("executions", "--status", "scheduled").out
    assert ada("cancel", first).out == f"{first} is cancelled\n"
    assert ada("cancel", first).code == 6


def test_params_the_job_does_not_take_are_a_wrong_usage(ada: Terminal, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('{"to": "ann"}')
    ran = ada("enqueue", WELL, "--params", f"@{tmp_path / 'p.json'}")
    assert ran.code == 2
    assert "params_invalid, request " in ran.err


def test_what_failed_is_run_again_alone_or_with_others(ada: Terminal, gate: Path) -> None:
    gate.touch()
    assert ada("trigger", BADLY, "--wait").code == 1
    assert ada("trigger", BADLY, "--wait").code == 1
    failed = [each["id"] for each in ada("executions", BADLY, "--status", "failed", "--json").json["executions"]]
    assert ada("retry").code == 2
    dry = ada("retry", "--job", BADLY, "--from", "1h", "--dry-run", "--json").json
    assert [each["execution"] for each in dry["executions"]] == failed[::-1]

    new = ada("retry", failed[0]).out.strip()
    assert ada("execution", new, "--json").json["repeats"] == failed[0]
    assert ada("retry", failed[0]).code == 6, "it was run again already"
    assert ada("retry", "--job", BADLY).code == 2, "nobody said yes"
    done = ada("retry", "--job", BADLY, "--yes", "--json").json
    assert failed[1] in [each["execution"] for each in done["executions"]]


def test_pages_are_put_together(ada: Terminal) -> None:
    for _ in range(3):
        ada("enqueue", WELL, "--delay", "2h")
    two = ada("executions", WELL, "--limit", "2", "--json").json
    assert len(two["executions"]) == 2
    assert two["nextCursor"] is not None
    assert len(ada("executions", WELL, "--json").json["executions"]) == 3


def test_who_did_what_is_in_the_audit(ada: Terminal) -> None:
    ada("pause", WELL, "--reason", "why not")
    (entry,) = ada("audit", "--action", "jobs.pause", "--job", WELL, "--json").json["entries"]
    assert (entry["actor"], entry["reason"]) == ("ada", "why not")
    assert "why not" in ada("audit").out


def test_people_and_roles_are_listed(ada: Terminal) -> None:
    assert [user["name"] for user in ada("users", "--json").json["users"]] == ["ada", "vera"]
    assert {"admin", "operator", "viewer"} <= {role["name"] for role in ada("roles", "--json").json["roles"]}
    assert "viewer" in ada("users", "vera").out
    assert "jobs.view" in ada("roles").out


def test_the_plan_is_shown_and_done_when_somebody_says_yes(ada: Terminal) -> None:
    planned = ada("plan", "--json").json
    assert WELL in [step["job"] for step in planned["steps"]]
    assert WELL in ada("plan").out
    assert ada("plan", "--apply").code == 2
    assert ada("plan", "--apply", "--yes").code == 0
    assert ada("plan").out == "AWS has what it should have\n"
    assert ada("plan", "--json").json["isClean"] is True


def test_numbers_are_shown(ada: Terminal, gate: Path) -> None:
    gate.touch()
    ada("trigger", WELL, "--wait")
    assert ada("stats", "--json").json["total"]["succeeded"] == 1
    assert ada("stats", WELL, "--by", "day").out.splitlines()[-1].split()[:3] == ["all", "1", "0"]
    assert {"rules", "schedules"} <= {meter["resource"] for meter in ada("quota", "--json").json["meters"]}
    assert "rules" in ada("quota").out


def test_the_address_of_the_ui_is_printed(api: Api, ada: Terminal) -> None:
    assert ada("open").out == f"{api.url}/admin\n"


def test_versions_are_shown(ada: Terminal) -> None:
    assert {"version", "stage", "schema"} <= ada("version", "--json").json.keys()
    assert "local" in ada("version").out
    assert ada("--version").out.startswith("lamplighter ")


def test_there_are_colours_on_a_terminal_unless_somebody_does_not_want_them(ada: Terminal) -> None:
    assert "\x1b[" in ada.on_a_terminal("jobs").out
    plain = ada.on_a_terminal("jobs", NO_COLOR="1").out
    assert not any(f"\x1b[{code}" in plain for code in ("3", "9", "1;3"))
    assert "\x1b" not in ada("jobs").out


def test_times_are_local_unless_utc_is_asked_for(ada: Terminal) -> None:
    ada("pause", WELL)
    prague = {"TZ": "Europe/Prague"}
    assert " CE" in ada("job", WELL, **prague).out
    assert " UTC" in ada("job", WELL, "--utc", **prague).out


def test_the_script_runs_it_from_anywhere(ada: Terminal, tmp_path: Path) -> None:
    ran = subprocess.run(
        [PROJECT / "scripts" / "lamplighter", "jobs", "--json"], capture_output=True, text=True, timeout=60,
        cwd=tmp_path, env=ada.environment,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert WELL in ran.stdout
