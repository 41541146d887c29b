"""API Gateway's own answers look like the function's."""

from __future__ import annotations

import sys

from infra import gateway_problems
from infra.local import gateway_responses
from tests.conftest import PROJECT

sys.path.insert(0, str(PROJECT / "admin_api"))

from chalicelib import outgoing


def test_they_carry_the_headers_every_answer_of_the_function_has() -> None:
    assert gateway_problems.HEADERS == outgoing._ALWAYS


def test_a_refused_token_names_the_challenge_and_too_many_requests_when_to_come_back() -> None:
    assert dict(gateway_responses.response("UNAUTHORIZED").headers)["WWW-Authenticate"] == "Bearer"
    assert int(dict(gateway_responses.response("THROTTLED").headers)["Retry-After"]) > 0
