"""The three-way comparison: what is wanted, what the last reconcile recorded, what AWS has; the steps between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from functions.db.triggers import AppliedTrigger
from functions.scheduling.plan import ORDER, Action, Step
from functions.scheduling.rules import Rules
from functions.scheduling.trigger import Definition, TriggerBackend, differences, digest
from functions.scheduling.wanted import WantedTrigger
from functions.text import Text

Backends = Mapping[str, TriggerBackend]
Applied = Mapping[str, AppliedTrigger]
Listed = Mapping[str, Mapping[str, Definition]]
Progress = Callable[[int, int], None]

_DESCRIBED_AT_ONCE = 8


def compare(
    backends: Backends,
    wanted: Sequence[WantedTrigger],
    applied: Applied,
    *,
    now: datetime,
    is_partial: bool,
    deep: bool,
    progress: Progress | None,
) -> tuple[Step, ...]:
    """The steps in the order to apply them. Reads AWS; raises AwsUnavailable.

    `is_partial`: each wanted trigger is looked up by itself, and nothing else AWS has is looked at or called an orphan.
    `deep`: read every trigger whole, not just those that the listing and our record do not settle.
    """
    names = {name: _names(name, wanted, applied) if is_partial else None for name in backends}
    listed = {name: backend.list(names[name]) for name, backend in backends.items()}
    current = {w.name: _as_recorded(w, listed, applied) for w in wanted}
    doubtful = [w for w in wanted if _is_doubtful(w, current[w.name], applied, deep=deep)]
    current |= _described(doubtful, backends, listed, progress=progress)
    steps = _orphans(wanted, listed)
    for w in wanted:
        found = [name for name, triggers in listed.items() if w.name in triggers]
        record = applied.get(w.job_id)
        if w.backend is None or w.definition is None:
            steps += _without_trigger(w, found, is_recorded=record is not None)
        else:
            definition = backends[w.backend].dated(w.definition, current=current[w.name], now=now)
            steps.append(_with_trigger(w, definition, current=current[w.name], found=found, record=record))
    return tuple(sorted(steps, key=_place))


def _place(step: Step) -> tuple[int, bool, str]:
    # What gives a rule back comes before what needs one: at RULES_LIMIT there is none to spare for a moment.
    return ORDER.index(step.action), Rules.name not in step.leaving, step.name


def _names(backend: str, wanted: Sequence[WantedTrigger], applied: Applied) -> list[str]:
    """The triggers to look up on this backend: those that should be there, were there, or could be for all we know."""
    return [
        w.name
        for w in wanted
        if w.backend == backend or w.job_id not in applied or applied[w.job_id].backend == backend
    ]


def _as_recorded(wanted: WantedTrigger, listed: Listed, applied: Applied) -> Definition | None:
    """The trigger as it must be if our record is right: what is wanted, with what the listing shows laid over it."""
    if wanted.backend is None or wanted.definition is None or wanted.name not in listed[wanted.backend]:
        return None
    record = applied.get(wanted.job_id)
    start = {"StartDate": record.anchor_at} if record and record.anchor_at else {}
    return {**wanted.definition, **start, **listed[wanted.backend][wanted.name]}


def _is_doubtful(wanted: WantedTrigger, current: Definition | None, applied: Applied, *, deep: bool) -> bool:
    """Whether the listing and our record leave open what the trigger really is."""
    if current is None or wanted.definition is None:
        return False
    record = applied.get(wanted.job_id)
    is_recorded = record and (record.backend, record.digest) == (wanted.backend, digest(wanted.definition))
    return deep or not is_recorded or digest(current) != digest(wanted.definition)


def _described(
    doubtful: Sequence[WantedTrigger], backends: Backends, listed: Listed, *, progress: Progress | None
) -> dict[str, Definition | None]:
    def read(wanted: WantedTrigger) -> Definition | None:
        assert wanted.backend is not None
        return backends[wanted.backend].describe(wanted.name, listed[wanted.backend][wanted.name])

    described = {}
    with ThreadPoolExecutor(_DESCRIBED_AT_ONCE) as pool:
        for wanted, definition in zip(doubtful, pool.map(read, doubtful), strict=True):
            described[wanted.name] = definition
            if progress is not None:
                progress(len(described), len(doubtful))
    return described


def _with_trigger(
    wanted: WantedTrigger,
    definition: Definition,
    *,
    current: Definition | None,
    found: Sequence[str],
    record: AppliedTrigger | None,
) -> Step:
    leaving = tuple(backend for backend in found if backend != wanted.backend)
    differing = () if current is None else differences(current, definition)
    if leaving:
        action: Action = "move"
    elif current is None:
        action = "create"
    elif differing:
        action = "state" if all(difference.field == "State" for difference in differing) else "update"
    else:
        action = "leave" if _is_known(wanted, definition, record) else "record"
    return Step(
        action=action,
        name=wanted.name,
        job_id=wanted.job_id,
        reason=wanted.reason,
        backend=wanted.backend,
        leaving=leaving,
        differences=differing,
        wanted=definition,
        current=current,
    )


def _is_known(wanted: WantedTrigger, definition: Definition, record: AppliedTrigger | None) -> bool:
    """Whether our record says what is so."""
    truth = (wanted.backend, wanted.reason, digest(definition), definition.get("StartDate"))
    return record is not None and (record.backend, record.reason, record.digest, record.anchor_at) == truth


def _without_trigger(wanted: WantedTrigger, found: Sequence[str], *, is_recorded: bool) -> list[Step]:
    if not found:
        action: Action = "record" if is_recorded else "leave"
        return [Step(action=action, name=wanted.name, job_id=wanted.job_id, reason=wanted.reason)]
    return [
        Step(action="remove", name=wanted.name, job_id=wanted.job_id, reason=wanted.reason, backend=backend)
        for backend in found
    ]


def _orphans(wanted: Sequence[WantedTrigger], listed: Listed) -> list[Step]:
    known = {w.name for w in wanted}
    return [
        Step(action="remove", name=name, job_id=None, reason=Text("orphan: no job has this name"), backend=backend)
        for backend, triggers in listed.items()
        for name in triggers
        if name not in known
    ]
