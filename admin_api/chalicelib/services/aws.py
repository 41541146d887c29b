"""What AWS says of this deployment, asked with little patience: how full its limits are, and what somebody changed."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.services import plan, quota
from chalicelib.services.plan import ShownPlan
from chalicelib.services.quota import Meter
from functions.db.connection import Connection
from functions.deadline import ends_in
from functions.errors import AwsUnavailable, LimitExceeded
from functions.text import said_by

# Two questions that are answered within a second; what takes longer is not worth a look at the overview.
_PATIENCE_S = 6.0


@dataclass(frozen=True, kw_only=True)
class Said:
    """What it said; None where it could not be asked. error: why nothing can be planned, which is no trouble of AWS."""

    meters: list[Meter] | None = None
    plan: ShownPlan | None = None
    error: str | None = None

    @property
    def drifted(self) -> int:
        """How many triggers somebody changed behind our back."""
        return 0 if self.plan is None else sum(each.drift is not None for each in self.plan.differences)

    @property
    def differing(self) -> int:
        """How many a reconcile would write to."""
        return 0 if self.plan is None else len(self.plan.plan.changes)


def ask(connection: Connection) -> Said:
    """What AWS says now, as far as it says anything."""
    with ends_in(_PATIENCE_S):
        try:
            meters = quota.meters(connection)
        except AwsUnavailable:
            return Said()
        try:
            return Said(meters=meters, plan=plan.look(connection, deep=False))
        except AwsUnavailable:
            return Said(meters=meters)
        except LimitExceeded as error:
            return Said(meters=meters, error=said_by(error))
