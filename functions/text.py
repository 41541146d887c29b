"""A sentence that remembers what it was made of, so that whoever shows it can say it in another language."""

from __future__ import annotations

from collections.abc import Iterable


def N_(message: str) -> str:
    """The message itself: it stands here as data, and is translated where it is shown."""
    return message


class Text(str):
    """The sentence in English; `message` with `values` put in (%(name)s), which may be such sentences themselves.

    To everybody else it is a str like any other. Messages are literal at the call: scripts/messages finds them there.
    """

    __slots__ = ("message", "plural", "values")
    message: str
    plural: str | None
    values: dict[str, object]

    @property
    def number(self) -> int:
        """How many, where that decides between message and plural."""
        return int(str(self.values["number"]))

    def __new__(cls, message: str, /, **values: object) -> Text:
        """The message with its values; a percent sign in one that has values is written %%."""
        return cls._made(message % values if values else message, message, None, values)

    @classmethod
    def _made(cls, said: str, message: str, plural: str | None, values: dict[str, object]) -> Text:
        made = super().__new__(cls, said)
        made.message, made.plural, made.values = message, plural, values
        return made


def counted(message: str, plural: str, /, *, number: int, **values: object) -> Text:
    """One of two messages, by how many there are: %(number)s."""
    held = {"number": number, **values}
    return Text._made((message if number == 1 else plural) % held, message, plural, held)


def joined(separator: str, parts: Iterable[str]) -> Text:
    """Sentences one after another, each of which keeps what it was made of; the separator is no word."""
    values: dict[str, object] = {f"part{number}": part for number, part in enumerate(parts)}
    between = separator.replace("%", "%%")
    return Text(between.join(f"%({name})s" for name in values), **values)


def said_by(error: BaseException) -> str:
    """What an error says, with what it was made of where it has kept that."""
    first = error.args[0] if error.args else None
    return first if isinstance(first, Text) else str(error)
