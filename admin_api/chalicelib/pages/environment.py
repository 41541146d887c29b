"""What templates may use: translations, icons, pictures, times, durations, numbers, statuses.

Imported with the first page: Jinja2 and Babel take 0.2 s that a request of the API must not wait for.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from babel import dates, numbers
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from chalicelib.pages import durations, pictures, sentences, words
from chalicelib.pages.assets import FOLDER, digest
from chalicelib.pages.catalogue import translations
from chalicelib.pages.statuses import STATES, STATUSES
from chalicelib.pages.visit import Visit
from functions.db.executions import ListedExecution
from functions.db.sparks import Spark
from functions.scheduling.cron import Schedule
from functions.scheduling.describe import LANGUAGES as DESCRIBED

_TABLES = {
    "actions": words.ACTIONS, "permission_texts": words.PERMISSIONS, "drifts": words.DRIFTS, "step_names": words.STEPS,
    "resources": words.RESOURCES, "refusals": words.REFUSALS,
}  # fmt: skip


@cache
def environment(language: str) -> Environment:
    """The templates in this language."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    said = translations(language).gettext
    made.globals |= {
        "states": tuple(words.STATES),
        "icon": lambda name, _visit, label="": _icon(name, label),
        "spark": pictures.spark,
        "chart": lambda executions, visit, scale: _chart(executions, visit, scale),
        "said": lambda sparks: _said(sparks, language),
        "digest": digest,
        "STATUSES": STATUSES,
        "STATES": STATES,
        "CAUSES": tuple(words.CAUSES),
        "done": {code: said(text) for code, text in words.DONE.items()},
        "reason": lambda error, detail="": sentences.refusal(error, detail or str(error), language),
        **{name: {code: said(text) for code, text in table.items()} for name, table in _TABLES.items()},
        "strip": pictures.strip,
        "ticks": pictures.ticks,
        "titles": {status: said(text) for status, text in words.PROBLEMS.items()},
    }
    made.filters |= {
        "when": lambda at, visit, zone=None: _when(at, visit, zone),
        "ago": lambda at, visit: _ago(at, visit),
        "clock_time": lambda local: f"{local:%H:%M}",
        "json_text": lambda value: json.dumps(value, indent=2, ensure_ascii=False),
        "until": lambda at, visit: _relative(_rounded((at - visit.now).total_seconds()), language),
        "field_time": lambda at, visit: f"{at.astimezone(visit.zone):%Y-%m-%dT%H:%M}",
        "day": lambda local: _day(local.replace(tzinfo=None), language),
        "clock": lambda at, visit: dates.format_time(at.astimezone(visit.zone), "HH:mm:ss", locale=visit.language),
        "clock_of": lambda at, visit, form: _clock_of(at, visit, form),
        "took": lambda seconds: _took(seconds, language),
        "json": lambda value: json.dumps(value, indent=2, ensure_ascii=False),
        "state_name": lambda state: said(words.STATES[state]),
        "sentence": lambda sentence: sentences.say(sentence, language),
        "recorded": lambda sentence: sentences.recorded(sentence, language),
        "backend_name": lambda backend: said(words.BACKENDS[backend]),
        "role_text": lambda role: (
            said(role.description) if role.is_builtin and role.description in words.ROLES else role.description or ""
        ),
        "advice": lambda state: said(words.ADVICE[state]),
        "cause_name": lambda cause: said(words.CAUSES.get(cause, cause)),
        "status_badge": lambda status, _visit: _status_badge(status, language),
        "state_badge": lambda state, _visit: _state_badge(state, language),
        "schedule_text": lambda job: _schedule_text(job.schedule, job.timezone, language),
        "schedule_words": lambda schedule: _described(schedule, language),
        "status_name": lambda status: said(words.STATUSES.get(status, status)),
        "as_json": lambda value: json.dumps(value, ensure_ascii=False, indent=2),
        "number": lambda value: _number(value, language),
        "percent": lambda value: numbers.format_percent(value, format="#,##0.#%", locale=language),
    }
    return made


@lru_cache(maxsize=10_000)
def _schedule_text(schedule: str, timezone: str, language: str) -> str:
    return _described(Schedule.parse(schedule, timezone), language)


def _described(schedule: Schedule, language: str) -> str:
    return schedule.describe(language) if language in DESCRIBED else sentences.say(schedule.describe("en"), language)


def _said(sparks: Sequence[Spark], language: str) -> str:
    """What the strip of executions shows, in words."""
    counts = Counter(each.status for each in sparks)
    said = translations(language)
    parts = [f"{count} {said.gettext(words.STATUSES[status])}" for status, count in counts.most_common()]
    return said.ngettext("the last run: %(list)s", "the last %(number)d runs: %(list)s", len(sparks)) % {
        "number": len(sparks), "list": ", ".join(parts),
    }  # fmt: skip


