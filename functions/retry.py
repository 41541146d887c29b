"""When a failed execution is tried again: plain data, checked where it is written.

Every job's start imports this; that is why they are no dataclasses, whose methods Python compiles anew at each import.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from functions.errors import InvalidJob

_SECOND = timedelta(seconds=1)
# Beyond this a retry is a schedule of its own; it also keeps every retry far from the age at which events are refused.
LONGEST_DELAY = timedelta(days=30)
_MOST_ATTEMPTS = 100
ExceptionType = type[BaseException] | str


class Backoff:
    """Delays that grow: `first`, then `factor` times the one before, never more than `most`.

    jitter: up to this share of the delay is added at random (0 to 1), so that what failed together does not come back
    together. Raises InvalidJob when a value breaks its rule.
    """

    def __init__(
        self,
        *,
        first: timedelta = timedelta(minutes=1),
        factor: float = 2.0,
        most: timedelta = timedelta(hours=1),
        jitter: float = 0.1,
    ) -> None:
        _check_delay("Backoff", "first", first)
        _check_delay("Backoff", "most", most)
        if most < first:
            raise InvalidJob(f"Backoff most={most!r} is invalid: use at least first, {first!r}")
        if not _is_number(factor) or not 1 <= factor <= 100:
            raise InvalidJob(f"Backoff factor={factor!r} is invalid: use a number from 1 to 100")
        if not _is_number(jitter) or not 0 <= jitter <= 1:
            raise InvalidJob(f"Backoff jitter={jitter!r} is invalid: use a number from 0 to 1")
        self.first = first
        self.factor = factor
        self.most = most
        self.jitter = jitter

    def delay(self, number: int, *, chance: float) -> timedelta:
        """The delay before retry `number`, from 0; chance, from 0 to 1, says how much of the jitter is added."""
        # Past this many doublings it is `most` anyway, and a float would overflow.
        grown = min(self.first.total_seconds() * self.factor ** min(number, 60), self.most.total_seconds())
        return timedelta(seconds=grown * (1 + self.jitter * chance))


class Retry:
    """How often and when a failed execution is tried again.

    attempts: how many times it is tried again after the first time (Hangfire's AutomaticRetry counts so too); 1-100.
    delays: one delay for each retry; the last serves the rest. backoff: growing delays instead; without either it is
    Backoff(). on: only these exceptions and their subclasses are retried, none given: all. never_on: these never are.
    A lost execution (killed, timed out) has no exception and is always retried. Raises InvalidJob.
    """

    def __init__(
        self,
        *,
        attempts: int,
        delays: Sequence[timedelta] = (),
        backoff: Backoff | None = None,
        on: Sequence[ExceptionType] = (),
        never_on: Sequence[ExceptionType] = (),
    ) -> None:
        if type(attempts) is not int or not 1 <= attempts <= _MOST_ATTEMPTS:
            rule = f"a whole number from 1 to {_MOST_ATTEMPTS}; leave retry out for none"
            raise InvalidJob(f"Retry attempts={attempts!r} is invalid: use {rule}")
        _check_delays(attempts, delays, backoff)
        self.attempts = attempts
        self.delays = tuple(delays)
        self.backoff = backoff
        # Kept as names: a definition is data that also those read who do not have the job's code.
        self.on = _names("on", on)
        self.never_on = _names("never_on", never_on)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Retry) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash((self.attempts, self.delays, self.on, self.never_on))

    def covers(self, error: BaseException) -> bool:
        """Whether this kind of error is worth another attempt."""
        names = {_name(kind) for kind in type(error).__mro__}
        if names.intersection(self.never_on):
            return False
        return not self.on or bool(names.intersection(self.on))

    def delay(self, failed_before: int, *, chance: float) -> timedelta | None:
        """How long to wait after one more failure, `failed_before` having failed already; None: no attempts left."""
        if failed_before >= self.attempts:
            return None
        if self.delays:
            return self.delays[min(failed_before, len(self.delays) - 1)]
        return (self.backoff or Backoff()).delay(failed_before, chance=chance)

    def to_json(self) -> dict[str, Any]:
        """The policy as JSON values; durations in seconds."""
        backoff = self.backoff if self.delays else self.backoff or Backoff()
        return {
            "attempts": self.attempts,
            "delays_s": [delay.total_seconds() for delay in self.delays],
            "backoff": None
            if backoff is None
            else {
                "first_s": backoff.first.total_seconds(),
                "factor": backoff.factor,
                "most_s": backoff.most.total_seconds(),
                "jitter": backoff.jitter,
            },
            "on": list(self.on),
            "never_on": list(self.never_on),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Retry:
        """The policy that to_json() wrote."""
        backoff = value["backoff"]
        return cls(
            attempts=value["attempts"],
            delays=[timedelta(seconds=seconds) for seconds in value["delays_s"]],
            backoff=None
            if backoff is None
            else Backoff(
                first=timedelta(seconds=backoff["first_s"]),
                factor=backoff["factor"],
                most=timedelta(seconds=backoff["most_s"]),
                jitter=backoff["jitter"],
            ),
            on=value["on"],
            never_on=value["never_on"],
        )


def check_retry_delay(delay: object) -> None:
    """Raise InvalidJob unless this is a timedelta from one second to thirty days."""
    _check_delay("RetryLater", "delay", delay)


def _check_delays(attempts: int, delays: object, backoff: object) -> None:
    if delays and backoff is not None:
        raise InvalidJob("Retry has both delays and backoff: use one of them")
    if backoff is not None and not isinstance(backoff, Backoff):
        raise InvalidJob(f"Retry backoff={backoff!r} is invalid: use Backoff(first=…, factor=…, most=…)")
    if not isinstance(delays, Sequence) or len(delays) > attempts:
        rule = f"a list of at most {attempts} timedeltas, one for each attempt"
        raise InvalidJob(f"Retry delays={delays!r} is invalid: use {rule}")
    for delay in delays:
        _check_delay("Retry", "delays", delay)


def _check_delay(where: str, name: str, value: object) -> None:
    if not isinstance(value, timedelta) or not _SECOND <= value <= LONGEST_DELAY:
        rule = f"a timedelta from 1 second to {LONGEST_DELAY.days} days"
        raise InvalidJob(f"{where} {name}={value!r} is invalid: use {rule}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _names(option: str, kinds: Sequence[ExceptionType]) -> tuple[str, ...]:
    if not isinstance(kinds, Sequence) or isinstance(kinds, str):
        raise InvalidJob(f"Retry {option}={kinds!r} is invalid: use a list of exception types")
    return tuple(_checked_name(option, kind) for kind in kinds)


def _checked_name(option: str, kind: object) -> str:
    if isinstance(kind, str) and ":" in kind:
        return kind
    if isinstance(kind, type) and issubclass(kind, BaseException):
        return _name(kind)
    raise InvalidJob(f"Retry {option} has {kind!r}: use exception types such as TimeoutError")


def _name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"
