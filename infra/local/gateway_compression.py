"""Answers made smaller on their way, as API Gateway does with `minimumCompressionSize` set."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import replace

from infra.gateway_problems import MINIMUM_COMPRESSED
from infra.local.gateway_event import HttpResponse


def compressed(answer: HttpResponse, headers: Iterable[tuple[str, str]]) -> HttpResponse:
    """The answer for a request with these headers: gzip where its client takes that and the answer is large enough."""
    if not _takes_gzip(headers) or len(answer.body) < MINIMUM_COMPRESSED or _is_encoded(answer):
        return answer
    sent = [*answer.headers, ("Content-Encoding", "gzip")]
    return replace(answer, headers=sent, body=gzip.compress(answer.body, compresslevel=5, mtime=0))


def _takes_gzip(headers: Iterable[tuple[str, str]]) -> bool:
    """RFC 9110 §12.5.3; whoever weighs it with 0 does not."""
    given = [value for name, value in headers if name.lower() == "accept-encoding"]
    parts = [part.replace(" ", "").lower() for value in given for part in value.split(",")]
    return any(part == "gzip" or (part.startswith("gzip;q=") and part[7:].strip("0.") != "") for part in parts)


def _is_encoded(answer: HttpResponse) -> bool:
    return any(name.lower() == "content-encoding" for name, _ in answer.headers)
