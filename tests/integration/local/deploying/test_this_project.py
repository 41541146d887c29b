"""This project itself, from its zips: up, looked at, asked again, and down, with real functions and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chalicelib import passwords
from functions.db import access, users
from functions.db.connection import connect
from infra.deploying import command
from infra.local.moto_server import ACCOUNT_ID
from tests.integration.local.account import REGION, Account
from tests.integration.local.deploying.conftest import plain_session, unused_stage


@pytest.fixture
def ask(
    account: Account, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Any]:  # fmt: skip
    """Runs scripts/deploy on an unused stage whose database has no schema; the JSON it prints."""
    with connect(database_url) as connection:
        connection.execute("DROP SCHEMA lamplighter CASCADE")
    for name, value in {"DATABASE_URL": database_url, "AUTH_SIGNING_KEY": "hunter2" * 6}.items():
        monkeypatch.setenv(name, value)
    stage, file = unused_stage(), tmp_path / "stages.toml"
    file.write_text(f'[tool.lamplighter.stages.{stage}]\naccount = "{ACCOUNT_ID}"\nregion = "{REGION}"\n')

    def run(what: str, *more: str) -> Any:
        common = ["--stage", stage, "--file", str(file), "--endpoint-url", account.endpoint_url, "--json"]
        code = command.main([what, *common, *more])
        printed = capsys.readouterr()
        assert "hunter2" not in "".join(printed)
        value = json.loads(printed.out)
        assert code == 0, value
        return value

    run.stage = stage  # type: ignore[attr-defined]
    return run


def test_up_and_down_from_the_zips(ask: Any, account: Account, database_url: str, tmp_path: Path) -> None:
    first = ask("plan", "--dist", str(tmp_path))
    assert first["migrations_before"][0] == "0001_first_tables"
    assert sum(step["action"] == "create" for step in first["triggers"]["steps"]) >= 4
    up = ask("up")
    assert (up["number"], up["state"]) == (1, "finished")

    again = ask("plan", "--dist", str(tmp_path))
    assert not again["has_changes"], again
    # The first costs three change sets and the stacks they come with; the second asks the operations function too.
    counts = {name: sum(plan["calls"].values()) for name, plan in (("first", first), ("no-op", again))}
    assert counts["first"] <= 25, first["calls"]
    assert counts["no-op"] <= 25, again["calls"]
    assert not any(name.endswith((":PutObject", ":ExecuteChangeSet")) for name in [*first["calls"], *again["calls"]])

    assert ask("status")["drift"] == []
    levels = {each["subject"]: each["level"] for each in ask("doctor")["findings"]}
    assert {levels[each] for each in ("database from Lambda", "rights", "migrations", "clocks", "drift")} == {"ok"}
    ada = ask("administrator", "Ada@example.com", "--generate")
    with connect(database_url) as connection:
        stored = users.password_hash(connection, users.find(connection, ada["name"]).id)
        assert access.has_administrator(connection)
    assert passwords.verify(stored, ada["password"])
    ask("down", "--confirm", ask.stage)
    found = plain_session().client("cloudformation", endpoint_url=account.endpoint_url).describe_stacks()["Stacks"]
    assert not [each for each in found if ask.stage in each["StackName"]]
    with connect(database_url) as connection:
        assert connection.execute("SELECT count(*) > 3 FROM lamplighter.job").fetchone() == (True,)
