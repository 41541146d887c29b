"""`scripts/migrate` on the database of DATABASE_URL: it says what it would do, does it, and then there is nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.db.connection import connect
from infra import migrate_command


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert migrate_command.main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_it_says_what_is_pending_applies_it_and_has_nothing_left(
    database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    with connect(database_url) as connection:
        connection.execute("DROP SCHEMA lamplighter CASCADE")
    first = ask(capsys, "--plan")["pending"][0]
    assert first == "0001_first_tables"
    assert ask(capsys)["applied"][0] == first
    assert ask(capsys, "--plan") == {"pending": [], "lines": ["nothing to apply"]}


def test_no_database_and_no_stage_are_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert migrate_command.main([]) == 1
    assert "DATABASE_URL is not set" in capsys.readouterr().err
    assert migrate_command.main(["--stage", "prod"]) == 1
    assert "describes no stage yet" in capsys.readouterr().err
