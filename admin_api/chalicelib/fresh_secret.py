"""A secret as this process knows it, read again when it may have changed, and as seldom as can be."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from functions.errors import SecretUnavailable
from functions.secrets_manager import StoredSecret

T = TypeVar("T")

# So often it is read again, which is how a withdrawn key stops working,
FRESH_FOR = timedelta(minutes=5)
# and while it cannot be read, what it said keeps working so long.
KEPT_FOR = timedelta(hours=1)
# Whatever requests say, AWS is asked so often at most: a made-up key id must not be a way to make us ask it each time.
READ_EVERY = timedelta(seconds=5)

_log = logging.getLogger(__name__)


class FreshSecret(Generic[T]):
    """One secret. One thread uses it: a Lambda instance answers one request at a time."""

    def __init__(self, secret: StoredSecret[T]) -> None:
        self._secret = secret
        self._tried_at: datetime | None = None
        self._read_at: datetime | None = None
        self._trouble: str | None = None

    def value(self, *, now: datetime) -> T:
        """What it says. Raises SecretUnavailable when it cannot be read and what we knew is too old."""
        return self._secret.value() if self._is_within(FRESH_FOR, self._read_at, now) else self.renewed(now=now)

    def renewed(self, *, now: datetime) -> T:
        """What it says now, or said last where it was read just now or cannot be read. Raises SecretUnavailable."""
        if not self._is_within(READ_EVERY, self._tried_at, now):
            self._tried_at = now
            self._try(now)
        if not self._is_within(KEPT_FOR, self._read_at, now):
            raise SecretUnavailable(str(self._trouble))
        return self._secret.value()

    def check(self) -> None:
        """Raise SecretUnavailable if it could not be read when that was last tried: it may say more than we know."""
        if self._trouble is not None:
            raise SecretUnavailable(self._trouble)

    def _try(self, now: datetime) -> None:
        try:
            self._secret.read()
            self._read_at, self._trouble = now, None
        except SecretUnavailable as error:
            self._trouble = str(error)
            _log.warning("%s", error)

    @staticmethod
    def _is_within(period: timedelta, instant: datetime | None, now: datetime) -> bool:
        return instant is not None and timedelta() <= now - instant < period
