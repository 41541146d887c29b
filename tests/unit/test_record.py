"""Records: what dataclasses promise, without code made at import."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from functions.record import Record


class Point(Record):
    x: int
    y: int = 0
    _secret: str | None = None

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("x is negative")


class Place(Record):
    x: int
    y: int = 0
    _secret: str | None = None


def test_a_field_that_was_not_given_has_the_default_of_its_class() -> None:
    point = Point(x=1)
    assert (point.x, point.y, point._secret) == (1, 0, None)


@pytest.mark.parametrize(("values", "named"), [({}, "x"), ({"y": 1}, "x"), ({"x": 1, "z": 2}, "z")])
def test_a_field_too_many_or_too_few_is_refused_by_name(values: dict[str, Any], named: str) -> None:
    with pytest.raises(TypeError, match=rf"Point\({named}\)"):
        Point(**values)


def test_nothing_of_a_record_can_be_changed() -> None:
    point = Point(x=1)
    with pytest.raises(AttributeError, match=r"Point\.x cannot be changed"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match=r"Point\.y cannot be deleted"):
        del point.y
    with pytest.raises(AttributeError):
        point.z = 3
    assert point == Point(x=1)


def test_records_are_equal_by_class_and_fields() -> None:
    assert Point(x=1) == Point(x=1, y=0)
    assert Point(x=1) != Point(x=1, _secret="s")
    assert Point(x=1) != Place(x=1)
    assert len({Point(x=1), Point(x=1, y=0), Place(x=1)}) == 2


def test_a_changed_copy_is_checked_like_any_other() -> None:
    point = Point(x=1, _secret="s")
    assert point._replace(y=2) == Point(x=1, y=2, _secret="s")
    assert point.y == 0
    with pytest.raises(ValueError, match="negative"):
        point._replace(x=-1)
    with pytest.raises(TypeError, match=r"Point\(z\)"):
        point._replace(z=1)


def test_the_repr_leaves_out_what_begins_with_an_underscore() -> None:
    assert repr(Point(x=1, _secret="hunter2")) == "Point(x=1, y=0)"


def test_a_record_can_be_copied_and_pickled() -> None:
    point = Point(x=1, _secret="s")
    assert copy.deepcopy(point) == point
    assert pickle.loads(pickle.dumps(point)) == point
