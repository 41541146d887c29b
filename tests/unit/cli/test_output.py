"""What is written to a terminal, and what is not."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import pytest

from lamplighter_cli import output, watching
from lamplighter_cli.output import Output
from lamplighter_cli.session import Options, Session

HOSTILE = "\x1b]0;owned\x07 \x9b31m [red]x[/red] :smile: \r\b"


def test_what_jobs_write_does_nothing_to_the_terminal() -> None:
    assert output.shown(HOSTILE) == "\\x1b]0;owned\\x07 \\x9b31m [red]x[/red] :smile: \\x0d\\x08"
    assert output.one_line("a\nb\t c") == "a b c"
    assert output.shown(None) == ""


def test_a_table_says_what_is_in_it_and_nothing_in_it_is_markup(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=False).table(("JOB", "NOTE"), [("a" * 150, HOSTILE)])
    written = capsys.readouterr().out
    assert "a" * 150 in written, "nothing is cut where nobody looks at a terminal"
    assert "[red]x[/red] :smile:" in written
    assert "\x1b" not in written
    assert "\x9b" not in written


def test_json_is_the_same_json_and_does_nothing_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    answer = {"a": HOSTILE, "b": ["é", "\u2028", None]}
    Output(as_json=True).json(answer)
    written = capsys.readouterr().out
    assert json.loads(written) == answer
    assert written.count("\n") == 1
    assert not {"\x1b", "\x9b", "\x07"} & set(written)


def test_every_status_of_the_api_has_a_colour() -> None:
    from functions.db.execution_pages import STATUSES

    assert set(STATUSES) <= output.STATUS_STYLES.keys()
    assert set(watching.FINAL) <= set(STATUSES)


@pytest.mark.parametrize("fields", [None, {}, {"n": 1, "text": "a\x1b[2Jb"}])
def test_a_log_line_shows_time_level_message_and_fields(fields: dict[str, Any] | None) -> None:
    session = Session(Options(as_json=False, is_utc=True, profile=None, url=None), {"HOME": "/nowhere"})
    assert session.zone is UTC
    entry = {"loggedAt": "2026-11-23T12:00:01+01:00", "level": "INFO", "message": "say \x1b[2J", "fields": fields}
    text = watching.line(entry, session).plain
    rest = " n=1 text=a\\x1b[2Jb" if fields else ""
    assert text == "11:00:01 INFO     say \\x1b[2J" + rest
