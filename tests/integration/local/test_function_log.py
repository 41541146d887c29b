"""A function's log is bounded and never loses its newest lines."""

from __future__ import annotations

from pathlib import Path

from infra.local.function_log import FunctionLog


def test_a_log_that_grew_too_large_keeps_its_newer_half(tmp_path: Path) -> None:
    log = FunctionLog(tmp_path / "f.log", max_bytes=100)
    with log.open() as running:
        for number in range(30):
            running.write(b"line %02d\n" % number)
            running.flush()
        log.trim()
        assert log.size() == 50
        assert log.tail(since=0).endswith(b"line 29\n")
        running.write(b"after\n")
        running.flush()
        assert log.tail(since=0).endswith(b"line 29\nafter\n"), "who writes goes on at the end"


def test_a_small_log_is_left_alone(tmp_path: Path) -> None:
    log = FunctionLog(tmp_path / "f.log", max_bytes=100)
    log.write_line("one")
    log.trim()
    assert log.tail(since=0) == b"one\n"


def test_the_tail_is_the_last_four_kilobytes_of_one_invocation(tmp_path: Path) -> None:
    log = FunctionLog(tmp_path / "f.log")
    log.write_line("before")
    start = log.size()
    assert log.tail(since=start) == b""
    log.write_line("x" * 5000)
    assert log.tail(since=start) == b"x" * 4095 + b"\n"
