"""Params as they are typed."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from lamplighter_cli import params
from lamplighter_cli.exit_codes import ExitCode
from lamplighter_cli.failures import Failure


def test_params_are_json_or_a_file_that_holds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "p.json").write_text('{"to": "é"}')
    monkeypatch.setattr("sys.stdin", io.StringIO('{"to": "stdin"}'))
    assert params.read(None) is None
    assert params.read('{"n": 1}') == {"n": 1}
    assert params.read(f"@{tmp_path / 'p.json'}") == {"to": "é"}
    assert params.read("@-") == {"to": "stdin"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON"),
        ("[1]", "must be an object"),
        ("@/nowhere/x.json", "cannot be read"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_what_cannot_be_params_is_refused(text: str, said: str) -> None:
    with pytest.raises(Failure, match=said) as refused:
        params.read(text)
    assert refused.value.exit_code == ExitCode.USAGE
