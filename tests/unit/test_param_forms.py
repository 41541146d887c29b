"""Forms made from a job's params: a field for each, and what was typed read as the job takes it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
import pytest

from chalicelib.pages.params import fields_of, read, title_of
from functions.params_schema import schema
from functions.redaction import Secret

ZONE = ZoneInfo("Europe/Prague")


class Colour(Enum):
    """What it looks like."""

    RED = "red"
    BLUE = "blue"


@dataclass
class Item:
    """One of an order."""

    sku: str
    count: int = 1


@dataclass
class Everything:
    """Each kind there is."""

    name: Annotated[str, msgspec.Meta(description="Whose it is", max_length=40)]
    flag: bool
    count: Annotated[int, msgspec.Meta(ge=1, le=10)] = 5
    ratio: float = 0.5
    maybe: int | None = None
    day: date | None = None
    at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    clock: Annotated[time, msgspec.Meta(tz=True)] | None = None
    price: Decimal = Decimal("1.5")
    colour: Colour = Colour.RED
    mode: Literal["all", "new"] = "all"
    level: Literal[1, 2] = 1
    tags: list[str] = field(default_factory=lambda: ["a"])
    numbers: list[int] = field(default_factory=list)
    pin: Secret[str] = ""
    api_token: str = ""
    items: list[Item] = field(default_factory=list)
    item: Item | None = None
    either: int | str = 1
    pair: tuple[int, str] = (1, "a")
    mapping: dict[str, int] = field(default_factory=dict)
    pins: list[Secret[str]] = field(default_factory=list)


FIELDS = {each.name: each for each in fields_of(schema(Everything))}


def typed(**sent: str) -> tuple[dict[str, Any], dict[str, str]]:
    return read(list(FIELDS.values()), sent, ZONE)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("text", {"name", "price", "clock"}), ("flag", {"flag"}), ("whole", {"count", "maybe"}), ("number", {"ratio"}),
        ("date", {"day"}), ("instant", {"at"}), ("choice", {"colour", "mode", "level"}),
        ("lines", {"tags", "numbers", "pins"}), ("secret", {"pin", "api_token"}),
        ("json", {"items", "item", "either", "pair", "mapping"}),
    ],
)  # fmt: skip
def test_each_kind_has_its_field(kind: str, names: set[str]) -> None:
    assert {name for name, each in FIELDS.items() if each.kind == kind} == names


def test_required_ones_come_first_and_each_says_what_it_is() -> None:
    assert list(FIELDS)[:2] == ["flag", "name"]
    assert [each.is_required for each in FIELDS.values()].count(True) == 2
    assert (FIELDS["name"].description, FIELDS["name"].limits) == ("Whose it is", {"maxlength": 40})
    assert (FIELDS["count"].default, FIELDS["count"].limits) == ("5", {"min": 1, "max": 10})
    assert (FIELDS["colour"].choices, FIELDS["colour"].default) == (['"blue"', '"red"'], "red")
    assert FIELDS["level"].choices == ["1", "2"]
    assert "sku" in FIELDS["items"].schema
    assert title_of(schema(Everything)) == "Each kind there is."


def test_a_secret_has_no_default_to_be_read() -> None:
    assert [FIELDS[name].default for name in ("pin", "api_token", "pins")] == [None, None, None]


def test_what_is_typed_becomes_what_the_job_takes() -> None:
    params, wrong = typed(
        name=" ann ", flag="false", count="7", ratio="1e3", maybe="-2", day="2026-12-24", at="2026-12-24T18:00",
        clock="18:00+01:00", price="2.50", colour='"blue"', level="2", tags="one\n two \n\n", numbers="1\n2", pin=" x ",
        items='[{"sku": "a"}]', either='"text"', pair='[2, "b"]', mapping="{}",
    )  # fmt: skip
    assert wrong == {}
    assert params == {
        "name": " ann ", "flag": False, "count": 7, "ratio": 1000.0, "maybe": -2, "day": "2026-12-24",
        "at": "2026-12-24T18:00:00+01:00", "clock": "18:00+01:00", "price": "2.50", "colour": "blue", "level": 2,
        "tags": ["one", "two"], "numbers": [1, 2], "pin": " x ", "items": [{"sku": "a"}], "either": "text",
        "pair": [2, "b"], "mapping": {},
    }  # fmt: skip


def test_what_is_left_empty_is_not_given() -> None:
    assert typed(name="", count=" ", items="\n", tags="") == ({}, {})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("count", "1.5"), ("count", "many"), ("ratio", "1e999"), ("ratio", "nan"), ("flag", "perhaps"),
        ("colour", '"green"'), ("colour", "red"), ("at", "soon"), ("numbers", "1\ntwo"), ("items", "{"),
        ("items", "NaN"), ("mapping", "[" * 100_000), ("mapping", '{"a": 1e999}'), ("count", "1" * 5_000),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(name: str, text: str) -> None:
    params, wrong = typed(**{name: text})
    assert params == {}
    assert list(wrong) == [name]


def test_a_job_without_params_has_no_fields() -> None:
    assert fields_of(None) == []


def test_it_reads_the_schema_as_postgresql_gives_it_back() -> None:
    stored = fields_of(json.loads(json.dumps(schema(Everything), sort_keys=True)))
    assert [(each.name, each.kind, each.default) for each in stored] == [
        (each.name, each.kind, each.default) for each in FIELDS.values()
    ]
