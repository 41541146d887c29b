"""Every page there is: who looks at it, and where it is in the story."""

from __future__ import annotations

from dataclasses import dataclass

from tests.browser.history import Story


@dataclass(frozen=True)
class PageOfOurs:
    """A path, in which {names} are of the story; `expected`: the status it is answered with if that is a refusal."""

    path: str
    reader: str | None = "ada"
    expected: tuple[int, ...] = ()


PAGES = {
    "login": PageOfOurs("/admin/login", reader=None),
    "jobs": PageOfOurs("/admin/jobs"),
    "job": PageOfOurs("/admin/jobs/import-prices"),
    "pause": PageOfOurs("/admin/jobs/cache-warmup/pause"),
    "trigger": PageOfOurs("/admin/jobs/cache-warmup/trigger"),
    "delete": PageOfOurs("/admin/jobs/cache-warmup/delete"),
    "nothing there": PageOfOurs("/admin/nothing/there", expected=(404,)),
}


def path_of(name: str, story: Story) -> str:
    """Where it is in this story."""
    return PAGES[name].path.format_map(vars(story))