def _chart(executions: Sequence[ListedExecution], visit: Visit, scale: str) -> Markup:
    """How long each of these took, oldest first."""
    language, said = visit.language, translations(visit.language)
    ends = [_short(each.scheduled_at.astimezone(visit.zone).replace(tzinfo=None, second=0, microsecond=0), language)
            for each in executions]  # fmt: skip
    points = [
        durations.Point(each.status, each.duration_ms, " · ".join((
            at, said.gettext(words.STATUSES.get(each.status, each.status)),
            *([] if each.duration_ms is None else [_took(each.duration_ms / 1000, language)]),
        )))
        for at, each in zip(ends, executions, strict=True)
    ]  # fmt: skip
    sparks = [Spark(each.status, each.duration_ms) for each in executions]
    return durations.chart(
        points, label=_said(sparks, language), scale=scale, took=lambda seconds: _took(seconds, language),
        first=ends[0], last=ends[-1],
    )  # fmt: skip


@lru_cache(maxsize=1_000)
def _icon(name: str, label: str = "") -> Markup:
    """An icon of those in the page (icons.svg); with a label it says that, without it is an ornament."""
    said = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg {}><use href="#i-{}"/></svg>').format(said, name)


@lru_cache(maxsize=1_000)
def _status_badge(status: str, language: str) -> Markup:
    tone, sign = STATUSES.get(status, ("idle", "question"))
    said = translations(language).gettext(words.STATUSES.get(status, status))
    return Markup('<span class="badge {}">{} {}</span>').format(tone, _icon(sign), said)


@lru_cache(maxsize=1_000)
def _state_badge(state: str, language: str) -> Markup:
    """On hover what to do, where there is anything; where there is room for it, pages say that beside the badge."""
    tone, sign = STATES[state]
    said = translations(language).gettext
    title = "" if state == "enabled" else Markup(' title="{}"').format(said(words.ADVICE[state]))
    return Markup('<span class="badge {}"{}>{} {}</span>').format(tone, title, _icon(sign), said(words.STATES[state]))


def _when(at: datetime, visit: Visit, zone: str | None = None) -> Markup:
    """An instant in the visitor's zone; on hover in UTC, and in the job's zone."""
    local = at.astimezone(visit.zone)
    is_today = local.date() == visit.now.astimezone(visit.zone).date()
    said = f"{local:%H:%M:%S}" if is_today else _short(local.replace(tzinfo=None, second=0), visit.language)
    return _time(at, said, zone)


def _number(value: float, language: str) -> str:
    # Small ones are the same everywhere, and most of what a page shows.
    return str(value) if type(value) is int and 0 <= value < 1000 else numbers.format_decimal(value, locale=language)


def _clock_of(at: datetime, visit: Visit, form: str) -> str:
    """An instant as a picture names it: by the viewer's clock, or as the `day` (UTC) it begins."""
    return _date(at.date(), visit.language) if form == "day" else at.astimezone(visit.zone).strftime("%H:%M")


@lru_cache(maxsize=1000)
def _date(day: date, language: str) -> str:
    return dates.format_skeleton("MMMd", day, locale=language)


def _ago(at: datetime, visit: Visit) -> Markup:
    """How long ago, or in how long; on hover when."""
    return _time(at, _relative(_rounded((at - visit.now).total_seconds()), visit.language))


@lru_cache(maxsize=10_000)
def _short(local: datetime, language: str) -> str:
    """The day and the time of day; the year is on hover."""
    return f"{dates.format_skeleton('MMMd', local, locale=language)} {local:%H:%M}"


@lru_cache(maxsize=10_000)
def _day(local: datetime, language: str) -> str:
    """Weekday, date and time of day; naive, since aware ones of two zones are equal at one instant, and kept as one."""
    day = dates.format_skeleton("yMMMEd", local, locale=language)
    return f"{day}, {local:%H:%M}" + (f":{local:%S}" if local.second else "")


@lru_cache(maxsize=10_000)
def _relative(seconds: int, language: str) -> str:
    return dates.format_timedelta(timedelta(seconds=seconds), add_direction=True, locale=language)


def _rounded(seconds: float) -> int:
    """As exactly as it is said, so that few of them are worded anew."""
    step = 1 if abs(seconds) < 60 else 30 if abs(seconds) < 3600 else 900
    return round(seconds / step) * step


def _time(at: datetime, said: str, zone: str | None = None) -> Markup:
    absolute = f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    if zone is not None and zone != "UTC":
        absolute += f" · {at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S} {zone}"
    # No datetime, which would say it once more. Numbers, words of ours and a zone that is one: nothing to escape.
    return Markup(f'<time title="{absolute}">{said}</time>')  # noqa: S704


@lru_cache(maxsize=10_000)
def _took(seconds: float, language: str) -> str:
    if seconds < 1:
        return f"{numbers.format_decimal(round(seconds * 1000), locale=language)} ms"
    if seconds < 60:
        return f"{numbers.format_decimal(round(seconds, 1), locale=language)} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
