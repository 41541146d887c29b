"""Values as they may be logged: JSON-like copies, with what is marked or named as a secret replaced."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Annotated, Any, TypeVar, cast, get_args, get_type_hints

from functions.record import Record

T = TypeVar("T")
_MARK = "lamplighter: secret"
# `token: Secret[str]` in a dataclass: a str like any other, but one that no log, page or audit row shows.
Secret = Annotated[T, _MARK]

# A field is a secret when one of these stands in its name as whole words, however they are joined: `db_password`,
# `x-api-key`, `refreshToken`, `DBPassword`; but not `tokens` or `keyboard`. Documented in docs/add-a-job.md.
SECRET_NAMES = (
    "password", "passwords", "passwd", "passphrase", "pwd", "secret", "secrets", "token", "authorization", "cookie",
    "cookies", "credential", "credentials", "api_key", "apikey", "access_key", "private_key", "signing_key",
    "encryption_key", "connection_string", "database_url", "dsn",
)  # fmt: skip
REDACTED = "***"
_DEPTH = 20
# Python refuses to write out integers beyond 4,300 digits, and nobody reads them.
_LARGEST_INT_BITS = 4_096
_SCALARS = (str, int, float, bool, type(None))  # nearly everything: every line passes here twice
_NEW_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")


def redacted(value: object) -> Any:
    """A copy of the value that JSON can say: secrets as ***, and everything that is not JSON as its text.

    None and booleans stay under any name (whether there is a token is no secret). Nesting ends at 20 levels.
    """
    return _copy(value, _DEPTH)


@lru_cache(maxsize=1_000)
def is_secret(name: str) -> bool:
    """Whether a field of this name holds something that must not be logged."""
    words = f"_{_NEW_WORD.sub('_', name).lower()}_"
    return any(f"_{secret}_" in words for secret in SECRET_NAMES)


@lru_cache(maxsize=1_000)
def secret_fields(dataclass: type) -> frozenset[str]:
    """The names of this dataclass's or Record's fields that are marked Secret[…], or named like one (not booleans)."""
    hints = _hints(dataclass)
    return frozenset(
        name for name, hint in hints.items() if _is_marked(hint) or (is_secret(name) and hint not in (bool, "bool"))
    )


def shown_fields(instance: Any) -> dict[str, object]:
    """The fields of a dataclass or Record by name, its secrets as ***; a secret that is None stays so."""
    kind: type = type(instance)
    secret = secret_fields(kind)
    shown = {}
    for name in _annotations(kind):
        value = getattr(instance, name, None)
        shown[name] = REDACTED if name in secret and value is not None else value
    return shown


def as_text(value: object) -> str:
    """str(value), also of an object whose own __str__ fails."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a field that cannot say what it is must not cost its line
        return f"<{type(value).__name__}>"


def _copy(value: object, depth: int) -> Any:
    try:
        return _converted(value, depth)
    except Exception:  # noqa: BLE001 - a value that cannot even be read must not cost its line
        return f"<{type(value).__name__}>"


def _converted(value: object, depth: int) -> Any:
    kind = type(value)
    if isinstance(value, int) and value.bit_length() > _LARGEST_INT_BITS:
        return f"<int of {value.bit_length()} bits>"
    if kind in _SCALARS or isinstance(value, str | bool | int | float):
        return value
    if not depth:
        return "… (nested too deeply)"
    if kind is dict or isinstance(value, Mapping):
        return {name: _field(name, item, depth) for name, item in _named(cast("Mapping[object, object]", value))}
    if isinstance(value, tuple) and hasattr(kind, "_fields"):  # a named one
        return {name: _field(name, item, depth) for name, item in zip(kind._fields, value, strict=True)}
    if isinstance(value, list | tuple | set | frozenset):
        return [_copy(item, depth - 1) for item in value]
    if isinstance(value, Record) or (is_dataclass(value) and not isinstance(value, type)):
        return {name: _field(name, item, depth) for name, item in shown_fields(value).items()}
    return as_text(value)


def _annotations(dataclass: type) -> dict[str, object]:
    if issubclass(dataclass, Record):  # as in its repr
        return {name: hint for name, hint in dataclass.__annotations__.items() if not name.startswith("_")}
    return {field.name: field.type for field in fields(cast("Any", dataclass))}


def _hints(dataclass: type) -> dict[str, object]:
    written = _annotations(dataclass)
    try:
        hints = get_type_hints(dataclass, include_extras=True)
    except Exception:  # noqa: BLE001 - names a type checker alone can see: what is written has to do
        hints = written
    return {name: hints[name] for name in written}


def _is_marked(hint: object) -> bool:
    """Whether Secret[…] stands anywhere in this annotation; not what the fields of another dataclass in it say."""
    if isinstance(hint, str):
        return "Secret[" in hint
    if any(mark is _MARK for mark in getattr(hint, "__metadata__", ())):
        return True
    return any(_is_marked(part) for part in get_args(hint) if not isinstance(part, str))


def _named(mapping: Mapping[object, object]) -> Iterator[tuple[str, object]]:
    return ((key if type(key) is str else as_text(key), item) for key, item in mapping.items())


def _field(name: str, value: object, depth: int) -> Any:
    if is_secret(name) and value is not None and not isinstance(value, bool):
        return REDACTED
    return value if type(value) is str else _copy(value, depth - 1)
