"""What a dataclass must be to be a job's params, checked where the job is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_args, get_type_hints

from functions.errors import InvalidJob
from functions.redaction import secret_fields, shown_fields


def check_type(job_id: str, params_type: object, *, is_scheduled: bool) -> None:
    """Raise InvalidJob unless a job can take these params: a dataclass, with defaults only if nobody gives any."""
    wrong = f"job {job_id!r}: params={params_type!r} is invalid"
    if not isinstance(params_type, type) or not is_dataclass(params_type):
        raise InvalidJob(f"{wrong}: use a dataclass (the type, not an instance), or None")
    try:
        dataclasses_in(params_type)
    except Exception as error:
        raise InvalidJob(f"{wrong}: its annotations cannot be read ({error}): define its types in a module") from error
    required = required_fields(params_type)
    if is_scheduled and required:
        rule = "an occurrence of a schedule has no params given, so give every field a default"
        raise InvalidJob(f"{wrong}: {', '.join(required)} has no default: {rule}")


def hide_secrets(params_type: type) -> None:
    """Have the repr of this dataclass, and of those in it, show secrets as ***; one without secrets stays as it is."""
    for dataclass in dataclasses_in(params_type):
        if secret_fields(dataclass) and dataclass.__dataclass_params__.repr:  # type: ignore[attr-defined]
            dataclass.__repr__ = _repr  # type: ignore[assignment, method-assign]


def required_fields(params_type: type) -> list[str]:
    """The fields that have no default."""
    return [
        field.name
        for field in fields(params_type)
        if field.init and field.default is MISSING and field.default_factory is MISSING
    ]


def dataclasses_in(hint: object) -> list[type]:
    """The dataclasses an annotation leads to, itself first, each once."""
    found: list[type] = []
    _collect(hint, found)
    return found


def _repr(instance: Any) -> str:
    kind: type = type(instance)
    secret = secret_fields(kind)
    shown = (
        f"{name}={value if name in secret and value is not None else repr(value)}"
        for name, value in shown_fields(instance).items()
    )
    return f"{kind.__qualname__}({', '.join(shown)})"


def _collect(hint: object, found: list[type]) -> None:
    if isinstance(hint, type) and is_dataclass(hint):
        if hint in found:
            return
        found.append(hint)
        parts: Iterator[object] = iter(get_type_hints(hint, include_extras=True).values())
    else:
        parts = iter(get_args(hint))
    for part in parts:
        _collect(part, found)
