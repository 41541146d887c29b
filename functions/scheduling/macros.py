"""The macros of standard cron and the five fields each one stands for."""

from __future__ import annotations

from functions.errors import InvalidSchedule
from functions.scheduling import foreign
from functions.scheduling.quoted import quoted
from functions.text import Text

MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


def expand(text: str) -> str:
    """The five fields of a macro. Raises InvalidSchedule naming the macros there are."""
    fields = MACROS.get(text.lower())
    if fields is None:
        foreign.refuse_macro(text)
        raise InvalidSchedule(
            Text("there is no macro %(text)s; use one of %(names)s", text=quoted(text), names=", ".join(MACROS))
        )
    return fields
