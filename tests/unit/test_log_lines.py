"""Lines are kept up to caps, and a mark says where the rest is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from functions.log_lines import Lines, LogCaps, LogLine

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def line(message: str, fields: dict[str, Any] | None = None) -> LogLine:
    return LogLine(logged_at=NOW, level="INFO", message=message, fields=fields)


def test_beyond_the_lines_cap_one_line_says_where_the_rest_is() -> None:
    lines = Lines(LogCaps(lines=3))
    for number in range(9):
        lines.add(line(str(number)))
    assert [kept.message for kept in lines] == [
        "0", "1", "2", "more than 3 lines (LOG_MAX_LINES): the rest is only in CloudWatch",
    ]  # fmt: skip
    assert lines[-1].level == "WARNING"


def test_exactly_as_many_lines_as_the_cap_leave_no_mark() -> None:
    lines = Lines(LogCaps(lines=3))
    for number in range(3):
        lines.add(line(str(number)))
    assert len(lines) == 3


def test_beyond_the_bytes_cap_nothing_more_is_kept_not_even_what_would_fit() -> None:
    lines = Lines(LogCaps(total_bytes=10))
    for text in ("čččč", "12", "345", "x"):
        lines.add(line(text))
    assert [kept.message for kept in lines] == [
        "čččč", "12", "more than 10 bytes (LOG_MAX_BYTES): the rest is only in CloudWatch",
    ]  # fmt: skip


def test_a_long_message_is_cut_between_characters_and_says_so() -> None:
    lines = Lines(LogCaps(line_bytes=5))
    lines.add(line("ččč and more"))
    assert lines[0].message == "čč… (truncated: 15 bytes, LOG_MAX_LINE_BYTES)"


def test_small_fields_are_kept_beside_a_long_one_which_is_cut_and_says_so() -> None:
    lines = Lines(LogCaps(line_bytes=60))
    lines.add(line("short", {"exception": "x" * 500, "n": 1}))
    fields = lines[0].fields or {}
    assert fields["n"] == 1
    assert fields["exception"].startswith("xxx")
    assert fields["exception"].endswith("… (truncated: 500 bytes, LOG_MAX_LINE_BYTES)")


def test_fields_that_find_no_room_at_all_are_counted() -> None:
    lines = Lines(LogCaps(line_bytes=100))
    lines.add(line("", {f"field {number}": list(range(number)) for number in range(5_000)}))
    fields = lines[0].fields or {}
    assert fields["…"].endswith("more fields (LOG_MAX_LINE_BYTES)")
    assert len(str(fields)) < 300


def test_what_fits_is_kept_as_it_is() -> None:
    lines, whole = Lines(), line("message", {"a": [1, {"b": None}]})
    lines.add(whole)
    assert list(lines) == [whole]


def test_left_is_what_was_not_written_yet() -> None:
    lines = Lines()
    lines.add(line("one"))
    lines.written += len(lines.left)
    lines.add(line("two"))
    assert [kept.message for kept in lines.left] == ["two"]


def test_the_cap_is_of_bytes_whatever_the_letters() -> None:
    lines = Lines(LogCaps(lines=9, line_bytes=1_000, total_bytes=100_000))
    lines.add(line("m", {"text": "漢" * 900, "id": 7}))
    fields = lines[0].fields or {}
    assert fields["id"] == 7
    assert "truncated: 2700 bytes" in fields["text"]
    assert len(fields["text"].encode()) < 1_100
