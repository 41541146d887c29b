"""The API checks params by their JSON Schema as strictly as the job's own process reads them, and shows no secret."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, cast

import msgspec
import pytest

from chalicelib.services import params
from functions.db.jobs import JobRow
from functions.errors import InvalidParams
from functions.params import secret_names, to_json
from functions.params_schema import schema
from functions.redaction import Secret


class Colour(Enum):
    """What an enum looks like."""

    RED = "red"
    BLUE = "blue"


@dataclass
class Node:
    """Leads to itself."""

    name: str
    below: list[Node] = field(default_factory=list)


@dataclass
class Card:
    """Holds a secret."""

    number: Secret[str]


@dataclass
class Everything:
    """One field of each kind."""

    text: str = ""
    whole: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1
    number: float = 1.0
    flag: bool = False
    day: date | None = None
    lasting: timedelta | None = None
    identity: uuid.UUID | None = None
    price: Decimal | None = None
    colour: Colour = Colour.RED
    kind: Literal["a", "b"] = "a"
    either: int | str = 1
    pair: tuple[int, str] = (1, "")
    named: dict[str, int] = field(default_factory=dict)
    pattern: Annotated[str, msgspec.Meta(pattern="^a+$", max_length=3)] = "a"
    tree: Node | None = None
    card: Card | None = None
    cards: dict[str, list[Card]] = field(default_factory=dict)
    password: str = ""


_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, 5, 6, 2**70, 1.0, 1.5, "", "a", "aaaa", "b", "red", "5", "2026-12-24", "2026-13-24",
    "2026-12-24T18:00:00Z", "PT5M", "P1Y", "5 minutes", "6f1c7f4e-0000-4000-8000-000000000000",
    "6F1C7F4E000040008000000000000000", "1.5", "NaN", "x" * 50, [], [1, "a"], [1, "a", 2], ["a", 1], [None], {},
    {"a": 1}, {"a": "b"}, {"a": 1.0}, {"name": "x"}, {"name": "x", "below": [{"name": "y", "below": []}]},
    {"name": "x", "below": [{"nmae": "y"}]}, {"name": 1}, {"number": "1"}, {"number": 1}, {"number": "1", "x": 1},
    {"a": [{"number": "1"}]}, {"a": [{"number": 1}]}, {"a": {"number": "1"}},
)  # fmt: skip


def job(params_type: type) -> JobRow:
    now = datetime.now(UTC)
    return JobRow(
        id="a", definition={"params_schema": schema(params_type)}, definition_hash="", in_code=True, created_at=now,
        paused_at=None, paused_by=None, pause_reason=None, resume_at=None, removed_at=None, removed_by=None,
        next_execution_at=None, last_fired_at=None, last_execution_id=None, last_started_at=None, last_status=None,
        last_duration_ms=None, running_execution_id=None,
    )  # fmt: skip


def is_taken(check: Any, *given: Any) -> bool:
    try:
        check(*given)
    except InvalidParams:
        return False
    return True


@pytest.mark.parametrize("name", Everything.__dataclass_fields__)
def test_the_api_takes_what_the_job_takes_and_nothing_else(name: str) -> None:
    checked = job(Everything)
    # But a price as a number, which JSON clients may have rounded already: the schema asks for a text.
    values = [
        value for value in _VALUES if name != "price" or isinstance(value, bool) or not isinstance(value, int | float)
    ]
    verdicts = {
        repr(value): (is_taken(params.check, checked, {name: value}), is_taken(to_json, "a", Everything, {name: value}))
        for value in values
    }
    assert {value: verdict for value, verdict in verdicts.items() if verdict[0] is not verdict[1]} == {}
    assert {by_job for _, by_job in verdicts.values()} == {True, False}


def test_the_schema_names_the_same_secrets_as_the_dataclass() -> None:
    assert params.secret_names(schema(Everything)) == secret_names(Everything) == ("card", "cards", "password")
    assert params.secret_names(schema(Node)) == params.secret_names(None) == ()


@pytest.mark.parametrize("name", ["card", "cards", "password"])
def test_no_message_shows_what_a_secret_field_was_given(name: str) -> None:
    secret = "hunter2"
    for value in ([secret], {secret: 1}, {"number": {secret: secret}}, {secret: [{"number": 1}]}, 72727272):
        with pytest.raises(InvalidParams, match=name) as caught:
            params.check(job(Everything), {name: value})
        assert secret not in str(caught.value)
        assert "72727272" not in str(caught.value)


def test_what_is_nested_without_end_is_refused_in_words() -> None:
    deep: dict[str, Any] = {"name": "x"}
    for _ in range(300):
        deep = {"name": "x", "below": [deep]}
    with pytest.raises(InvalidParams, match="nested"):
        params.check(job(Node), deep)


def test_the_first_five_misfits_are_named() -> None:
    with pytest.raises(InvalidParams) as caught:
        params.check(job(Everything), {name: cast("Any", [None]) for name in Everything.__dataclass_fields__})
    assert str(caught.value).count(": use") == 5


@dataclass
class Order:
    """Two of its fields have no default."""

    number: int
    buyer: str
    card: Card | None = None


def test_a_form_is_told_what_is_wrong_with_each_field() -> None:
    given = {"number": "many", "card": {"number": {"hunter2": 1}}}
    found = params.misfits(job(Order), given)
    assert found.keys() == {"number", "buyer", "card"}
    assert found["buyer"] == "it is missing, and has no default"
    assert "a whole number" in found["number"]
    assert "hunter2" not in str(found)
    assert params.misfits(job(Order), {"number": 1, "buyer": "ann"}) == {}
