"""Frozen values with named fields, made without generating code: what every cold start imports is made of them."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn, Self, dataclass_transform


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Record:
    """Base of a class whose annotations are its fields, given by keyword; a value in the class is a field's default.

    Frozen; equal to another of the same class with equal fields; hashable when they are. Its repr leaves out fields
    that begin with an underscore. A dataclass does as much, and compiles its methods at each import: docs/adr/0023.
    """

    _fields: ClassVar[tuple[str, ...]]
    _required: ClassVar[frozenset[str]]

    def __init_subclass__(cls) -> None:
        """Read the fields off the class; a Record has no ClassVar and no Record below it."""
        cls._fields = tuple(cls.__annotations__)
        cls._required = frozenset(cls._fields).difference(vars(cls))

    def __init__(self, **values: Any) -> None:
        """Raise TypeError for a field too many or too few, and whatever __post_init__ raises."""
        if wrong := values.keys() - self._fields or self._required - values.keys():
            raise TypeError(f"{type(self).__name__}({', '.join(sorted(wrong))}): no such field, or no value for it")
        vars(self).update(values)
        self.__post_init__()

    def __post_init__(self) -> None:
        """Check what was given; nothing to check here."""

    def _replace(self, **changes: Any) -> Self:
        """Another one with these fields changed, checked like any other."""
        return type(self)(**vars(self) | changes)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self._fields if not name.startswith("_"))
        return f"{type(self).__name__}({', '.join(shown)})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be changed: make another one with _replace()")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be deleted: make another one with _replace()")

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self._fields)
