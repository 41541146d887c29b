"""The clock of the one-machine edition: fires what is due each minute, exactly once, as EventBridge would."""

from __future__ import annotations

import json
import logging
import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from infra.local.clock_triggers import Trigger, read_rules, read_schedules

_MINUTE = timedelta(minutes=1)
# A laptop that sleeps stops the monotonic clock, so the wait looks at the wall clock this often.
_LOOK_S = 0.5
_RETRY_S = 2.0
_log = logging.getLogger("lamplighter.local.clock")


class Clock:
    """Reads rules and schedules through boto3 and invokes their Lambda targets; remembers what it fired in a file."""

    def __init__(
        self,
        *,
        events: Any,
        scheduler: Any,
        invoke: Callable[[str, bytes], None],
        account: str,
        region: str,
        memory: Path,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._events = events
        self._scheduler = scheduler
        self._invoke = invoke
        self._account = account
        self._region = region
        self._memory = memory
        self._now = now
        self._unreadable: set[tuple[str | None, ...]] = set()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._pool = ThreadPoolExecutor(16, thread_name_prefix="clock")

    def start(self) -> None:
        """Begin to fire, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop firing; what is being fired at this moment is finished, what has been invoked goes on."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        self._pool.shutdown(cancel_futures=True)

    def turn(self, minute: datetime, *, only_known: bool = False) -> list[str]:
        """Fire what is due in the minute that starts at this instant, unless it was fired already; the names fired.

        After a gap (sleep, restart) only this minute is fired; what the gap held is logged and not fired.
        `only_known` fires nothing that was not there, just so, in the last minute fired.
        """
        memory = self._recall()
        last = memory.get("last_minute")
        if last is not None and datetime.fromisoformat(last) >= minute:
            return []
        triggers = self._read(memory)
        remembered = {tuple(identity) for identity in memory.get("known", [])}
        known = [trigger for trigger in triggers if _identity(trigger) in remembered]
        if last is not None:
            _report_gap(known, datetime.fromisoformat(last) + _MINUTE, minute)
        due = [trigger for trigger in (known if only_known else triggers) if trigger.is_due(minute)]
        # Written before firing: a clock killed in between misses an occurrence here rather than firing it twice.
        self._remember(
            {
                "last_minute": minute.isoformat(),
                "anchors": _anchors(triggers),
                "known": [_identity(trigger) for trigger in triggers],
            }
        )
        for trigger in due:
            self._send(trigger, minute)
        return [trigger.name for trigger in due]

    def _run(self) -> None:
        if "last_minute" in self._recall():
            # This minute began before us: what this start deployed was not there then, and a deploy never fires.
            self._turn_logged(_floor(self._now()), only_known=True)
        while not self._stopped.is_set():
            following = _floor(self._now()) + _MINUTE
            while not self._stopped.is_set() and (left := (following - self._now()).total_seconds()) > 0:
                self._stopped.wait(min(left, _LOOK_S))
            if not self._stopped.is_set():
                self._turn_logged(_floor(self._now()))

    def _turn_logged(self, minute: datetime, *, only_known: bool = False) -> None:
        """The minute's turn, tried again for as long as the minute lasts: a turn that failed has fired nothing."""
        while not self._stopped.is_set():
            try:
                self.turn(minute, only_known=only_known)
                return
            except Exception:  # noqa: BLE001 - the clock goes on
                _log.exception("the minute %s could not be fired", minute.isoformat())
            self._stopped.wait(_RETRY_S)
            if _floor(self._now()) != minute:
                return

    def _read(self, memory: dict[str, Any]) -> list[Trigger]:
        anchors = memory.get("anchors", {})
        rules = [self._anchored(rule, anchors.get(rule.name)) for rule in read_rules(self._events)]
        return [trigger for trigger in (*rules, *read_schedules(self._scheduler)) if self._is_readable(trigger)]

    def _is_readable(self, trigger: Trigger) -> bool:
        """Whether we understand its expression; one we do not, which is said once, must not stop the others."""
        try:
            trigger.schedule.next_after(self._now(), anchor=trigger.anchor)
        except Exception as error:  # noqa: BLE001 - any failure is this one trigger's own
            if _identity(trigger) not in self._unreadable:
                self._unreadable.add(_identity(trigger))
                _log.error("%s is never fired: %r cannot be read: %s", trigger.name, trigger.expression, error)
            return False
        return True

    def _anchored(self, rule: Trigger, known: list[str] | None) -> Trigger:
        """A rate() rule counts from when it was first seen enabled with this expression, as AWS's from its creation."""
        if not rule.expression.startswith("rate("):
            return rule
        if known is not None and known[0] == rule.expression:
            return replace(rule, anchor=datetime.fromisoformat(known[1]))
        return replace(rule, anchor=_floor(self._now()), start_at=_floor(self._now()) + _MINUTE)

    def _send(self, trigger: Trigger, minute: datetime) -> None:
        if not trigger.window:
            self._pool.submit(self._fire_logged, trigger, minute)
            return
        delay_s = random.uniform(0, trigger.window.total_seconds())  # noqa: S311 - jitter, not a secret
        later = threading.Timer(delay_s, self._fire_logged, (trigger, minute))
        later.daemon = True
        later.start()

    def _fire_logged(self, trigger: Trigger, minute: datetime) -> None:
        try:
            self._fire(trigger, minute)
        except Exception:  # noqa: BLE001 - the others still fire
            _log.exception("%s could not be fired for %s", trigger.name, minute.isoformat())

    def _fire(self, trigger: Trigger, minute: datetime) -> None:
        current = self._still_enabled(trigger)
        if current is None or self._stopped.is_set():
            _log.info("%s was switched off meanwhile: not fired", trigger.name)
            return
        for arn, payload in current.events(minute, account=self._account, region=self._region):
            self._invoke(arn, payload)
        _log.info("fired %s for %s", trigger.name, minute.strftime("%H:%M"))
        if trigger.delete_after and trigger.expression.startswith("at("):
            self._scheduler.delete_schedule(Name=trigger.name, GroupName=trigger.group)

    def _still_enabled(self, trigger: Trigger) -> Trigger | None:
        """The trigger with its targets as they are at this moment; None when it is gone or switched off."""
        if trigger.kind == "schedule":
            try:
                found = self._scheduler.get_schedule(Name=trigger.name, GroupName=trigger.group)
            except self._scheduler.exceptions.ResourceNotFoundException:
                return None
            return replace(trigger, targets=(found["Target"],)) if found["State"] == "ENABLED" else None
        try:
            state = self._events.describe_rule(Name=trigger.name)["State"]
            targets = self._events.list_targets_by_rule(Rule=trigger.name)["Targets"]
        except self._events.exceptions.ResourceNotFoundException:
            return None
        return replace(trigger, targets=tuple(targets)) if state == "ENABLED" else None

    def _recall(self) -> dict[str, Any]:
        try:
            memory: dict[str, Any] = json.loads(self._memory.read_text())
        except (OSError, ValueError):
            return {}
        return memory

    def _remember(self, memory: dict[str, Any]) -> None:
        partial = self._memory.with_suffix(".partial")
        partial.write_text(json.dumps(memory))
        partial.replace(self._memory)


def _identity(trigger: Trigger) -> tuple[str | None, ...]:
    """What makes it the same trigger as before: with another expression it is another one."""
    return (trigger.kind, trigger.group, trigger.name, trigger.expression, trigger.timezone)


def _anchors(triggers: Sequence[Trigger]) -> dict[str, list[str]]:
    rates = [trigger for trigger in triggers if trigger.kind == "rule" and trigger.anchor is not None]
    return {trigger.name: [trigger.expression, trigger.anchor.isoformat()] for trigger in rates if trigger.anchor}


def _report_gap(triggers: Sequence[Trigger], first: datetime, minute: datetime) -> None:
    if first >= minute:
        return
    missed = sorted(trigger.name for trigger in triggers if _fires_within(trigger, first, minute))
    minutes = int((minute - first) / _MINUTE)
    span = f"{first:%Y-%m-%d %H:%M} to {minute - _MINUTE:%Y-%m-%d %H:%M} UTC"
    _log.warning("asleep for %d minutes (%s): not fired: %s", minutes, span, ", ".join(missed) or "nothing was due")


def _fires_within(trigger: Trigger, first: datetime, end: datetime) -> bool:
    following = trigger.schedule.next_after(first - timedelta(seconds=1), anchor=trigger.anchor)
    return following is not None and following < end


def _floor(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0)
