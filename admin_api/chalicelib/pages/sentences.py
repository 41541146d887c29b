"""What services say, and what was written down of it, in the visitor's language."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from babel import numbers

from chalicelib.pages import words
from chalicelib.pages.catalogue import translations
from functions.errors import JobsError
from functions.text import Text, said_by

_VALUE = re.compile(r"%\((\w+)\)s")


def say(sentence: str, language: str) -> str:
    """A sentence, and every one in it, in this language; a str that is no Text is a value, and stays as it is."""
    if not isinstance(sentence, Text):
        return sentence
    said = translations(language)
    if sentence.plural is None:
        message = said.gettext(sentence.message)
    else:
        message = said.ngettext(sentence.message, sentence.plural, sentence.number)
    values = {name: _value(each, language) for name, each in sentence.values.items()}
    return message % values if values else message


def refusal(error: Exception, detail: str, language: str) -> str:
    """Why something was refused; detail: what is said of an error that is none of ours."""
    code = error.code if isinstance(error, JobsError) else ""
    if code in words.REFUSALS:
        return translations(language).gettext(words.REFUSALS[code])
    return say(said_by(error), language) if code else detail


def recorded(sentence: str, language: str) -> str:
    """A sentence that was written down in English, as far as it is one of ours; a job's own stays as it is."""
    return say(_recognised(sentence), language)


@lru_cache(maxsize=1_000)
def _recognised(sentence: str) -> str:
    for message, pattern in _patterns().items():
        found = pattern.fullmatch(sentence)
        if found:
            return Text(message, **{name: _recognised(value) for name, value in found.groupdict().items()})
    return sentence


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    return {message: re.compile(_as_pattern(message), re.DOTALL) for message in words.RECORDED}


def _as_pattern(message: str) -> str:
    """What the message is with any values."""
    parts = _VALUE.split(message)
    return "".join(f"(?P<{part}>.+?)" if number % 2 else re.escape(part) for number, part in enumerate(parts))


def _value(value: object, language: str) -> object:
    if isinstance(value, str):
        return say(value, language)
    return numbers.format_decimal(value, locale=language) if isinstance(value, int) and language != "en" else value
