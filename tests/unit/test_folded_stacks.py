"""A stack is folded between where it began and where it broke."""

from __future__ import annotations

import pytest

from chalicelib.pages.stacks import folded

_HEAD = "Traceback (most recent call last):"


def _frame(name: str) -> str:
    return f'  File "{name}.py", line 3, in {name}\n    {name}()'


def test_the_first_and_the_last_call_stay_in_sight() -> None:
    stack = folded("\n".join([_HEAD, _frame("a"), _frame("b"), _frame("c"), _frame("d"), "ValueError: no"]))
    assert stack is not None
    assert stack.first == f"{_HEAD}\n{_frame('a')}"
    assert stack.last == f"{_frame('d')}\nValueError: no"
    assert stack.hidden == 2
    assert "b.py" in stack.whole


def test_a_short_one_hides_nothing() -> None:
    stack = folded("\n".join([_HEAD, _frame("a"), _frame("b"), "ValueError: no"]))
    assert stack is not None
    assert (stack.hidden, stack.last) == (0, stack.whole)


@pytest.mark.parametrize("nothing", [None, "", "\n "])
def test_without_a_stack_there_is_none(nothing: str | None) -> None:
    assert folded(nothing) is None


def test_what_is_no_python_stack_is_shown_whole() -> None:
    stack = folded("signal 9")
    assert stack is not None
    assert stack.last == "signal 9"
