"""Every line a job writes is kept, whatever is in it."""

from __future__ import annotations

import json
import logging
import sys
import threading
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from functions.logs import captured, job_logger


def test_lines_of_the_context_logger_and_of_plain_logging_are_kept_in_order() -> None:
    with captured() as lines:
        job_logger("a", "INFO").info("one %d", 1, extra={"n": 1})
        logging.getLogger("library").warning("two")
    assert [(line.level, line.message) for line in lines] == [("INFO", "one 1"), ("WARNING", "two")]
    assert lines[0].fields is not None
    assert lines[0].fields["n"] == 1
    assert lines[0].logged_at.tzinfo is not None


def test_an_exception_keeps_its_stack() -> None:
    with captured() as lines:
        try:
            raise ValueError("no")
        except ValueError:
            logging.getLogger("x").exception("went wrong")
    assert "ValueError: no" in str((lines[0].fields or {})["exception"])


def test_a_line_with_wrong_format_arguments_is_kept_as_it_was_written() -> None:
    with captured() as lines:
        record = {"name": "x", "levelname": "INFO", "msg": "%d of %d", "args": ("a",), "levelno": logging.INFO}
        logging.getLogger().handlers[-1].handle(logging.makeLogRecord(record))
    assert lines[0].message == "%d of %d ('a',)"


def test_lines_outside_the_block_are_not_kept() -> None:
    with captured() as lines:
        pass
    logging.getLogger("x").error("later")
    assert list(lines) == []


def printed_json(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_logger_logging_and_print_reach_cloudwatch_as_json_and_the_execution_each_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logger = job_logger("lib", "INFO")
    with captured(formatter=logger.registered_formatter) as lines:
        logger.info("by the logger")
        logging.getLogger("library").info("by logging")
        print("by", "print")
    said = ["by the logger", "by logging", "by print"]
    assert [line.message for line in lines] == said
    printed = printed_json(capsys)
    assert [line["message"] for line in printed] == said
    assert {line["service"] for line in printed} == {"lib"}
    assert [line["level"] for line in printed] == ["INFO"] * 3
    assert printed[2]["location"].startswith("test_logger_logging_and_print")


def test_a_line_printed_in_pieces_is_one_line_and_one_without_an_end_is_kept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with captured() as lines:
        print("one", end=" ")
        print("line\n\nanother\nlast", end="", flush=True)
    assert [line.message for line in lines] == ["one line", "another", "last"]
    assert len(printed_json(capsys)) == 3


def test_pieces_printed_by_threads_at_once_do_not_mix(capsys: pytest.CaptureFixture[str]) -> None:
    barrier = threading.Barrier(2)

    def prints(word: str) -> None:
        for _ in range(50):
            barrier.wait()
            print(word, end="")
            barrier.wait()
            print(word)

    with captured() as lines:
        threads = [threading.Thread(target=prints, args=(word,)) for word in ("ab", "cd")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(line.message for line in lines) == ["abab"] * 50 + ["cdcd"] * 50


def test_metrics_of_the_job_stay_the_line_cloudwatch_reads(capsys: pytest.CaptureFixture[str]) -> None:
    emf = '{"_aws": {"Timestamp": 1}, "orders": 2}'
    with captured() as lines:
        print(emf)
    assert capsys.readouterr().out == emf + "\n"
    assert list(lines) == []


def test_a_handler_that_a_job_makes_for_stdout_prints_nothing_twice_and_survives_the_execution(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with captured() as first:
        own = Logger(service="made-inside")
        own.info("one")
    with captured() as second:
        own.info("two")
    own.info("three")
    assert [line.message for line in (*first, *second)] == ["one", "two"]
    assert [line["message"] for line in printed_json(capsys)] == ["one", "two", "three"]


def test_secrets_are_neither_kept_nor_printed(capsys: pytest.CaptureFixture[str]) -> None:
    logger = job_logger("secretive", "INFO")
    with captured(formatter=logger.registered_formatter) as lines:
        logger.info("signing in", extra={"user": {"name": "ann", "password": "hunter2"}})
        logging.getLogger("library").info("called", extra={"api_key": "hunter2"})
        logger.info({"token": "hunter2"})
    assert lines[0].fields == {"user": {"name": "ann", "password": "***"}}
    assert lines[1].fields == {"api_key": "***"}
    assert lines[2].message == '{"token":"***"}'
    assert "hunter2" not in capsys.readouterr().out


def test_what_a_line_holds_is_kept_as_it_was_when_it_was_written() -> None:
    orders = {"open": 1}
    with captured() as lines:
        logging.getLogger("x").info("orders", extra={"orders": orders})
        orders["open"] = 2
    assert lines[0].fields == {"orders": {"open": 1}}


def test_stdout_and_the_root_logger_are_as_before_also_after_a_failure() -> None:
    before = sys.stdout, logging.getLogger().handlers[:], logging.getLogger().level
    with pytest.raises(ZeroDivisionError), captured():
        _ = 1 / 0
    assert (sys.stdout, logging.getLogger().handlers, logging.getLogger().level) == before


def test_a_line_that_cannot_be_kept_does_not_fail_the_job(capsys: pytest.CaptureFixture[str]) -> None:
    with captured() as lines:
        logging.getLogger("x").info("huge", extra={"n": 10**5_000})  # more digits than Python turns into text
        logging.getLogger("x").info("next")
    assert lines[-1].message == "next"


def test_print_survives_a_library_that_configures_logging_for_itself(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("print").disabled = True
    with captured() as lines:
        print("still here")
    assert [line.message for line in lines] == ["still here"]


def test_a_level_whose_name_is_no_text_is_said_as_text() -> None:
    logging.addLevelName(35, 35)  # type: ignore[arg-type]
    try:
        with captured() as lines:
            logging.getLogger("other").log(35, "hello")
    finally:
        logging.addLevelName(35, "Level 35")
    assert [(line.level, line.message) for line in lines] == [("35", "hello")]
