"""Params are one dataclass: strict on the way in and out, plain JSON in between, secrets never shown."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Literal
from uuid import UUID

import jsonschema
import pytest

from functions.definition import JobDefinition
from functions.errors import InvalidJob, InvalidParams
from functions.job import Job, JobContext, Secret, job
from functions.logs import captured
from functions.params import LARGEST_PARAMS_BYTES, from_json, schema, secret_names, to_json, typed

HIDDEN = "hunter2-of-the-mailbox"


class Kind(Enum):
    full = "full"
    short = "short"


@dataclass(frozen=True)
class Mailbox:
    host: str
    port: int = 25
    key_phrase: Secret[str] | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """What to report, and to whom."""

    days: int = 7
    until: date | None = None
    kind: Kind = Kind.full
    unit: Literal["EUR", "CZK"] = "EUR"
    limit: Decimal = Decimal("1.5")
    share: float = 0.5
    at: datetime | None = None
    within: timedelta = timedelta(minutes=5)
    order: UUID | None = None
    tags: set[str] = field(default_factory=set)
    counts: dict[int, str] = field(default_factory=dict)
    pair: tuple[str, Mailbox] | None = None
    boxes: list[Mailbox] = field(default_factory=list)
    webhook: Secret[str] = HIDDEN
    headers: dict[str, Secret[str]] = field(default_factory=dict)
    api_key: str = ""
    has_token: bool = False

    def __post_init__(self) -> None:
        if self.days < 1:
            raise ValueError(f"days={self.days}: use 1 or more")
        if self.webhook == "http:" + HIDDEN:
            raise ValueError(f"webhook {self.webhook} is not https")
        if self.days == 13:
            raise KeyError("unlucky")


@dataclass
class Needs:
    days: int
    dry_run: bool = False


@dataclass
class Text:
    text: str


@dataclass
class WrongDefault:
    days: int = "7"  # type: ignore[assignment]


@dataclass
class NoJson:
    thing: logging.Handler | None = None


@dataclass
class Invented:
    thing: Nothing  # type: ignore[name-defined]  # noqa: F821


class NoDataclass:
    days: int = 7


FULL = Report(
    until=date(2026, 11, 23),
    kind=Kind.short,
    at=datetime(2026, 11, 23, 12, tzinfo=UTC),
    order=UUID(int=1),
    tags={"a"},
    counts={1: "one"},
    pair=("ann", Mailbox("h", key_phrase=HIDDEN)),
    boxes=[Mailbox("h", 26)],
    webhook="https:" + HIDDEN,
    headers={"x": HIDDEN},
)


def define(params: Any, **options: Any) -> Job:
    @job(id="report", params=params, **options)
    def report(ctx: JobContext) -> None:
        """Reports."""

    return report


REPORT = define(Report)


def refused(params_type: type, params: object) -> str:
    with pytest.raises(InvalidParams) as caught:
        to_json("report", params_type, params)
    assert caught.value.code == "params_invalid"
    assert caught.value.__cause__ is None  # its message may hold a secret, and stacks are kept
    message = str(caught.value)
    assert "'report'" in message
    assert f"see {params_type.__qualname__} in {__name__}" in message
    return message


def test_what_comes_out_is_what_went_in() -> None:
    value = to_json("report", Report, FULL)
    assert from_json("report", Report, value) == FULL
    assert (value["until"], value["kind"], value["within"]) == ("2026-11-23", "short", "PT300S")
    assert value["pair"] == ["ann", {"host": "h", "port": 25, "key_phrase": HIDDEN}]


def test_defaults_are_written_down_so_that_a_deploy_does_not_change_what_was_asked_for() -> None:
    value = to_json("report", Report, {"days": 3})
    assert (value["days"], value["unit"], value["limit"]) == (3, "EUR", "1.5")
    assert set(value) == set(Report.__dataclass_fields__)
    assert to_json("report", Report, None) == to_json("report", Report, Report())


def test_a_mapping_may_hold_python_values() -> None:
    value = to_json("report", Report, {"until": date(2026, 1, 2), "pair": ("x", Mailbox("h"))})
    assert value["until"] == "2026-01-02"
    assert from_json("report", Report, value).pair == ("x", Mailbox("h"))


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"days": "3"}, "at days ('3'): Expected `int`, got `str`"),
        ({"days": True}, "at days (True): Expected `int`"),
        ({"days": 3.5}, "at days (3.5): Expected `int`"),
        (Report(share="3"), "at share ('3'): Expected `float`, got `str`"),  # type: ignore[arg-type]
        ({"until": "tomorrow"}, "at until ('tomorrow'): Invalid"),
        ({"kind": "long"}, "at kind ('long'): Invalid enum value 'long'"),
        ({"unit": "USD"}, "at unit ('USD')"),
        ({"pair": ["ann"]}, "at pair: Expected `array` of length 2"),
        ({"boxes": [{"host": "h"}, {"port": 1}]}, "at boxes[1]: Object missing required field `host`"),
        ({"counts": {"one": "1"}}, "at counts: Expected `int`"),
        ({"dayz": 3}, "there is no field dayz: Report has days, until,"),
        ({"boxes": [{"host": "h", "prot": 1}]}, "there is no field boxes[0].prot"),
        ({"pair": ["ann", {"host": "h", "prot": 1}]}, "there is no field pair[1].prot"),
        ({"days": 0}, "days=0: use 1 or more"),
        ({"days": 13}, "KeyError: 'unlucky'"),
        ({"share": float("nan")}, "at share (nan): JSON has no such number"),
        ({"share": float("-inf")}, "at share (-inf): JSON has no such number"),
        ({"tags": ["a\x00b"]}, "at tags[0] ('a\\x00b'): PostgreSQL cannot store NUL"),
        ({"counts": {1: "\ud800"}}, "at counts.1 ('\\ud800'): PostgreSQL cannot store"),
        ({"days": 10**5000}, "4300 digits"),
        ({"days": object()}, "type object is unsupported"),
        ({"tags": ["x" * LARGEST_PARAMS_BYTES]}, f"bytes of JSON are more than {LARGEST_PARAMS_BYTES}"),
        (7, "use a Report or a mapping of its fields, not int"),
        (Mailbox("h"), "use a Report or a mapping of its fields, not Mailbox"),
    ],
)
def test_what_does_not_fit_is_refused_naming_job_field_value_and_rule(params: object, said: str) -> None:
    assert said in refused(Report, params)


def test_a_field_without_a_default_has_to_be_given() -> None:
    assert "Object missing required field `days`" in refused(Needs, None)


def test_a_circle_is_refused() -> None:
    circle: dict[str, Any] = {}
    circle["counts"] = circle
    refused(Report, circle)


def test_as_much_as_the_limit_is_accepted() -> None:
    longest = "x" * (LARGEST_PARAMS_BYTES - len('{"text": ""}'))
    assert to_json("report", Text, Text(longest)) == {"text": longest}
    refused(Text, Text(longest + "x"))


@pytest.mark.parametrize(
    "params",
    [
        {"webhook": [HIDDEN]},
        {"webhook": "http:" + HIDDEN},
        {"webhook": HIDDEN + "\x00"},
        {"webhook": HIDDEN, "days": "3"},
        {"headers": {"x": HIDDEN + "\x00"}},
        {"boxes": [{"host": "h", "key_phrase": HIDDEN + "\x00"}]},
        {"boxes": [{"host": HIDDEN + "\x00", "key_phrase": HIDDEN}]},
        {"boxes": [{"key_phrase": HIDDEN}]},
        {"webhok": HIDDEN},
        {"api_key": HIDDEN + "\x00"},
    ],
)
def test_no_message_shows_a_secret(params: dict[str, Any]) -> None:
    assert HIDDEN not in refused(Report, params)


def test_secret_fields_are_the_marked_the_named_and_those_that_hold_one() -> None:
    assert secret_names(Report) == ("pair", "boxes", "webhook", "headers", "api_key")
    assert secret_names(Needs) == ()


def test_neither_repr_nor_str_nor_a_line_shows_a_secret() -> None:
    assert define(Report).params is Report
    assert f"{FULL}{FULL!r}".count("***") == 2 * 4
    assert "boxes=[Mailbox(host='h', port=26, key_phrase=None)]" in repr(FULL)
    with captured() as lines:
        logging.getLogger("x").info("params %s", FULL, extra={"params": FULL, "nested": [{"deep": FULL}]})
    (line,) = lines
    assert HIDDEN not in f"{line.message}{line.fields}"
    assert line.fields is not None
    assert line.fields["params"]["days"] == 7
    assert line.fields["params"]["webhook"] == line.fields["nested"][0]["deep"]["webhook"] == "***"
    assert line.fields["params"]["boxes"] == [{"host": "h", "port": 26, "key_phrase": None}]


@dataclass(frozen=True)
class Quoting:
    """Says what it was given when it refuses it."""

    code: Secret[str]

    def __post_init__(self) -> None:
        raise ValueError(f"no such code: {self.code!r}")


@pytest.mark.parametrize("code", [HIDDEN + "\n", f"  {HIDDEN}\t", f"{HIDDEN}\\n'\"", "short1"])
def test_no_message_shows_a_secret_as_repr_writes_it_either(code: str) -> None:
    said = refused(Quoting, {"code": code})
    assert code.strip() not in said
    assert repr(code.strip())[1:-1] not in said
    assert HIDDEN not in said


def test_a_repr_without_secrets_stays_the_dataclasss_own() -> None:
    define(Needs)
    assert "__wrapped__" in vars(vars(Needs)["__repr__"])
    assert repr(Needs(3)) == "Needs(days=3, dry_run=False)"


def test_the_schema_is_a_schema_that_takes_what_is_stored_and_says_what_is_secret() -> None:
    found = schema(Report)
    jsonschema.Draft202012Validator.check_schema(found)
    jsonschema.Draft202012Validator(found).validate(to_json("report", Report, FULL))
    fields = found["$defs"]["Report"]["properties"]
    assert {name for name, node in fields.items() if node.get("writeOnly")} == {"webhook", "headers", "api_key"}
    assert found["$defs"]["Mailbox"]["properties"]["key_phrase"]["writeOnly"] is True
    assert found["$defs"]["Report"]["description"] == "What to report, and to whom."
    assert (fields["days"]["default"], fields["within"]["default"]) == (7, "PT300S")
    assert HIDDEN not in str(found)


@pytest.mark.parametrize("params", [{"dayz": 3}, {"days": "3"}, {"boxes": [{"host": "h", "prot": 1}]}])
def test_the_schema_refuses_what_the_type_refuses(params: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema(Report)).validate(params)


@pytest.mark.parametrize(
    ("params", "options", "said"),
    [
        (dict, {}, "use a dataclass (the type, not an instance), or None"),
        ({"type": "object"}, {}, "use a dataclass"),
        (Needs(3), {}, "use a dataclass"),
        (NoDataclass, {}, "use a dataclass"),
        (Invented, {}, "name 'Nothing' is not defined"),
        (Needs, {"schedule": "@daily"}, "days has no default"),
    ],
)
def test_a_params_type_that_cannot_be_stops_at_import(params: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidJob) as caught:
        define(params, **options)
    assert "job 'report': params=" in str(caught.value)
    assert said in str(caught.value)


def test_a_job_without_a_schedule_may_need_params() -> None:
    assert define(Needs).params is Needs


@pytest.mark.parametrize("params", [WrongDefault, NoJson])
def test_defaults_and_types_that_cannot_be_stop_the_deploy(params: type) -> None:
    with pytest.raises(InvalidJob, match="job 'report': params="):
        define(params).definition.to_json()


def test_the_stored_definition_has_the_schema_and_can_be_read_without_the_code() -> None:
    stored = REPORT.definition.to_json()
    assert stored["params_schema"] == schema(Report)
    read = JobDefinition.from_json(stored)
    assert (read.params_schema, read.hash) == (schema(Report), REPORT.definition.hash)


def test_a_job_without_params_is_stored_as_before() -> None:
    definition = JobDefinition(id="a", schedule="@hourly")
    assert "params_schema" not in definition.to_json()  # so neither does its hash change
    assert JobDefinition.from_json(definition.to_json()).params_schema is None


def test_the_hash_changes_with_the_params() -> None:
    assert len({define(params).definition.hash for params in (None, Report, Needs)}) == 3


@pytest.mark.parametrize(
    ("params_type", "stored", "expected"),
    [(None, None, None), (Report, None, Report()), (Needs, {"days": 3}, Needs(3)), (Report, {}, Report())],
)
def test_a_job_gets_its_params_or_the_defaults(
    params_type: type | None, stored: Mapping[str, Any] | None, expected: object
) -> None:
    assert typed("report", params_type, stored) == expected


@pytest.mark.parametrize(
    ("params_type", "stored", "said"),
    [
        (None, {"days": 3}, "the job takes none"),
        (Needs, None, "missing required field `days`"),
        (Needs, {"days": 3, "gone": 1}, "there is no field gone"),
        (Needs, {"days": "3"}, "at days ('3')"),
    ],
)
def test_stored_params_that_do_not_fit_any_more_are_refused(
    params_type: type | None, stored: Mapping[str, Any] | None, said: str
) -> None:
    with pytest.raises(InvalidParams) as caught:
        typed("report", params_type, stored)
    assert said in str(caught.value)


def test_default_params_import_no_msgspec() -> None:
    script = (
        "import sys\n"
        "from tests.unit.sample_jobs.params import digest\n"
        "from functions.params import secret_names, typed\n"
        "assert typed('digest', digest.params, None) == digest.params()\n"
        "assert secret_names(digest.params) == ('key_phrase',)\n"
        "print('msgspec' in sys.modules)\n"
    )
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "False\n"
    )
