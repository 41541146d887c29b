"""Conditional changes (RFC 9110 §13.1.1): who saw something may change only what they saw."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.refusals import NotValid, PreconditionFailed
from functions.text import Text

if TYPE_CHECKING:
    from chalice.app import Request

# RFC 9110 §8.8.3: an entity tag; those that are weak match nothing here (§13.1.1 compares strongly).
_TAG = re.compile(r'\s*(W/)?("[\x21\x23-\x7e\x80-\xff]*")\s*(?:,|$)')
_LONGEST = 1_000


@dataclass(frozen=True)
class Condition:
    """What a request's If-Match says: one of these entity tags, whatever there is (`is_any`), or nothing (None)."""

    tags: frozenset[str] | None = None
    is_any: bool = False

    def check(self, etag: str) -> None:
        """Raise PreconditionFailed unless what is there now is what the caller saw.

        Call it with what was read under a row lock, in the transaction that changes it: else two can both be right.
        """
        if self.tags is not None and not self.is_any and etag not in self.tags:
            raise PreconditionFailed(etag)


def etag(*parts: object) -> str:
    """A strong entity tag: the same for the same parts, which are anything JSON has, or that str() tells apart."""
    text = json.dumps(parts, sort_keys=True, default=str, separators=(",", ":"))
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:20]}"'


def condition(request: Request) -> Condition:
    """The request's If-Match. Raises NotValid for what is no list of entity tags."""
    given = request.headers.get("if-match")
    return Condition() if given is None else of_text(str(given))


def of_text(given: str) -> Condition:
    """What an If-Match of this text says. Raises NotValid for what is no list of entity tags."""
    text = given.strip()
    if text == "*":
        return Condition(frozenset(), is_any=True)
    found = list(_TAG.finditer(text)) if len(text) <= _LONGEST else []
    if not found or "".join(match[0] for match in found) != text:
        raise NotValid(
            Text(
                "If-Match=%(text)s is invalid: send the ETag of what you saw, quotes and all, or *",
                text=repr(text[:100]),
            )
        )
    return Condition(frozenset(match[2] for match in found if not match[1]))


def check(request: Request, etag: str) -> None:
    """Raise PreconditionFailed unless the request's If-Match, if it has one, names this; as Condition.check."""
    condition(request).check(etag)
