"""`scripts/enqueue` before it reaches anything: what its arguments mean, and what it refuses."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from functions.errors import InvalidParams
from infra.enqueue_command import ParamsLines, _parse, main


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ([], "JOB"),
        (["a", "--params", "{'to': 1}"], "no JSON"),
        (["a", "--params", "{}", "--params-file", "x"], "not allowed with"),
        (["a", "--at", "tomorrow"], "'tomorrow' must be an ISO 8601 instant"),
        (["a", "--at", "0001-01-01T00:00+14:00"], "must be an ISO 8601 instant"),
        (["a", "--delay", "90"], "'90' must be a number with s, m, h or d"),
        (["a", "--delay", "-5m"], "expected one argument"),
        (["a", "--delay", "٣s"], "must be a number with s, m, h or d"),
        (["a", "--at", "2027-01-01", "--delay", "1h"], "not allowed with"),
        (["a", "--params-file", "x", "--key", "k"], "leave it out with --params-file"),
    ],
)
def test_arguments_that_cannot_be_are_refused_with_their_rule(
    capsys: pytest.CaptureFixture[str], arguments: list[str], rule: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert rule in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2027-01-01T08:00+01:00", datetime(2027, 1, 1, 7, tzinfo=UTC)),
        ("2027-01-01T08:00", datetime(2027, 1, 1, 8, tzinfo=UTC)),
        ("2027-01-01", datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_an_instant_without_an_offset_is_utc(text: str, instant: datetime) -> None:
    assert _parse(["a", "--at", text]).at == instant


@pytest.mark.parametrize(
    ("text", "delay"),
    [("90s", timedelta(seconds=90)), ("5m", timedelta(minutes=5)), ("2h", timedelta(hours=2)), ("3d", timedelta(3))],
)
def test_a_delay_is_a_number_with_a_unit(text: str, delay: timedelta) -> None:
    before = datetime.now(UTC)
    assert before + delay <= _parse(["a", "--delay", text]).at <= datetime.now(UTC) + delay


def test_a_file_is_one_value_a_line_without_the_empty_ones(tmp_path: Path) -> None:
    (tmp_path / "lines").write_text('{"n": 1}\n\n   \n{"n": "ž"}\nnull')
    lines = ParamsLines(str(tmp_path / "lines"))
    assert list(lines) == [{"n": 1}, {"n": "ž"}, None]
    assert (lines.number, lines.count) == (5, 3)


@pytest.mark.parametrize("line", [b"{", b"\xff", b"{'a': 1}", b"[" * 100_000], ids=["cut", "bytes", "quotes", "deep"])
def test_a_line_that_is_no_json_is_refused_without_being_shown(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "lines").write_bytes(b"{}\n" + line)
    lines = ParamsLines(str(tmp_path / "lines"))
    with pytest.raises(InvalidParams, match="this is no JSON") as caught:
        list(lines)
    assert lines.number == 2
    assert len(str(caught.value)) < 300


def test_a_file_that_is_not_there_says_so() -> None:
    with pytest.raises(InvalidParams, match="'nowhere' cannot be read: No such file"):
        list(ParamsLines("nowhere"))


def test_without_a_running_scripts_dev_it_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STAGE", raising=False)
    assert main(["send-email", "--state", str(tmp_path)]) == 1
    assert "start scripts/dev first" in capsys.readouterr().err
    assert main(["send-email", "--state", str(tmp_path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["code"] == "jobs_error"
