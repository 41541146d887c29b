"""The prices of a region, as prices.toml has them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from functions.errors import SettingsError

FILE = Path(__file__).with_name("prices.toml")
# Has a price for everything; what another region's tables do not say is taken from it, and said to be.
REFERENCE = "us-east-1"


@dataclass(frozen=True)
class Price:
    """US dollars for `per` units; the first `free` units a month cost an account nothing. `region`: whose it is."""

    usd: float
    per: int
    free: float
    date: date
    source: str
    region: str

    def of(self, quantity: float) -> float:
        """The list price of this many units, in US dollars."""
        return quantity * self.usd / self.per

    def beyond_free(self, quantity: float) -> float:
        """What it costs an account that uses nothing else of it."""
        return self.of(max(0.0, quantity - self.free))


def prices_of(region: str, file: Path = FILE) -> Mapping[str, Price]:
    """Every price by name. Raises SettingsError naming the table that is wrong and the rule."""
    tables = tomllib.loads(file.read_text())
    return {
        name: _price(name, whose, table)
        for whose in dict.fromkeys((REFERENCE, region))
        for name, table in tables.get(whose, {}).items()
    }


def _price(name: str, region: str, table: Mapping[str, object]) -> Price:
    try:
        found = Price(**table, region=region)  # type: ignore[arg-type]
    except TypeError as error:
        raise SettingsError(
            f"{FILE.name}: [{region}.{name}] is invalid: {error}; see [{REFERENCE}.api-requests]"
        ) from None
    if not (found.usd >= 0 and found.per > 0 and found.free >= 0):
        raise SettingsError(f"{FILE.name}: [{region}.{name}] is invalid: usd and free are at least 0, per is above 0")
    return found
