"""Which methods there are at a path: what a request that no endpoint is for is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping

CATCH_ALL = ("/", "/{proxy+}")


def methods_at(path: str, routes: Mapping[str, Collection[str]]) -> set[str]:
    """The methods of this path among an app's routes, by pattern; none where nothing is but what takes all the rest."""
    if path in routes.keys() - set(CATCH_ALL):  # and what a parameter there could be, another resource answers
        return set(routes[path])
    return {method for pattern, methods in routes.items() if _matches(pattern, path) for method in methods}


def _matches(pattern: str, path: str) -> bool:
    """Whether this path is one of a route's: a parameter is one segment."""
    wanted, given = pattern.split("/"), path.split("/")
    if pattern == "/" or pattern.endswith("+}") or len(wanted) != len(given):
        return False
    pairs = zip(wanted, given, strict=True)
    return all(part == segment or (part.startswith("{") and segment != "") for part, segment in pairs)
