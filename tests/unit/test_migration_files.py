"""Migrations keep the old code working: what runs before the code only adds; what takes away goes after it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.db import migrate
from functions.db.schema import goes_after

DIRECTORY = Path(migrate.__file__).parent / "migrations"
# What code that runs meanwhile may read, write or call. An index may go: nothing names one. Routines are not
# migrations: they are replaced by each.
_TAKES_AWAY = {
    r"\bDROP\s+(TABLE|COLUMN|SCHEMA|VIEW|MATERIALIZED|FUNCTION|PROCEDURE|TYPE|SEQUENCE)\b": "takes something away",
    r"\bRENAME\b": "renames something",
    r"\bALTER\s+COLUMN\s+\S+\s+(SET\s+DATA\s+)?TYPE\b": "changes a type",
    r"\bSET\s+NOT\s+NULL\b": "refuses the NULL that old code writes",
    r"\bDROP\s+DEFAULT\b": "refuses the row that old code writes without the column",
    r"\bADD\s+COLUMN\s+(?:(?!,|;|\bDEFAULT\b|\bGENERATED\b).)*\bNOT\s+NULL\b(?:(?!,|;|\bDEFAULT\b|\bGENERATED\b).)*[,;]":
        "adds a column that old code does not fill",
    r"\b(TRUNCATE|DELETE\s+FROM)\b": "deletes rows",
}  # fmt: skip
# Before the first release there was no old code anywhere.
_BEFORE_THE_FIRST_RELEASE = "0014"


def faults(text: str) -> Iterator[str]:
    """What of this migration old code would not survive."""
    statements = re.sub(r"--[^\n]*|\$\$.*?\$\$|'[^']*'", " ", text, flags=re.DOTALL)
    for pattern, fault in _TAKES_AWAY.items():
        if found := re.search(pattern, statements, re.IGNORECASE | re.DOTALL):
            yield f"{fault}: {' '.join(found[0].split())}"


def test_every_migration_before_the_code_only_adds() -> None:
    wrong = {
        file.name: list(faults(file.read_text()))
        for file in DIRECTORY.glob("*.sql")
        if not goes_after(file.stem) and file.name[:4] > _BEFORE_THE_FIRST_RELEASE
    }
    assert not {name: found for name, found in wrong.items() if found}, "name it NNNN_words.after.sql (docs/deploy.md)"


def test_every_migration_has_a_number_of_its_own_and_a_name_we_know() -> None:
    names = sorted(file.name for file in DIRECTORY.glob("*"))
    assert all(re.fullmatch(r"\d{4}_[a-z_]+(\.after)?\.sql", name) for name in names)
    assert len({name[:4] for name in names}) == len(names)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE t DROP COLUMN a;", "DROP TABLE t;", "ALTER TABLE t RENAME TO u;",
        "ALTER TABLE t ALTER COLUMN a TYPE bigint;", "ALTER TABLE t ALTER COLUMN a SET NOT NULL;",
        "ALTER TABLE t ADD COLUMN a int NOT NULL;", "ALTER TABLE t ADD COLUMN b int, ADD COLUMN a int NOT NULL, ADD x;",
        "drop\n view v;", "DELETE FROM t;", "ALTER TABLE t ALTER a DROP DEFAULT;",
    ],
)  # fmt: skip
def test_what_old_code_would_not_survive_is_found(statement: str) -> None:
    assert len(list(faults(statement))) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE t ADD COLUMN a int NOT NULL DEFAULT 1;", "ALTER TABLE t ADD COLUMN a int;", "DROP INDEX i;",
        "CREATE TABLE t (a int NOT NULL);", "-- DROP TABLE t\nCREATE INDEX i ON t (a);",
        "ALTER TABLE t ADD COLUMN a int GENERATED ALWAYS AS IDENTITY NOT NULL;", "SELECT 'DROP TABLE t';",
        "ALTER TABLE t ADD COLUMN a text DEFAULT 'x' NOT NULL;",
    ],
)  # fmt: skip
def test_what_only_adds_is_not(statement: str) -> None:
    assert list(faults(statement)) == []
