"""What templates may use: translations, icons, pictures, times, durations, numbers, statuses.

Imported with the first page: Jinja2 and Babel take 0.2 s that a request of the API must not wait for.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache, lru_cache

from babel import dates, numbers
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from chalicelib.pages import pictures, words
from chalicelib.pages.assets import FOLDER, digest
from chalicelib.pages.catalogue import translations
from chalicelib.pages.statuses import STATUSES
from chalicelib.pages.visit import Visit
from functions.db.sparks import Spark
from functions.scheduling.cron import Schedule

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
        "icon": _icon,
        "spark": pictures.spark,
        "said": lambda sparks: _said(sparks, language),
        "digest": digest,
        "STATUSES": STATUSES,
        "done": {code: said(text) for code, text in words.DONE.items()},
        "reason": lambda error: (
            said(words.REFUSALS[error.code]) if error.code in words.REFUSALS else getattr(error, "detail", str(error))
        ),
        **{name: {code: said(text) for code, text in table.items()} for name, table in _TABLES.items()},
        "strip": pictures.strip,
        "ticks": pictures.ticks,
        "titles": {status: said(text) for status, text in words.PROBLEMS.items()},
    }
    made.filters |= {
        "when": lambda at, visit: _when(at, visit),
        "ago": lambda at, visit: _ago(at, visit),
        "clock": lambda at, visit: dates.format_time(at.astimezone(visit.zone), "HH:mm:ss", locale=visit.language),
        "clock_of": lambda at, visit, form: _clock_of(at, visit, form),
        "took": lambda seconds: _took(seconds, language),
        "json": lambda value: json.dumps(value, indent=2, ensure_ascii=False),
        "state_name": lambda state: said(words.STATES[state]),
        "schedule_text": lambda job: _schedule_text(job.schedule, job.timezone, language),
        "status_name": lambda status: said(words.STATUSES.get(status, status)),
        "number": lambda value: _number(value, language),
        "percent": lambda value: numbers.format_percent(value, format="#,##0.#%", locale=language),
    }
    return made


@lru_cache(maxsize=10_000)
def _schedule_text(schedule: str, timezone: str, language: str) -> str:
    return Schedule.parse(schedule, timezone).describe(language)


def _said(sparks: Sequence[Spark], language: str) -> str:
    """What the strip of executions shows, in words."""
    counts = Counter(each.status for each in sparks)
    said = translations(language)
    parts = [f"{count} {said.gettext(words.STATUSES[status])}" for status, count in counts.most_common()]
    return said.ngettext("the last run: %(list)s", "the last %(number)d runs: %(list)s", len(sparks)) % {
        "number": len(sparks), "list": ", ".join(parts),
    }  # fmt: skip


def _icon(name: str, visit: Visit, label: str = "") -> Markup:
    """An icon of the sprite; with a label it says that, without it is an ornament."""
    target = visit.link("/static/icons.svg", v=digest("icons.svg"))
    said = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="icon" {}><use href="{}#{}"></use></svg>').format(said, target, name)


def _when(at: datetime, visit: Visit) -> Markup:
    """An instant in the visitor's zone; on hover in UTC."""
    local = at.astimezone(visit.zone)
    is_today = local.date() == visit.now.astimezone(visit.zone).date()
    said = (
        dates.format_time(local, "HH:mm:ss", locale=visit.language)
        if is_today
        else dates.format_datetime(local, "short", locale=visit.language)
    )
    return _time(at, said)


def _number(value: float, language: str) -> str:
    # Small ones are the same everywhere, and most of what a page shows.
    return str(value) if type(value) is int and 0 <= value < 1000 else numbers.format_decimal(value, locale=language)


def _clock_of(at: datetime, visit: Visit, form: str) -> str:
    """An instant as a picture names it: by the viewer's clock, or as the `day` (UTC) it begins."""
    return _day(at.date(), visit.language) if form == "day" else at.astimezone(visit.zone).strftime("%H:%M")


@lru_cache(maxsize=1000)
def _day(day: date, language: str) -> str:
    return dates.format_skeleton("MMMd", day, locale=language)


def _ago(at: datetime, visit: Visit) -> Markup:
    """How long ago, or in how long; on hover when."""
    return _time(at, dates.format_timedelta(at - visit.now, add_direction=True, locale=visit.language))


def _time(at: datetime, said: str) -> Markup:
    absolute = at.isoformat(timespec="seconds")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(absolute, absolute, said)


def _took(seconds: float, language: str) -> str:
    if seconds < 1:
        return f"{numbers.format_decimal(round(seconds * 1000), locale=language)} ms"
    if seconds < 60:
        return f"{numbers.format_decimal(round(seconds, 1), locale=language)} s"
    return str(timedelta(seconds=round(seconds)))
