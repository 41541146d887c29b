"""What a request may say: read strictly, refused with the parameter, the value and the rule."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
import pytest
from chalice.app import Request
from msgspec import Meta

from chalicelib.inputs import AwareInstant, Input, JobId, Limit, read_body, read_query
from chalicelib.refusals import NotValid


class Wanted(Input):
    """Every kind of parameter there is."""

    search: Annotated[str, Meta(max_length=10)] | None = None
    status: tuple[Literal["failed", "lost"], ...] = ()
    from_at: AwareInstant | None = msgspec.field(name="from", default=None)
    limit: Limit = 50
    dry_run: bool = False
    job_id: JobId | None = None


class Asked(Input, kw_only=True):
    """A body with a field that must be there."""

    name: Annotated[str, Meta(min_length=1)]
    delay: Annotated[float, Meta(ge=0)] | None = None


def request(query: dict[str, list[str]] | None = None, body: str = "", kind: str = "application/json") -> Request:
    event: dict[str, Any] = {
        "multiValueQueryStringParameters": query,
        "headers": {"content-type": kind},
        "pathParameters": None,
        "body": body,
        "isBase64Encoded": False,
        "stageVariables": None,
        "requestContext": {"resourcePath": "/", "httpMethod": "GET", "path": "/"},
    }
    return Request(event, None)


def test_each_parameter_is_read_as_what_it_is() -> None:
    query = {
        "search": ["null"], "status": ["failed,lost"], "from": ["2026-11-23T12:00:00Z"], "limit": ["5"],
        "dryRun": ["true"], "jobId": ["a.b_c-1"],
    }  # fmt: skip
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    expected = Wanted(search="null", status=("failed", "lost"), from_at=noon, limit=5, dry_run=True, job_id="a.b_c-1")
    assert read_query(request(query), Wanted) == expected


def test_no_parameters_are_the_defaults() -> None:
    assert read_query(request(), Wanted) == Wanted()


def test_an_empty_list_is_as_good_as_none() -> None:
    assert read_query(request({"status": [""]}), Wanted).status == ()


def test_a_list_may_also_be_several_parameters_of_one_name() -> None:
    assert read_query(request({"status": ["failed", "lost"]}), Wanted).status == ("failed", "lost")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"satus": ["failed"]}, "no parameter 'satus' here: there are search, status, from"),
        ({"status": ["failed,lots"]}, "status='failed,lots' is invalid: use some of failed, lost, with commas"),
        ({"limit": ["0"]}, "limit='0' is invalid: use a whole number of 1 to 200"),
        ({"limit": ["5.0"]}, "limit='5.0' is invalid"),
        ({"limit": ["٥"]}, "limit='٥' is invalid"),
        ({"limit": ["9" * 400]}, "is invalid: use a whole number"),
        ({"limit": ["1", "2"]}, "limit is there 2 times"),
        ({"dryRun": ["1"]}, "dryRun='1' is invalid: use true or false"),
        ({"from": ["2026-11-23T12:00:00"]}, "from='2026-11-23T12:00:00' is invalid: use ISO 8601 with an offset"),
        ({"from": ["5"]}, "from='5' is invalid"),
        ({"search": ["x" * 11]}, "is invalid: use a text of at most 10 characters"),
        ({"search": ["\x00"]}, "NUL"),
        ({"jobId": ["Clean Up"]}, "jobId='Clean Up' is invalid: use a text that matches"),
    ],
)
def test_what_does_not_fit_is_refused_with_name_value_and_rule(query: dict[str, list[str]], said: str) -> None:
    with pytest.raises(NotValid) as refused:
        read_query(request(query), Wanted)
    assert said in str(refused.value)


def test_a_body_is_read_and_null_is_as_good_as_not_given() -> None:
    assert read_body(request(body='{"name": "a", "delay": null}'), Asked) == Asked(name="a")
    assert read_body(request(body='{"name": "a", "delay": 2}'), Asked).delay == 2


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "name is missing: use a text of at least 1 characters"),
        ({"name": None}, "name is missing"),
        ({"name": "a", "delay": -1}, "delay is invalid: use a number of at least 0"),
        ({"name": "a", "delay": "hunter2"}, "delay is invalid"),
        ({"name": "a", "x": 1}, "'x'"),
    ],
)
def test_a_body_is_refused_with_field_and_rule_and_never_the_value(body: object, said: str) -> None:
    with pytest.raises(NotValid) as refused:
        read_body(request(body=json.dumps(body)), Asked)
    assert said in str(refused.value)
    assert "hunter2" not in str(refused.value)
