"""If-Match: who saw something may change only what they saw."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from chalice.app import Request

from chalicelib.preconditions import check, etag
from chalicelib.refusals import NotValid, PreconditionFailed

TAG = etag("a", 1)


def request(if_match: str | None) -> Request:
    headers = {} if if_match is None else {"If-Match": if_match}
    event = {
        "multiValueQueryStringParameters": None, "headers": headers, "pathParameters": {}, "body": None,
        "stageVariables": {}, "isBase64Encoded": False,
        "requestContext": {"resourcePath": "/", "httpMethod": "POST", "path": "/"},
    }  # fmt: skip
    return Request(event)


def test_a_tag_is_quoted_and_the_same_for_the_same_parts_only() -> None:
    now = datetime.now(UTC)
    assert etag("a", None, now) == etag("a", None, now)
    assert len({etag("a"), etag("a", None), etag(None, "a"), etag(["a"]), etag("a", now)}) == 5
    assert TAG.startswith('"')
    assert TAG.endswith('"')


@pytest.mark.parametrize("given", [None, "*", TAG, f'"x", {TAG}', f'W/"y",{TAG} ', f"  {TAG}  "])
def test_what_names_the_version_passes(given: str | None) -> None:
    check(request(given), TAG)


@pytest.mark.parametrize("given", ['"x"', '""', f"W/{TAG}", '"x", "y"'])
def test_another_version_and_a_weak_tag_are_refused_with_what_is_there(given: str) -> None:
    with pytest.raises(PreconditionFailed) as refused:
        check(request(given), TAG)
    assert refused.value.headers == {"ETag": TAG}


@pytest.mark.parametrize("given", ["", "x", '"x', '"x" "y"', "*, *", TAG.strip('"'), '"' + "x" * 2_000 + '"'])
def test_what_is_no_list_of_tags_is_not_guessed_at(given: str) -> None:
    with pytest.raises(NotValid, match="If-Match"):
        check(request(given), TAG)
