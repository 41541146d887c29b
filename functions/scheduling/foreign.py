"""What other schedulers understand and AWS does not: for each, the reason and the nearest thing that works here."""

from __future__ import annotations

import re

from functions.errors import InvalidSchedule
from functions.scheduling.quoted import quoted
from functions.text import Text

# Texts: compiled on the way to an error only.
_TIME_ZONE = r"(?:CRON_)?TZ=(\S*)\s*(.*)"
_EVERY = r"@every\s+(\d{1,5})(s|m|h|d)"
_UNITS = {"m": "minute", "h": "hour", "d": "day"}


def refuse_time_zone_prefix(text: str) -> None:
    """Raises InvalidSchedule for `CRON_TZ=Europe/Prague 0 9 * * *`."""
    match = re.match(_TIME_ZONE, text, re.IGNORECASE | re.DOTALL) if "=" in text else None
    if match:
        zone, rest = match[1] or "Europe/Prague", match[2] or "0 9 * * *"
        raise InvalidSchedule(
            Text(
                "the time zone is an option of its own here, not part of the expression; write "
                "schedule=%(rest)s, timezone=%(zone)s",
                rest=quoted(rest),
                zone=quoted(zone),
            )
        )


def refuse_macro(text: str) -> None:
    """Raises InvalidSchedule for `@reboot` and `@every 5m`, each with its own reason; others are the caller's."""
    if text.lower().startswith("@every"):
        raise InvalidSchedule(Text("@every is Go's cron, AWS has none; write %(rate_for)s", rate_for=_rate_for(text)))
    if text.lower() == "@reboot":
        raise InvalidSchedule(
            Text(
                "@reboot needs a machine that starts, and a Lambda function has none; use schedule=None and "
                "trigger the job by hand or after a deploy"
            )
        )


def explain_word(word: str) -> str | None:
    """The reason an upper-case word of a field is refused where another scheduler would take it; None otherwise."""
    if "~" in word:
        return Text(
            "%(word)s is a random range (OpenBSD, cronie), and AWS fires at fixed times; write one number "
            "and use the jitter option to spread executions",
            word=quoted(word),
        )
    if word == "H" or word.startswith(("H/", "H(")):
        return Text(
            "%(word)s is a hashed value (Jenkins, croniter), and AWS needs a fixed one; write a number of "
            "your choice, or use the jitter option to spread executions",
            word=repr(word[0]),
        )
    if word == "R" or word.startswith(("R/", "R(")):
        return Text(
            "%(word)s is a random value (croniter), and AWS fires at fixed times; write one number and use "
            "the jitter option to spread executions",
            word=repr(word[0]),
        )
    if "?" in word:
        return Text("'?' stands alone, and only in a day field (day-of-month or day-of-week); write * here")
    return None


def _rate_for(text: str) -> str:
    match = re.fullmatch(_EVERY, text, re.IGNORECASE | re.ASCII)
    if not match:
        return Text("rate(5 minutes), with minutes, hours or days")
    count, unit = int(match[1]), match[2].lower()
    if unit == "s":
        count, unit = max(1, round(count / 60)), "m"
    return f"rate({count} {_UNITS[unit]}{'' if count == 1 else 's'})"
