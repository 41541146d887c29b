"""Which resource of a REST API a request belongs to, chosen as API Gateway chooses it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from infra.chalice_app import load_app

Routes = Iterable[tuple[str, Iterable[str]]]


@dataclass(frozen=True, kw_only=True)
class Match:
    """A resource and what its path parameters are; their values as sent, still percent-encoded."""

    resource: str
    parameters: dict[str, str]


class RouteTable:
    """Resources with their methods; ANY is every method.

    Path and method are matched together, the most specific resource first: a literal segment before `{name}` before
    `{name+}`. A resource without the method does not hide a less specific one that has it. A slash at the end is
    ignored; `{name+}` needs at least one segment. (Measured on REST APIs by others: floci#3399, ministack#1423.)
    """

    def __init__(self, routes: Routes) -> None:
        table = [(path, frozenset(methods)) for path, methods in routes]
        self._routes = sorted(table, key=lambda route: [_rank(part) for part in _parts(route[0])])

    def match(self, method: str, path: str) -> Match | None:
        """The resource for this method and raw path; None when API Gateway would know none."""
        given = _parts(path.rstrip("/") or "/")
        for resource, methods in self._routes:
            parameters = _bind(_parts(resource), given)
            if parameters is not None and not methods.isdisjoint({method, "ANY"}):
                return Match(resource=resource, parameters=parameters)
        return None


def admin_api_routes(project: Path) -> list[tuple[str, tuple[str, ...]]]:
    """Each path of the admin API with its methods, read from the Chalice app of this checkout."""
    return [(path, tuple(methods)) for path, methods in load_app(project).routes.items()]


def _parts(path: str) -> list[str]:
    return path.split("/")[1:]


def _rank(part: str) -> int:
    if not part.startswith("{"):
        return 0
    return 2 if part.endswith("+}") else 1


def _bind(wanted: list[str], given: list[str]) -> dict[str, str] | None:
    parameters: dict[str, str] = {}
    for position, part in enumerate(wanted):
        rest = given[position:]
        if not rest:
            return None
        if _rank(part) == 2 and rest[0]:
            return {**parameters, part[1:-2]: "/".join(rest)}
        if _rank(part) == 1 and rest[0]:
            parameters[part[1:-1]] = rest[0]
        elif part != rest[0]:
            return None
    return parameters if len(wanted) == len(given) else None
