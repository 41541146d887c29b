"""Until when whoever waits for this process has to have an answer: AWS is asked nothing more after that."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

Client = TypeVar("Client")
_ends_at: ContextVar[float | None] = ContextVar("ends_at", default=None)


@contextmanager
def ends_in(seconds: float) -> Iterator[None]:
    """Inside, the time is over in so many seconds; outside nobody waits, and there is no end."""
    token = _ends_at.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


def is_over() -> bool:
    """Whether the time is over."""
    ends_at = _ends_at.get()
    return ends_at is not None and time.monotonic() >= ends_at


def heed(client: Client) -> Client:
    """The same boto3 client, which begins no attempt and repeats none once the time is over; it raises as boto3 does.

    An attempt that has begun ends by its own timeouts. Events: botocore's "before-send" and "needs-retry".
    """
    events = client.meta.events  # type: ignore[attr-defined]
    events.register_first("before-send", _refuse)
    events.register_first("needs-retry", _refuse_again)
    return client


def _refuse(**_: Any) -> None:
    if is_over():
        from botocore.exceptions import HTTPClientError

        raise HTTPClientError(error="the time this request has is over, AWS was not asked again")


def _refuse_again(*, caught_exception: Exception | None = None, **_: Any) -> None:
    # Asked after every attempt; before the wait for the next one.
    if caught_exception is not None and is_over():
        raise caught_exception
