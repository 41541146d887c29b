"""A language that marks what it translates, and what of a page is in none: neither translated nor data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from infra import messages

# Babel must know it, for its dates; the words are English, each message in marks and each value in it out of them.
LANGUAGE = "de"
_VALUE = re.compile(r"%\(\w+\)[sd]")
_WORD = re.compile(r"[^\W\d_]{2,}")
_SAID_IN = ("title", "aria-label", "placeholder", "alt", "data-said")
_EMPTY = frozenset(("meta", "link", "input", "br", "hr", "img", "use", "source", "wbr", "path", "circle", "rect"))
# What is in these is data or a machine's: times (Babel's), code and names, what somebody typed, logs, keys.
_DATA = frozenset(("time", "code", "pre", "kbd", "textarea", "script", "style"))


def write_catalogue(locales: Path) -> None:
    """Every message there is, marked: one that scripts/messages does not find comes out bare."""
    catalogue = Catalog(locale=LANGUAGE)
    for message in messages.said():
        if isinstance(message, str):
            catalogue.add(message, _open(message))
        else:
            catalogue.add(message, tuple(map(_open, message)))
    file = locales / LANGUAGE / "messages.po"
    file.parent.mkdir(parents=True)
    with file.open("wb") as target:
        write_po(target, catalogue)


def bare(page: str, data: re.Pattern[str]) -> list[str]:
    """What the page says in words that are neither marked nor in `data`, with the elements around it."""
    reader = _Reader(data)
    reader.feed(page)
    reader.close()
    return reader.found


class _Reader(HTMLParser):
    def __init__(self, data: re.Pattern[str]) -> None:
        super().__init__()
        self.found: list[str] = []
        self._data = data
        self._around: list[tuple[str, bool]] = []
        self._marks: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        for name in _SAID_IN if tag != "time" else ():
            self._judge(_outside(named.get(name) or "", []), f"{tag} {name}")
        if tag not in _EMPTY:
            is_data = tag in _DATA or "data-theirs" in named
            self._around.append((tag, is_data or self._is_data))

    def handle_endtag(self, tag: str) -> None:
        while self._around and self._around.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        said = list(_outside(data, self._marks))
        if not self._is_data:
            self._judge(said, "/".join(name for name, _ in self._around[-3:]))

    @property
    def _is_data(self) -> bool:
        return bool(self._around) and self._around[-1][1]

    def _judge(self, parts: Any, where: str) -> None:
        for part in parts:
            if _WORD.search(self._data.sub(" ", part)):
                self.found.append(f"{where}: {part.strip()}")


def _outside(text: str, marks: list[str]) -> Iterator[str]:
    """The parts of a text that no message says; `marks`: those that are open, also from one text to the next."""
    for part in re.split("([⟦⟧⟨⟩])", text):
        if part in ("⟦", "⟨"):
            marks.append(part)
        elif part in ("⟧", "⟩"):
            marks.pop()
        elif not marks or marks[-1] == "⟨":
            yield part


def _open(message: str) -> str:
    return _marked(_VALUE.sub(r"⟨\g<0>⟩", message))


def _marked(said: str) -> str:
    return f"⟦{said}⟧"
