"""Suggests other minutes for jobs of one crowded minute: the fewest moves, each as short as it can be."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.scheduling import macros
from functions.scheduling.cron import Schedule
from infra.schedules.heat import MANY, Heat

_MINUTE_FIELD = re.compile(r"(\s*cron\s*\(\s*|\s*)(\S+)(.*)", re.DOTALL | re.IGNORECASE)
_EVERY = re.compile(r"(?:\*|0|0-59)/(\d+)", re.ASCII)
_NUMBER = re.compile(r"\d\d?", re.ASCII)


@dataclass(frozen=True)
class Move:
    """A job's schedule and the one suggested instead: the same, some minutes later."""

    job_id: str
    schedule: str
    suggestion: str


@dataclass(frozen=True)
class Spreading:
    """The moves that thin out crowded minutes, and how many jobs the busiest minute has after them."""

    moves: tuple[Move, ...]
    most: int


def suggest(schedules: Mapping[str, Schedule], heat: Heat) -> Spreading:
    """Moves until no minute has MANY jobs, as far as minutes can be moved at all: single ones and `*/n`."""
    load = {minute: len(job_ids) for minute, job_ids in heat.job_ids_at.items()}
    minutes_of = _minutes_by_job(heat)
    moves: dict[str, Move | None] = {}
    for crowded in sorted(load, key=lambda minute: (-load[minute], minute)):
        for job_id in reversed(heat.job_ids_at[crowded]):
            if load[crowded] < MANY:
                break
            if job_id not in moves:  # each is tried once, where it is most crowded
                moves[job_id] = _move(job_id, schedules[job_id].text, minutes_of[job_id], load)
    made = [move for _, move in sorted(moves.items()) if move is not None]
    return Spreading(tuple(made), max(load.values(), default=0))


def moved(text: str, later: int) -> str | None:
    """The expression some minutes later within its hour; None where that cannot be said in its minute field."""
    before, minute, rest = _split(text)
    if later not in _shifts(minute):
        return None
    if every := _EVERY.fullmatch(minute):
        return f"{before}{later}-59/{every[1]}{rest}"
    return f"{before}{int(minute) + later}{rest}"


def _split(text: str) -> tuple[str, str, str]:
    """What stands before the minute field, the field, and what follows."""
    match = _MINUTE_FIELD.fullmatch(macros.expand(text.strip()) if text.strip().startswith("@") else text)
    return (match[1], match[2], match[3]) if match else ("", "", "")


def _shifts(minute: str) -> Iterable[int]:
    if (every := _EVERY.fullmatch(minute)) and int(every[1]) and 60 % int(every[1]) == 0:
        return range(1, int(every[1]))
    return range(1, 60 - int(minute)) if _NUMBER.fullmatch(minute) else ()


def _move(job_id: str, text: str, minutes: Sequence[datetime], load: dict[datetime, int]) -> Move | None:
    """The move to where the fewest jobs are, if it helps; it is then part of the load."""
    later = _quietest(text, minutes, load)
    suggestion = None if later is None else moved(text, later)
    if later is None or suggestion is None:
        return None
    _shift(load, minutes, later)
    return Move(job_id, text, suggestion)


def _quietest(text: str, minutes: Sequence[datetime], load: Mapping[datetime, int]) -> int | None:
    """The shortest shift to where the fewest jobs are, one more then being fewer than where it is now."""
    best, least = None, max(load[minute] for minute in minutes) - 1
    for later in _shifts(_split(text)[1]):
        most = max(load.get(minute + timedelta(minutes=later), 0) for minute in minutes)
        if most < least:
            best, least = later, most
    return best


def _shift(load: dict[datetime, int], minutes: Iterable[datetime], later: int) -> None:
    for minute in minutes:
        moved_to = minute + timedelta(minutes=later)
        load[minute] -= 1
        load[moved_to] = load.get(moved_to, 0) + 1


def _minutes_by_job(heat: Heat) -> dict[str, list[datetime]]:
    minutes_of: dict[str, list[datetime]] = defaultdict(list)
    for minute, job_ids in heat.job_ids_at.items():
        for job_id in job_ids:
            minutes_of[job_id].append(minute)
    return minutes_of
