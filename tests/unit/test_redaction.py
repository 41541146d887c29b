"""What stands under a secret's name is not logged, wherever it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest

from functions.record import Record
from functions.redaction import REDACTED, SECRET_NAMES, Secret, redacted
from tests.conftest import PROJECT


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "DB_PASSWORD",
        "refreshToken",
        "x-api-key",
        "Authorization",
        "client.secret",
        "apikey",
        "accessKeyId",
        "APIToken",
        "DBPassword",
        "SMTPPassword",
    ],
)
def test_a_secret_is_known_by_its_name_however_it_is_written(name: str) -> None:
    assert redacted({name: "hunter2"}) == {name: REDACTED}
    assert redacted({name: 12345}) == {name: REDACTED}
    assert redacted({name: {"value": "hunter2"}}) == {name: REDACTED}


@pytest.mark.parametrize("name", ["tokens", "keyboard", "key", "secretary", "author", "passwordless", "message"])
def test_other_names_are_left_alone(name: str) -> None:
    assert redacted({name: "seen"}) == {name: "seen"}


def test_whether_there_is_one_may_be_seen() -> None:
    assert redacted({"token": None, "password": False}) == {"token": None, "password": False}


def test_secrets_are_found_in_nested_fields() -> None:
    value: dict[str, Any] = {"users": [{"name": "ann", "password": "p"}, ({"token": "t"},)]}
    assert redacted(value) == {"users": [{"name": "ann", "password": REDACTED}, [{"token": REDACTED}]]}


@dataclass
class Login:
    user: str
    db_password: str
    card: Secret[str] | None = None
    others: list[Login] = field(default_factory=list)


def test_a_dataclass_is_logged_as_its_fields_without_its_secrets() -> None:
    login = Login("ann", "p", "4000", [Login("bob", "q")])
    assert redacted({"of": login}) == {
        "of": {
            "user": "ann", "db_password": REDACTED, "card": REDACTED,
            "others": [{"user": "bob", "db_password": REDACTED, "card": None, "others": []}],
        }
    }  # fmt: skip


class Attempt(Record):
    user: str
    card: Secret[str]
    _raw: str | None = None


def test_a_record_is_logged_like_a_dataclass_without_what_its_repr_leaves_out() -> None:
    attempt = Attempt(user="ann", card="4000", _raw="p")
    assert redacted({"of": attempt}) == {"of": {"user": "ann", "card": REDACTED}}
    assert redacted([Attempt]) == [str(Attempt)]


def test_a_mark_counts_where_an_annotation_is_only_for_type_checkers() -> None:
    @dataclass
    class Unreadable:
        card: Secret[Unheard]  # type: ignore[name-defined]  # noqa: F821
        user: Unheard  # type: ignore[name-defined]  # noqa: F821

    assert redacted([Unreadable("4000", "ann")]) == [{"card": REDACTED, "user": "ann"}]


def test_a_dataclass_itself_is_text() -> None:
    assert redacted([Login]) == [str(Login)]


def test_the_value_itself_is_not_changed() -> None:
    value = {"password": "p", "list": [1]}
    copy = redacted(value)
    assert value == {"password": "p", "list": [1]}
    copy["list"].append(2)
    assert value["list"] == [1]


def test_what_is_no_json_becomes_text_and_a_circle_ends() -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError

    circle: dict[Any, Any] = {"object": Broken(), 1: b"x"}
    circle["self"] = circle
    copy = redacted(circle)
    assert (copy["object"], copy["1"]) == ("<Broken>", "b'x'")
    assert "nested too deeply" in str(copy)


def test_every_name_of_a_secret_is_documented() -> None:
    page = (PROJECT / "docs" / "add-a-job.md").read_text()
    assert [name for name in SECRET_NAMES if f"`{name}`" not in page] == []


def test_the_fields_of_a_named_tuple_have_names_too() -> None:
    class Account(NamedTuple):
        user: str
        password: str

    assert redacted([Account("ann", "hunter2")]) == [{"user": "ann", "password": REDACTED}]
