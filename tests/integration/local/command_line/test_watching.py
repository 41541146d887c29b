"""Watching a job that really runs, in a process of its own."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.integration.local.command_line.conftest import BADLY, WELL
from tests.integration.local.command_line.runs import Terminal, line_of, rest_of

pytestmark = pytest.mark.usefixtures("two_jobs")


def test_trigger_wait_shows_the_lines_as_they_come_and_ends_as_the_execution(ada: Terminal, gate: Path) -> None:
    with ada.running("trigger", WELL, "--wait", "--utc") as process:
        assert line_of(process, "begun").rstrip().endswith("INFO     begun n=1")
        assert "careful" in line_of(process, "careful")
        gate.touch()
        out, err = rest_of(process)
    assert process.returncode == 0
    assert "INFO     ended" in out
    assert "ended as succeeded" in err


def test_trigger_wait_fails_when_the_execution_does(ada: Terminal, gate: Path) -> None:
    gate.touch()
    ran = ada("trigger", BADLY, "--wait")
    assert ran.code == 1
    assert "ended as failed" in ran.err
    assert "ValueError: no luck" in ran.err


def test_trigger_wait_as_json_is_the_execution_and_nothing_else(ada: Terminal, gate: Path) -> None:
    gate.touch()
    well, badly = ada("trigger", WELL, "--wait", "--json"), ada("trigger", BADLY, "--wait", "--json")
    assert (well.code, well.json["status"]) == (0, "succeeded")
    assert (badly.code, badly.json["status"]) == (1, "failed")
    assert json.loads(badly.err.splitlines()[-1])["exitCode"] == 1


def test_ctrl_c_stops_the_watching_and_not_the_run(ada: Terminal, gate: Path) -> None:
    with ada.running("trigger", WELL, "--wait") as process:
        line_of(process, "begun")
        process.send_signal(signal.SIGINT)
        _, err = rest_of(process)
    assert process.returncode == 130
    assert "you stopped watching" in err
    execution = ada("executions", WELL, "--json").json["executions"][0]
    assert (execution["status"], execution["id"] in err) == ("running", True)
    gate.touch()
    assert ada("logs", execution["id"], "--follow").code == 0
    assert ada("execution", execution["id"], "--json").json["status"] == "succeeded"


def test_on_a_terminal_there_are_bars_and_they_leave_with_the_end(ada: Terminal, gate: Path) -> None:
    gate.touch()
    ran = ada.on_a_terminal("trigger", WELL, "--wait")
    assert ran.code == 0
    assert f"{WELL} succeeded" in ran.out
    assert "parts" in ran.out
    assert "2/2" in ran.out


def test_logs_follow_begins_with_the_tail_and_goes_on_to_the_end(ada: Terminal, gate: Path) -> None:
    execution = ada("trigger", WELL).out.strip()
    with ada.running("logs", execution, "--follow", "--json") as process:
        first = json.loads(line_of(process, "begun"))
        assert (first["attempt"], first["line"], first["fields"]) == (1, 1, {"n": 1})
        gate.touch()
        out, _ = rest_of(process)
    assert process.returncode == 0
    assert [json.loads(line)["message"] for line in out.splitlines()] == ["careful", "ended"]


def test_logs_follow_shows_of_what_comes_only_what_is_searched_for(ada: Terminal, gate: Path) -> None:
    execution = ada("trigger", WELL).out.strip()
    with ada.running("logs", execution, "--follow", "--search", "N", "--json") as process:
        line_of(process, "begun")  # from here on it is followed
        gate.touch()
        out, _ = rest_of(process)
    assert [json.loads(line)["message"] for line in out.splitlines()] == ["ended"]


def test_logs_are_cut_and_filtered_as_asked(ada: Terminal, gate: Path) -> None:
    gate.touch()
    ada("trigger", WELL, "--wait")
    execution = ada("executions", WELL, "--json").json["executions"][0]["id"]

    def messages(*options: str) -> list[str]:
        return [line["message"] for line in ada("logs", execution, "--json", *options).json["lines"]]

    assert messages() == ["begun", "careful", "ended"]
    assert messages("--tail", "2") == ["careful", "ended"]
    assert messages("--tail", "0") == []
    assert messages("--level", "warning") == ["careful"]
    assert messages("--search", "END") == ["ended"]


def test_a_watched_execution_can_be_cancelled_from_elsewhere(ada: Terminal) -> None:
    with ada.running("trigger", WELL, "--wait") as process:
        line_of(process, "begun")
        execution = ada("executions", WELL, "--status", "running", "--json").json["executions"][0]["id"]
        assert ada("cancel", execution).code == 0
        _, err = rest_of(process)
    assert process.returncode == 1
    assert "ended as cancelled" in err
