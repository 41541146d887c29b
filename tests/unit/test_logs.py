"""Every line a job writes is kept, whatever is in it."""

from __future__ import annotations

import logging

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
