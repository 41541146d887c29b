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
    "overview": PageOfOurs("/admin/"),
    "jobs": PageOfOurs("/admin/jobs"),
    "job": PageOfOurs("/admin/jobs/import-prices"),
    "job by hand": PageOfOurs("/admin/jobs/send-email"),
    "aws": PageOfOurs("/admin/aws"),
    "pause": PageOfOurs("/admin/jobs/cache-warmup/pause"),
    "delete": PageOfOurs("/admin/jobs/cache-warmup/delete"),
    "restore": PageOfOurs("/admin/restore"),
    "executions": PageOfOurs("/admin/executions"),
    "execution": PageOfOurs("/admin/executions/{failed}"),
    "running execution": PageOfOurs("/admin/executions/{running}"),
    "cancel": PageOfOurs("/admin/executions/{running}/cancel"),
    "retry": PageOfOurs("/admin/executions/{failed}/retry"),
    "reschedule": PageOfOurs("/admin/executions/{scheduled}/reschedule"),
    "retry many": PageOfOurs("/admin/executions/retry?status=failed"),
    "one-time": PageOfOurs("/admin/one-time"),
    "enqueue": PageOfOurs("/admin/one-time/new?job=send-email"),
    "schedule": PageOfOurs("/admin/schedule?expression=30+2+*+*+*&zone=Europe%2FPrague"),
    "plan": PageOfOurs("/admin/plan"),
    "audit": PageOfOurs("/admin/audit"),
    "users": PageOfOurs("/admin/users"),
    "user": PageOfOurs("/admin/users/new"),
    "roles": PageOfOurs("/admin/roles"),
    "role": PageOfOurs("/admin/roles/operator"),
    "account": PageOfOurs("/admin/account"),
    "nothing there": PageOfOurs("/admin/nothing/there", expected=(404,)),
    "not permitted": PageOfOurs("/admin/audit", reader="vera", expected=(403,)),
}


def path_of(name: str, story: Story) -> str:
    """Where it is in this story."""
    return PAGES[name].path.format_map(vars(story))
