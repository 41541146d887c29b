"""A secret the API relies on: followed when it changes, asked for seldom, and known for a while when AWS is away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.fresh_secret import FRESH_FOR, KEPT_FOR, READ_EVERY, FreshSecret
from functions.errors import SecretUnavailable
from functions.secrets_manager import StoredSecret

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)


class Stored(StoredSecret[str]):
    """A secret in memory: `says` None is AWS being away."""

    def __init__(self, says: str | None) -> None:
        super().__init__("prod/auth", region="eu-central-1", setting="AUTH_SECRET_ID", parse=_as_text, form="{}")
        self.says = says
        self.reads = 0

    def _text(self) -> str:
        self.reads += 1
        if self.says is None:
            raise self._unusable("cannot be read: away")
        return f'{{"value": "{self.says}"}}'


def _as_text(secret: Mapping[str, Any]) -> str:
    return str(secret["value"])


def test_it_is_read_once_while_it_is_fresh_and_then_again() -> None:
    stored = Stored("old")
    secret = FreshSecret(stored)
    assert [secret.value(now=NOON + each) for each in (timedelta(), MOMENT, FRESH_FOR - MOMENT)] == ["old"] * 3
    stored.says = "new"
    assert (secret.value(now=NOON + FRESH_FOR), stored.reads) == ("new", 2)


def test_it_is_read_again_at_once_where_it_may_have_changed_and_no_more_often_whatever_is_asked() -> None:
    stored = Stored("old")
    secret = FreshSecret(stored)
    secret.value(now=NOON)
    stored.says = "new"
    assert {secret.renewed(now=NOON + READ_EVERY * part / 100) for part in range(100)} == {"old"}
    assert {secret.renewed(now=NOON + READ_EVERY * (1 + part / 100)) for part in range(100)} == {"new"}
    assert stored.reads == 2


def test_what_is_known_works_while_it_cannot_be_read_for_an_hour() -> None:
    stored = Stored("old")
    secret = FreshSecret(stored)
    secret.value(now=NOON)
    stored.says = None
    assert secret.value(now=NOON + KEPT_FOR - MOMENT) == "old"
    with pytest.raises(SecretUnavailable, match="'prod/auth' cannot be read: away"):
        secret.check()
    with pytest.raises(SecretUnavailable):
        secret.value(now=NOON + KEPT_FOR)
    stored.says = "new"
    assert secret.value(now=NOON + KEPT_FOR + READ_EVERY) == "new"
    secret.check()


def test_one_that_was_never_read_is_not_tried_with_every_request_either() -> None:
    stored = Stored(None)
    secret = FreshSecret(stored)
    for part in range(100):
        with pytest.raises(SecretUnavailable):
            secret.value(now=NOON + READ_EVERY * part / 100)
    assert stored.reads == 1


def test_a_clock_that_is_set_back_keeps_nothing_for_longer() -> None:
    stored = Stored("old")
    secret = FreshSecret(stored)
    secret.value(now=NOON)
    stored.says = "new"
    assert secret.value(now=NOON - timedelta(days=1)) == "new"
